import { jsonLine } from './json-line.ts'
import type { ScreenSize } from './screen-layout.ts'
import type { TelemetryHub } from './telemetry.ts'

export interface Output {
  write(text: string): unknown
  isTTY?: boolean | undefined
  columns?: number | undefined
  rows?: number | undefined
  /** What was written before is still on its way. */
  writableNeedDrain?: boolean | undefined
  on?(event: 'resize', listener: () => void): unknown
  removeListener?(event: 'resize', listener: () => void): unknown
}

/** Shows a run. `close` leaves the screen as it should stay. */
export interface ConsoleView {
  close(): void
}

/** Writes each event as it comes: one JSON object a line (json-line.ts). */
export function jsonLines(hub: TelemetryHub, output: Output, now: () => number): ConsoleView {
  const stop = hub.listen(({ name, fields }) => void output.write(jsonLine(name, now(), fields)))
  return { close: stop }
}

const redrawMs = 250
const unknownSize: ScreenSize = { columns: 80, rows: 24 }

export const sizeOf = ({ columns, rows }: Output): ScreenSize => ({ columns: columns || unknownSize.columns, rows: rows || unknownSize.rows })

/** A panel that stays where it is and is redrawn four times a second, whether or not something happens; anew where the terminal gets another size. */
export function livePanel(output: Output, panel: (size: ScreenSize) => string[]): ConsoleView {
  let drawn = 0
  const draw = () => {
    const lines = panel(sizeOf(output))
    output.write(`${drawn > 0 ? `\x1b[${drawn}A\r` : ''}\x1b[J${lines.join('\n')}\n`)
    drawn = lines.length
  }
  const drawAnew = () => {
    // A terminal that gets narrower breaks the lines that stand, and where they began is not known any more.
    output.write('\x1b[H\x1b[J')
    drawn = 0
    draw()
  }
  const timer = setInterval(() => {
    if (output.writableNeedDrain !== true) draw()
  }, redrawMs)
  timer.unref()
  output.on?.('resize', drawAnew)
  return {
    close() {
      clearInterval(timer)
      output.removeListener?.('resize', drawAnew)
      draw()
    },
  }
}
