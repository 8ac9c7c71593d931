import type { TelemetryEvent, TelemetryHub } from './telemetry.ts'

export interface Output {
  write(text: string): unknown
  isTTY?: boolean | undefined
  columns?: number | undefined
}

/** Writes events as they come: for people on a terminal, else as JSON lines. `close` leaves the screen as it should stay. */
export interface ConsoleView {
  close(): void
}

/**
 * The state of a run in a few lines, made anew from counters and the last event of each name; where several services tell the same, that of each is under
 * `name hotkey` as well.
 */
export type Panel = (counters: Readonly<Record<string, number>>, last: ReadonlyMap<string, TelemetryEvent>) => string[]

/** One JSON object a line: `{"event": name, "at": ISO time, …fields}`. */
export function jsonLines(hub: TelemetryHub, output: Output, now: () => number): ConsoleView {
  const stop = hub.listen(({ name, fields }) => {
    output.write(`${JSON.stringify({ event: name, at: new Date(now()).toISOString(), ...fields }, jsonValue)}\n`)
  })
  return { close: stop }
}

const jsonValue = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value)

const redrawMs = 250

/** A panel that stays at the bottom and is redrawn in place, at most four times a second. */
export function livePanel(hub: TelemetryHub, output: Output, panel: Panel): ConsoleView {
  const last = new Map<string, TelemetryEvent>()
  let drawn = 0
  const draw = () => {
    const width = output.columns ?? 100
    const lines = panel(hub.snapshot(), last).map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line))
    output.write(`${drawn > 0 ? `\x1b[${drawn}A` : ''}\x1b[J${lines.join('\n')}\n`)
    drawn = lines.length
  }
  const stop = hub.listen((event) => {
    last.set(event.name, event)
    const { hotkey } = event.fields
    if (typeof hotkey === 'string') last.set(`${event.name} ${hotkey}`, event)
  })
  const timer = setInterval(draw, redrawMs)
  timer.unref()
  return {
    close() {
      clearInterval(timer)
      stop()
      draw()
    },
  }
}
