import type { Block, Chain } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'

/** One look of a validator at a subnet: what was committed when that block ended is judged. */
export interface Look {
  block: number
}

/**
 * Blocks between a look and the draw. The seed is the hash of the first block after them: it comes after every commitment that is judged, so that nobody knew it when
 * it was made, and after the look, so that nobody who does not like his draw can commit again before he is judged by it. In so many blocks a chain does not turn back.
 */
export const drawDelayBlocks = 2

/** The block whose hash seeds the draws of a look; waits until it is there. @throws the signal's reason */
export async function drawBlock(chain: Pick<Chain, 'block' | 'onBlock'>, { block }: Look, signal: AbortSignal): Promise<Block> {
  const number = block + drawDelayBlocks + 1
  // Asked for first: what comes between is not missed.
  const stop = new AbortController()
  const blocks = chain.onBlock(AbortSignal.any([signal, stop.signal]))[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = blocks.next()
      next.catch(() => undefined)
      if ((await chain.block()).number >= number) return await chain.block(number)
      if ((await next).done) break
    }
  } finally {
    stop.abort()
  }
  signal.throwIfAborted()
  throw new OrreryError('upstream_failed', `The chain gave no more blocks before ${number}, whose hash the draw needs; start the validator again.`, { number })
}
