import { OrreryError } from '#schemas/errors.ts'
import type { Server } from './server.ts'

/**
 * Bounds what is held of answers that were made and not taken yet: who reads slowly, or not at all, fills no memory. Where there is no room, the answer is 429
 * in place of itself. What is streamed is not counted: it is made as it is taken.
 * @param bytesMax of all answers together
 */
export function boundWaiting(app: Server, bytesMax: number): void {
  let waiting = 0
  app.addHook('onSend', (_request, { raw }, payload, done) => {
    const bytes = typeof payload === 'string' || payload instanceof Uint8Array ? Buffer.byteLength(payload) : 0
    if (waiting > 0 && bytes > smallBytes && waiting + bytes > bytesMax)
      return done(new OrreryError('rate_limited', 'Too many answers wait to be read already; come again in a second.', { retry_after_seconds: 1 }))
    waiting += bytes
    let isHeld = true
    const release = () => {
      if (isHeld) waiting -= bytes
      isHeld = false
    }
    raw.once('finish', release).once('close', release)
    done(null, payload)
  })
}

/** What is refused is said all the same. */
const smallBytes = 64 * 2 ** 10
