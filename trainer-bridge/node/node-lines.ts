import { jsonLines, type ConsoleView, type Output } from '#infra/telemetry/console.ts'
import { plainText } from '#infra/telemetry/terminal-text.ts'
import type { TelemetryHub } from '#infra/telemetry/telemetry.ts'
import type { NodeStanding } from './standing.ts'
import { standingLine } from './standing-table.ts'

/** What a node does, a line each: for a person on a terminal, as JSON elsewhere. */
export function nodeLines(hub: TelemetryHub, output: Output, now: () => number): ConsoleView {
  if (output.isTTY !== true) return jsonLines(hub, output, now)
  const close = hub.listen(({ name, fields }) => {
    const line = lineOf(name, fields)
    if (line !== undefined) output.write(`${clockOf(now())} ${plainText(line)}\n`)
  })
  return { close }
}

function lineOf(name: string, fields: Readonly<Record<string, unknown>>): string | undefined {
  const until =
    typeof fields['until_ms'] === 'number' ? new Date(fields['until_ms']).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' }) : undefined
  switch (name) {
    case 'node.joined':
      return `joined the feed as ${String(fields['node'])}${until === undefined ? '' : `, active until ${until}`}`
    case 'node.rests':
      return `rests until ${until}`
    case 'node.feed_waited_for':
      return `waits for the feed: ${String(fields['reason'])}`
    case 'node.standing':
      return standingLine(fields as unknown as NodeStanding)
    default:
      return undefined
  }
}

const clockOf = (at: number): string => new Date(at).toLocaleTimeString('en-GB')
