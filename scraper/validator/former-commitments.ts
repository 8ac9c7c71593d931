import type { Chain, Neuron } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Commitment } from './claim.ts'

/** The chain takes hardly more commitments of a hotkey in an epoch, */
const formerMax = 32
/** and a node that keeps no archive knows so many blocks. */
const blocksMax = 256

/**
 * What miners had committed since a block, before what they have committed now: who shows rows in between is the first to have shown them, whatever it commits
 * afterwards. Each block of the chain is asked for once, as far back as it knows them.
 * @param since by hotkey, the block up to which what it committed was seen; absent: nothing was
 */
export async function formerCommitments(
  chain: Pick<Chain, 'metagraph'>,
  neurons: readonly Neuron[],
  since: ReadonlyMap<string, number>,
  signal: AbortSignal,
): Promise<Commitment[]> {
  const former: Commitment[] = []
  const seenUpTo = (hotkey: string): number => since.get(hotkey) ?? 0
  const counts = new Map<string, number>()
  /** Block of the oldest commitment of each that is known so far. */
  const oldest = new Map(
    neurons.flatMap(({ hotkey, commitment, commitmentBlock }) =>
      commitment && commitmentBlock > seenUpTo(hotkey) ? [[hotkey, commitmentBlock] as const] : [],
    ),
  )
  for (let asked = 0; asked < blocksMax && oldest.size > 0; asked++) {
    signal.throwIfAborted()
    const block = oldest.values().reduce((most, each) => Math.max(most, each), 0)
    const before = await graphAt(chain, block - 1)
    for (const [hotkey, at] of oldest) {
      if (at !== block) continue
      const neuron = before?.get(hotkey)
      const count = counts.get(hotkey) ?? 0
      oldest.delete(hotkey)
      if (!neuron?.commitment || neuron.commitmentBlock <= seenUpTo(hotkey) || neuron.commitmentBlock >= block || count >= formerMax) continue
      former.push(neuron)
      counts.set(hotkey, count + 1)
      oldest.set(hotkey, neuron.commitmentBlock)
    }
  }
  return former
}

async function graphAt(chain: Pick<Chain, 'metagraph'>, block: number): Promise<Map<string, Neuron> | undefined> {
  if (block < 1) return undefined
  try {
    return new Map((await chain.metagraph(block)).neurons.map((neuron) => [neuron.hotkey, neuron]))
  } catch (error) {
    if (error instanceof OrreryError && (error.code === 'not_found' || error.code === 'invalid_argument')) return undefined
    throw error
  }
}
