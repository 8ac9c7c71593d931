import { compareText } from '#schemas/compare-text.ts'
import type { EpochSummary, Tally } from '#schemas/feed.ts'
import type { EpochProgress, Ledger, Settlement } from '#schemas/ledger.ts'
import type { OpenEpoch } from './open-epoch.ts'

const lastBatches = 8
const pageLimit = 1000

/** What one label or node came to. */
interface Sums {
  settled: number
  tokens: number
  loss: number
  /** Its last losses, the newest at the end. */
  last: number[]
}

/** An epoch in figures: what each label and each node came to. Each look reads only what was settled since the one before. */
export interface EpochTally {
  summarize(progress: EpochProgress): Promise<EpochSummary>
}

export function epochTally(ledger: Pick<Ledger, 'settlements'>, { planId, epoch, batches }: Pick<OpenEpoch, 'planId' | 'epoch' | 'batches'>): EpochTally {
  const [labels, nodes] = [new Map<string, Sums>(), new Map<string, Sums>()]
  let after = 0
  let reading: Promise<void> = Promise.resolve()

  async function readOn(): Promise<void> {
    for (;;) {
      const page = await ledger.settlements(planId, epoch, { after, limit: pageLimit })
      for (const settlement of page) {
        add(labels, batches.label(settlement.batch), settlement)
        add(nodes, settlement.node, settlement)
        after = settlement.place
      }
      if (page.length < pageLimit) return
    }
  }

  return {
    async summarize({ fence, closed, states }) {
      // One after the other: nothing is counted twice.
      reading = reading.catch(() => undefined).then(readOn)
      await reading
      return {
        plan_id: planId,
        epoch,
        fence,
        closed,
        batches: batches.length,
        states,
        labels: talliesOf(labels),
        nodes: talliesOf(nodes),
      }
    },
  }
}

function add(sums: Map<string, Sums>, name: string, { tokens, loss }: Settlement): void {
  const sum = sums.get(name) ?? { settled: 0, tokens: 0, loss: 0, last: [] }
  sums.set(name, sum)
  sum.settled++
  sum.tokens += tokens
  sum.loss += loss
  sum.last.push(loss)
  if (sum.last.length > lastBatches) sum.last.shift()
}

const talliesOf = (sums: ReadonlyMap<string, Sums>): Tally[] =>
  [...sums]
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([name, { settled, tokens, loss, last }]) => ({
      name,
      settled,
      tokens,
      loss_mean: loss / settled,
      loss_last: last.reduce((sum, each) => sum + each, 0) / last.length,
    }))
