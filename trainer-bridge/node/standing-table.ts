import { countOf, decimals } from '#infra/telemetry/figures.ts'
import { textTable } from '#infra/telemetry/table.ts'
import { plainText } from '#infra/telemetry/terminal-text.ts'
import type { NodeAnswer } from '#schemas/feed-nodes.ts'
import { standingOf, type NodeStanding } from './standing.ts'

/** Like `1,204 batches, 2,465,792 tokens, loss 3.21, reliability 99.2 %`. */
export const standingLine = ({ batches, tokens, loss, reliability, payout }: NodeStanding): string =>
  [
    `${countOf(batches)} batches`,
    `${countOf(tokens)} tokens`,
    `loss ${decimals(loss, 3)}`,
    `reliability ${percentOf(reliability)}`,
    ...(payout === null ? [] : [`estimated payout ${decimals(payout, 4)}`]),
  ].join(', ')

/** The days of a node, the newest first, and what they come to. */
export function standingTable(history: NodeAnswer): string {
  const rows = history.days.map((day) => {
    const { batches, tokens, loss, reliability } = standingOf({ ...history, days: [day] })
    return [day.day, countOf(batches), countOf(tokens), decimals(loss, 3), countOf(day.returned), countOf(day.lost), percentOf(reliability)]
  })
  const head = ['day', 'batches', 'tokens', 'loss', 'given back', 'lost', 'reliability']
  return `${textTable(head, rows)}\n${plainText(history.node)} (${history.state}): ${standingLine(standingOf(history))}`
}

const percentOf = (part: number | null): string => (part === null ? '–' : `${(100 * part).toFixed(1)} %`)
