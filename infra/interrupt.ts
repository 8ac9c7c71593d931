import { constants } from 'node:os'

const signals = ['SIGINT', 'SIGTERM'] as const
type Signal = (typeof signals)[number] | 'SIGPIPE'

/** npm, and a terminal beside it, both pass a Ctrl-C on: what comes within this time is the same one. */
const sameMs = 1000

/** Work that was asked for was cut short; `cause` is what it ended with. */
export class Interrupted extends Error {
  /** As a shell has it: 128 and the number of the signal. */
  readonly exitCode: number

  constructor(signal: Signal, cause: unknown) {
    super(`interrupted by ${signal}`, { cause })
    this.name = 'Interrupted'
    this.exitCode = 128 + constants.signals[signal]
  }
}

/** What sends signals to this process, and what is left when a person does not want to wait. */
export interface Surroundings {
  on(signal: (typeof signals)[number], listener: () => void): unknown
  off(signal: (typeof signals)[number], listener: () => void): unknown
  /** Ends the process as the signal would without us. */
  die(signal: (typeof signals)[number]): void
  /** Where the results go: whoever reads them may leave first (`| head`). */
  stdout: { on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown; off(event: 'error', listener: (error: Error) => void): unknown }
  /** Monotonic, ms. */
  now(): number
}

const ownSurroundings: Surroundings = {
  on: (signal, listener) => process.on(signal, listener),
  off: (signal, listener) => process.off(signal, listener),
  die(signal) {
    // Of libraries too: with a listener left, the signal would not end it.
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  },
  stdout: process.stdout,
  now: () => performance.now(),
}

/**
 * Runs `work` with a signal that SIGINT and SIGTERM abort, and the end of whoever reads standard output. Another signal within a second is the same one, one
 * after that ends the process at once. A service that runs until it is interrupted returns; work that was to be finished rejects.
 * @throws Interrupted where `work` rejects after it was interrupted; otherwise what `work` throws
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>, surroundings: Surroundings = ownSurroundings): Promise<T> {
  const controller = new AbortController()
  let first: { signal: Signal; at: number } | undefined
  const abort = (signal: Signal): void => {
    first ??= { signal, at: surroundings.now() }
    controller.abort(new DOMException('interrupted', 'AbortError'))
  }
  const listeners = signals.map((signal) => ({
    signal,
    listener: () => (first === undefined || surroundings.now() - first.at < sameMs ? abort(signal) : end(signal)),
  }))
  const onOutputError = ({ code }: NodeJS.ErrnoException): void => (code === 'EPIPE' ? abort('SIGPIPE') : undefined)
  const stopListening = () => {
    for (const { signal, listener } of listeners) surroundings.off(signal, listener)
    surroundings.stdout.off('error', onOutputError)
  }
  const end = (signal: (typeof signals)[number]): void => {
    stopListening()
    surroundings.die(signal)
  }
  for (const { signal, listener } of listeners) surroundings.on(signal, listener)
  surroundings.stdout.on('error', onOutputError)
  try {
    return await work(controller.signal)
  } catch (error) {
    throw first === undefined ? error : new Interrupted(first.signal, error)
  } finally {
    stopListening()
  }
}
