import type { Ledger } from '#schemas/ledger.ts'
import type { EpochManifest } from '#schemas/epoch-manifest.ts'
import { voiceOf, type Nodes } from '#schemas/nodes.ts'
import type { PlannedBatches } from '../plan/batches.ts'
import { batchTokens } from '../plan/generation.ts'
import { EpochLosses } from './epoch-losses.ts'

const pageLimit = 10_000

interface LossSource {
  ledger: Pick<Ledger, 'settlements'>
  nodes: Pick<Nodes, 'find'>
}

interface ClosedEpoch {
  planId: string
  epoch: number
  plan: Pick<EpochManifest, 'geometry'>
  batches: Pick<PlannedBatches, 'length' | 'label'>
}

/** What was settled of an epoch, a page in memory at a time: nothing where rows of a batch are of many labels, for a loss of all of them says nothing of one. */
export async function readLosses({ ledger, nodes }: LossSource, { planId, epoch, plan, batches }: ClosedEpoch): Promise<EpochLosses> {
  const losses = new EpochLosses({ planId, batches: batches.length, batchTokens: batchTokens(plan.geometry) })
  if (plan.geometry.batch_sources === 'mixed') return losses
  for (let after = 0; ;) {
    const page = await ledger.settlements(planId, epoch, { after, limit: pageLimit })
    const operators = await operatorsOf(nodes, page)
    for (const { batch, node, loss } of page) {
      const operator = operators.get(node)
      losses.add({ batch, label: batches.label(batch), node, loss, ...(operator !== undefined && { operator }) })
    }
    after = page.at(-1)?.place ?? after
    if (page.length < pageLimit) return losses
  }
}

/** Node → who answers for it, of those that have a credential: who has none speaks for himself. */
async function operatorsOf(nodes: Pick<Nodes, 'find'>, page: readonly { node: string }[]): Promise<ReadonlyMap<string, string>> {
  const known = await nodes.find([...new Set(page.map(({ node }) => node))])
  return new Map(
    known.flatMap((each) => {
      const voice = voiceOf(each)
      return voice === undefined ? [] : [[each.node, voice]]
    }),
  )
}
