import { jsonLines, livePanel, sizeOf, type Output } from './console.ts'
import { flywheelPanel } from './panel.ts'
import { RunState } from './run-state.ts'
import { summaryTables, type TurnSummary } from './summary.ts'
import type { TelemetryHub } from './telemetry.ts'

interface Outputs {
  /** A panel on a terminal, else a line of JSON per event. */
  stdout: Output
  stderr: Output
}

/** Shows the services of one process while they run, and in the end what they came to. */
export interface RunView {
  /** Leaves the last summary that was told below the panel, or, where standard output is for programs, on standard error. Returns it. */
  close(): TurnSummary | undefined
}

/** @param now ms since epoch */
export function openRunView(hub: TelemetryHub, { stdout, stderr }: Outputs, now: () => number): RunView {
  let summary: TurnSummary | undefined
  const stop = hub.listen(({ name, fields }) => {
    if (name === 'turn.summary') summary = fields as unknown as TurnSummary
  })
  const view = stdout.isTTY ? panelOf(hub, stdout, now) : jsonLines(hub, stdout, now)
  return {
    close() {
      stop()
      view.close()
      const people = stdout.isTTY ? stdout : stderr
      if (summary) people.write(`\n${summaryTables(summary, people.isTTY ? sizeOf(people).columns : undefined)}\n`)
      return summary
    },
  }
}

function panelOf(hub: TelemetryHub, output: Output, now: () => number) {
  const state = new RunState(hub, now)
  const stop = hub.listen(state.note)
  const panel = livePanel(output, (size) => flywheelPanel(state, now(), size))
  return {
    close() {
      stop()
      panel.close()
    },
  }
}
