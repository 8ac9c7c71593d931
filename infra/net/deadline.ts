import type { Exchange } from './exchange.ts'
import { HttpTrouble } from './http-failure.ts'

/** Ends one call, whichever hop it is at, when its time is up or its caller gives up. One timer and one listener, no signal of its own. */
export class Deadline implements Disposable {
  readonly #timer: NodeJS.Timeout
  readonly #signal: AbortSignal | undefined
  #running: Exchange | undefined
  #error: Error | undefined

  /** @throws the signal's reason when it is aborted already */
  constructor(timeoutMs: number, signal: AbortSignal | undefined) {
    signal?.throwIfAborted()
    this.#signal = signal
    this.#timer = setTimeout(this.#onTime, timeoutMs)
    signal?.addEventListener('abort', this.#onAbort)
  }

  /** From now on this exchange is the one to end. */
  watch(exchange: Exchange): void {
    this.#running = exchange
    if (this.#error) exchange.stop(this.#error)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }

  readonly #onTime = (): void => this.#end(new HttpTrouble('timeout'))
  readonly #onAbort = (): void => this.#end(new Error('aborted by the caller'))

  #end(error: Error): void {
    this.#error = error
    this.#running?.stop(error)
  }
}
