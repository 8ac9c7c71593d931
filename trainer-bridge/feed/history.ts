import type { Ledger } from '#schemas/ledger.ts'
import type { NodeDay, Nodes } from '#schemas/nodes.ts'

const pageMax = 1_000

/**
 * Books what the ledger wrote of an epoch into the history of its nodes, by day, from where it was left: each settlement and each failure once, whoever reads
 * them and however often this is killed. What a call costs is what is new, up to `pagesMax` pages of a thousand.
 * @returns whether all there was is booked
 */
export async function keepHistory(
  { ledger, nodes }: { ledger: Pick<Ledger, 'settlements' | 'list'>; nodes: Pick<Nodes, 'book'> },
  { planId, epoch }: { planId: string; epoch: number },
  pagesMax = 20,
): Promise<boolean> {
  let from = await nodes.book(planId)
  for (let page = 0; page < pagesMax; page++) {
    const settlements = await ledger.settlements(planId, epoch, { after: from.settlements, limit: pageMax })
    const failures = await ledger.list(planId, epoch, 'failures', { after: from.failures, limit: pageMax })
    if (settlements.length + failures.length === 0) return true
    const days = daysByNode()
    for (const { node, settledAt, tokens, loss } of settlements) {
      const day = days.of(node, settledAt)
      day.settled++
      day.tokens += tokens
      day.lossSum += loss
    }
    for (const { node, why, failedAt } of failures) {
      const day = days.of(node, failedAt)
      if (why === 'expired') day.lost++
      else if (why === 'nacked') day.returned++
    }
    const upTo = { settlements: settlements.at(-1)?.place ?? from.settlements, failures: failures.at(-1)?.place ?? from.failures }
    from = await nodes.book(planId, { from, upTo, days: days.all() })
  }
  return false
}

function daysByNode() {
  const days = new Map<string, NodeDay & { node: string }>()
  return {
    of(node: string, at: number): NodeDay {
      const day = new Date(at).toISOString().slice(0, 10)
      const key = `${day} ${node}`
      let found = days.get(key)
      if (!found) days.set(key, (found = { node, day, settled: 0, tokens: 0, lossSum: 0, lost: 0, returned: 0 }))
      return found
    },
    all: () => [...days.values()],
  }
}
