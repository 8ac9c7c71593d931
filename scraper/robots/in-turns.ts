import { setImmediate as turn } from 'node:timers/promises'

/** Work in short steps, of a few milliseconds each, and what comes of it. */
export type Steps<T> = Generator<void, T>

export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

/** So that all else goes on in between, however much a stranger gave us to read. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
    await turn()
  }
}
