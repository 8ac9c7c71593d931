import { setImmediate as nextTurn } from 'node:timers/promises'

/** Characters worked on before others get a turn: some 50 ms of encoding, less of hashing. */
const charsPerTurn = 2 ** 17

/**
 * For long computations in a process that also answers others: call it with the characters of each piece of work; now and then it waits
 * for the event loop. It throws the signal's reason.
 */
export function takingTurns(signal: AbortSignal): (chars: number) => Promise<void> {
  let chars = 0
  return async (more) => {
    signal.throwIfAborted()
    chars += more
    if (chars < charsPerTurn) return
    chars = 0
    await nextTurn()
  }
}
