import { compareText } from '#schemas/compare-text.ts'
import type { LossEvidence } from '#schemas/desirability.ts'
import type { Settlement } from '#schemas/ledger.ts'
import { lossCurve, lowerMedian, type LossCurve } from './loss-curve.ts'
import { decide, neutral, votesOf, type LabelContext } from './vote.ts'

export interface Judgement {
  evidence: LossEvidence
  /** The weights of this label shall be multiplied by this, 0.8..1.2. */
  factor: number
}

/** The part of a settlement that is judged. */
export type Reported = Pick<Settlement, 'node' | 'loss'> & { label: string }

/**
 * What an epoch's losses say of each label. Pure. Reporters are untrusted, one voice per node name: each node's curve is its own median of means, and
 * across nodes the median vote decides. A node that trained in this epoch, but too little of a label, votes for no change there, so that no minority can
 * keep a label to itself and steer it. (Names are as the ledger leased them; that one party runs many nodes is for whoever admits nodes to see.)
 * @param settlements in the order of settling
 * @param labels also those that nothing was settled of
 * @returns by label, in code-unit order
 */
export function judge(settlements: readonly Reported[], labels: readonly string[], context: LabelContext): Judgement[] {
  const curves = curvesOf(settlements)
  const votes = [...curves.values()].map((byLabel) => votesOf(byLabel, context))
  const batchesOf = Map.groupBy(settlements, ({ label }) => label)
  const all = new Set([...labels, ...batchesOf.keys()])
  return [...all].toSorted(compareText).map((label) => {
    const { factor, verdict } = decide(votes.map((byLabel) => byLabel.get(label) ?? neutral))
    const seen = [...curves.values()].flatMap((byLabel) => byLabel.get(label) ?? [])
    return { factor, evidence: { label, batches: batchesOf.get(label)?.length ?? 0, nodes: seen.length, ...medianCurve(seen), verdict } }
  })
}

/** node → label → curve, nodes in code-unit order. A node without any curve is there too. */
function curvesOf(settlements: readonly Reported[]): Map<string, Map<string, LossCurve>> {
  const nodes = [...Map.groupBy(settlements, ({ node }) => node)].toSorted(([a], [b]) => compareText(a, b))
  return new Map(
    nodes.map(([node, own]) => {
      const byLabel = new Map<string, LossCurve>()
      for (const [label, group] of Map.groupBy(own, (settlement) => settlement.label)) {
        const curve = lossCurve(group.map(({ loss }) => loss))
        if (curve) byLabel.set(label, curve)
      }
      return [node, byLabel] as const
    }),
  )
}

function medianCurve(curves: readonly LossCurve[]): Pick<LossEvidence, 'loss_before' | 'loss_after' | 'progress'> {
  if (curves.length === 0) return { loss_before: null, loss_after: null, progress: null }
  const before = lowerMedian(curves.map((curve) => curve.before))
  const after = lowerMedian(curves.map((curve) => curve.after))
  return { loss_before: micro(before), loss_after: micro(after), progress: micro(before - after) }
}

const micro = (nats: number): number => Math.round(nats * 1e6) / 1e6
