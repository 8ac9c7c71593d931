import { compareText } from '#schemas/compare-text.ts'
import type { EpochSummary, Tally } from '#schemas/feed.ts'
import type { EpochProgress, Settlement } from '#schemas/ledger.ts'

const lastBatches = 8

/** An epoch in figures: what each label and each node came to. */
export function summarizeEpoch({ planId, epoch, fence, closed, states, settlements }: EpochProgress & { settlements: readonly Settlement[] }): EpochSummary {
  return {
    plan_id: planId,
    epoch,
    fence,
    closed,
    batches: Object.values(states).reduce((sum, n) => sum + n, 0),
    states,
    labels: tally(settlements, (settlement) => settlement.label),
    nodes: tally(settlements, (settlement) => settlement.node),
  }
}

function tally(settlements: readonly Settlement[], nameOf: (settlement: Settlement) => string): Tally[] {
  const groups = Map.groupBy(settlements, nameOf)
  return [...groups]
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([name, group]) => ({
      name,
      settled: group.length,
      tokens: group.reduce((sum, { tokens }) => sum + tokens, 0),
      loss_mean: meanLoss(group),
      loss_last: meanLoss(group.slice(-lastBatches)),
    }))
}

const meanLoss = (settlements: readonly Settlement[]): number => settlements.reduce((sum, { loss }) => sum + loss, 0) / settlements.length
