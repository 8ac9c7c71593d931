import { Readable } from 'node:stream'
import type { TokenBlocks } from './token-blocks.ts'

/** What all streams together may hold of blocks that are not sent yet, bytes; and blocks that one reads while those before them are sent. */
const [heldBytesMax, aheadMax] = [512 * 2 ** 20, 4]
/** What a stream holds at least: the block that it sends, the one behind it, and what is on its way. */
const heldLeast = 3

/** How many streams there may be of such blocks. */
export const streamsOf = (blockBytes: number, most: number): number => Math.max(8, Math.min(most, Math.floor(heldBytesMax / (heldLeast * blockBytes))))

/** How many blocks each of so many streams may read ahead. */
export const readAheadOf = (streams: number, blockBytes: number): number =>
  Math.max(0, Math.min(aheadMax, Math.floor(heldBytesMax / (streams * blockBytes)) - heldLeast))

/**
 * Blocks of the format `orrery`, one behind the other in the order of `batches`, as fast as they are taken.
 * It fails as `TokenBlocks.block` does: whoever reads it sees the stream break off, never a block that is wrong.
 * @param readAhead asked before each block: streams come and go
 */
export function blockStream(blocks: Pick<TokenBlocks, 'block'>, batches: Iterable<number>, readAhead: () => number = () => aheadMax): Readable {
  return Readable.from(frames(blocks, batches, readAhead), { objectMode: false, highWaterMark: 2 ** 20 })
}

async function* frames(blocks: Pick<TokenBlocks, 'block'>, batches: Iterable<number>, readAhead: () => number): AsyncGenerator<Uint8Array> {
  const ahead: Promise<Uint8Array>[] = []
  for (const batch of batches) {
    const reading = blocks.block(batch).then(({ framed }) => framed)
    // It is awaited when its turn comes.
    reading.catch(() => undefined)
    ahead.push(reading)
    while (ahead.length > readAhead()) yield await (ahead.shift() as Promise<Uint8Array>)
  }
  for (const frame of ahead) yield await frame
}
