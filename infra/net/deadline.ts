import { HttpTrouble } from './http-failure.ts'

/** The calls that hang on a signal. All of them share one listener: to add and remove one costs more than the timer does. */
const bySignal = new WeakMap<AbortSignal, Set<Deadline>>()

function deadlinesOf(signal: AbortSignal): Set<Deadline> {
  let deadlines = bySignal.get(signal)
  if (!deadlines) {
    const all = (deadlines = new Set())
    bySignal.set(signal, all)
    signal.addEventListener('abort', () => {
      for (const deadline of all) deadline.onAbort()
    })
  }
  return deadlines
}

interface Stoppable {
  stop(error: Error): void
}

/** Ends one call, whichever hop it is at, when its time is up or its caller gives up. One timer, no signal of its own. */
export class Deadline implements Disposable {
  readonly #timer: NodeJS.Timeout
  readonly #signal: AbortSignal | undefined
  #running: Stoppable | undefined
  #error: Error | undefined

  /** @throws the signal's reason when it is aborted already */
  constructor(timeoutMs: number, signal: AbortSignal | undefined) {
    signal?.throwIfAborted()
    this.#signal = signal
    this.#timer = setTimeout(this.#onTime, timeoutMs)
    if (signal) deadlinesOf(signal).add(this)
  }

  /** From now on this is what to end. */
  watch(running: Stoppable): void {
    this.#running = running
    if (this.#error) running.stop(this.#error)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    if (this.#signal) deadlinesOf(this.#signal).delete(this)
  }

  readonly #onTime = (): void => this.#end(new HttpTrouble('timeout'))

  onAbort(): void {
    this.#end(new Error('aborted by the caller'))
  }

  #end(error: Error): void {
    this.#error = error
    this.#running?.stop(error)
  }
}
