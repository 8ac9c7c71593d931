import type { Block } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Head, Node } from './node.ts'
import type { Nodes } from './nodes.ts'
import { runtimeAt } from './runtime-at.ts'

export interface Blocks {
  head(): Promise<Head>
  at(number?: number): Promise<Block>
  follow(signal: AbortSignal): AsyncIterable<Block>
}

/** Blocks whose hash and time are kept: what a walk along the chain asks again. */
const keptMax = 512

export function chainBlocks(nodes: Nodes, clock: Clock): Blocks {
  const kept = new Map<number, Block>()
  const head = () => nodes.ask('its newest block', async (node) => node.head())
  const at = (number?: number) =>
    nodes.ask(`block ${number ?? 'of its head'}`, async (node) => {
      const newest = node.head()
      const wanted = number ?? newest.number
      if (!Number.isSafeInteger(wanted) || wanted < 0) throw new OrreryError('invalid_argument', `${wanted} is no number of a block.`, { block: wanted })
      if (wanted > newest.number) throw noBlock(wanted, newest.number)
      const known = kept.get(wanted)
      if (known) return known
      const hash = wanted === newest.number ? newest.hash : await node.send<string | null>('chain_getBlockHash', [wanted])
      if (hash === null || /^0x0+$/.test(hash)) throw noBlock(wanted, newest.number)
      const block = { number: wanted, hash, timestamp: wanted === 0 ? 0 : await timeOf(node, hash) }
      keep(kept, block)
      return block
    })
  return { head, at, follow: (signal) => follow({ head, at, clock }, signal) }
}

const noBlock = (block: number, head: number): OrreryError =>
  new OrreryError('not_found', `The chain has no block ${block}; it is at ${head}.`, { block, head })

function keep(kept: Map<number, Block>, block: Block): void {
  kept.set(block.number, block)
  if (kept.size > keptMax) for (const oldest of kept.keys()) return void kept.delete(oldest)
}

/** By the state, or, where that is gone, by the call that set it: the first of each block. */
async function timeOf(node: Node, hash: string): Promise<number> {
  try {
    const runtime = await runtimeAt(node, hash)
    return Number((await runtime.value('timestamp', 'now'))?.toString() ?? 0)
  } catch (error) {
    if (!(error instanceof OrreryError && error.code === 'not_found')) throw error
    const found = await node.send<{ block: { extrinsics: string[] } } | null>('chain_getBlock', [hash])
    const time = timeSetBy(Buffer.from(found?.block.extrinsics[0]?.slice(2) ?? '', 'hex'))
    if (time === undefined) throw error
    return time
  }
}

/** `timestamp.set(Compact<u64>)`: its length, version, pallet and call come before; undefined: it is none, as where the block itself is gone. */
function timeSetBy(call: Buffer): number | undefined {
  const lengthBytes = [1, 2, 4, 0][(call[0] ?? 3) & 3] ?? 0
  const moment = call.subarray(lengthBytes + 3)
  const head = moment[0] ?? 0
  const bytes = (head >> 2) + 4
  return (head & 3) === 3 && bytes <= 6 && moment.length > bytes ? moment.readUIntLE(1, bytes) : undefined
}

/** From the block after the newest one on; the caller's first `next` may come late. */
function follow({ head, at, clock }: { head: Blocks['head']; at: Blocks['at']; clock: Clock }, signal: AbortSignal): AsyncIterable<Block> {
  const from = head()
  from.catch(() => undefined)
  return (async function* () {
    let next: number | undefined = await from.then(
      ({ number }) => number + 1,
      () => undefined,
    )
    while (!signal.aborted) {
      let newest = 0
      try {
        newest = (await head()).number
        next ??= newest + 1
        if (next <= newest) {
          yield await at(next)
          next++
          continue
        }
      } catch (error) {
        if (!(error instanceof OrreryError)) throw error
        // A block too old to be known is passed over; one that the next node has not seen yet comes, and a chain that does not answer may answer again.
        if (error.code === 'not_found' && next !== undefined) next = Math.max(next, newest)
      }
      await clock.sleep(pollMs, signal).catch(() => undefined)
    }
  })()
}

/** The head comes by subscription: looking at it costs nothing. */
const pollMs = 100
