import type { ServerResponse } from 'node:http'

const lookEveryMs = 5_000

/**
 * Ends the connection of a reader that takes nothing of what is written to it for so long: it has gone without a word, or is too slow for a stream. To be called
 * once for each answer that goes on for long; it ends with the answer.
 */
export function endStalled({ raw }: { raw: ServerResponse }, stallMs: number): void {
  const { socket } = raw
  // Behind another answer on the same connection, it has it when that is sent.
  if (!socket) return void raw.once('socket', () => endStalled({ raw }, stallMs))
  let [taken, since] = [-1, performance.now()]
  const timer = setInterval(
    () => {
      const now = socket.bytesWritten - socket.writableLength
      const isWaiting = socket.writableLength + raw.writableLength > 0
      if (now !== taken || !isWaiting) [taken, since] = [now, performance.now()]
      else if (performance.now() - since >= stallMs) socket.destroy()
    },
    Math.min(lookEveryMs, stallMs),
  )
  timer.unref()
  raw.once('close', () => clearInterval(timer))
}
