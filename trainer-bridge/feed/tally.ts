import type { EpochSummary, Tally } from '#schemas/feed.ts'
import type { EpochProgress, Ledger, LedgerTally } from '#schemas/ledger.ts'
import type { OpenEpoch } from './open-epoch.ts'

/** An answer names so many labels and so many nodes at most, the first by name. */
const talliesMax = 1000

/** An epoch in figures: what each label and each node came to. The ledger counts them as they are settled. */
export async function summarize(
  ledger: Pick<Ledger, 'list'>,
  { planId, epoch, batches }: Pick<OpenEpoch, 'planId' | 'epoch' | 'batches'>,
  { fence, closed, states }: EpochProgress,
): Promise<EpochSummary> {
  const page = { limit: talliesMax }
  const [labels, nodes] = await Promise.all([ledger.list(planId, epoch, 'labels', page), ledger.list(planId, epoch, 'nodes', page)])
  const settled = nodes.filter((node) => node.settled > 0)
  return { plan_id: planId, epoch, fence, closed, batches: batches.length, states, labels: labels.map(tallyOf), nodes: settled.map(tallyOf) }
}

const tallyOf = ({ name, settled, tokens, lossMean, lossLast }: LedgerTally): Tally => ({ name, settled, tokens, loss_mean: lossMean, loss_last: lossLast })
