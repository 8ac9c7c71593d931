import { Worker } from 'node:worker_threads'
import { compileCache } from '#infra/compile-cache.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { closing, opening, readFailure, type Answer, type Batch, type Call, type PortPlace } from './port-call.ts'

/**
 * Ports that live in a thread of their own, so that nobody who waits there for a lock or a disk stops the event loop here.
 *
 * Contract: calls are made in their order. Those of one turn of the event loop go over together, and the answers of one commit come back together; while many
 * are under way, those that are in no hurry (`patient`) wait a few ms for others. Arguments
 * and answers are data (structured clone); errors keep their code, message and details. The clock is the caller's: what runs in the thread is told the time
 * with each batch of calls. While nothing is asked the thread keeps no process alive; it ends a second after the last of its ports, unless another comes of the
 * module that it was begun for.
 */
export interface PortThread {
  /**
   * Opens a port in the thread: `factory(...args, { ...options, clock })` of a module. It is there at once; what goes wrong with its opening is told
   * by each of its calls, which tries it again.
   * @param methods all of the port's, each of which returns a promise
   */
  open<Port>(place: PortPlace, methods: PortMethods<Port>): Port & AsyncDisposable
}

/** `patient`: nobody is kept from work while it waits. */
export type PortMethods<Port> = Record<keyof Port & string, true | 'patient'>

interface Waiting {
  resolve(value: unknown): void
  reject(cause: unknown): void
}

/** @param name says in errors what lives in the thread */
export function portThread(name: string, clock: Clock): PortThread {
  let thread: Thread | undefined
  return {
    open<Port>(place: PortPlace, methods: PortMethods<Port>) {
      const running = (thread ??= new Thread(name, clock, place.module, () => (thread = undefined)))
      return running.open(++lastPort, place, methods) as Port & AsyncDisposable
    },
  }
}

/** Of all threads: one that goes on to another owner answers no port twice. */
let lastPort = 0

/** Of calls that are under way: from so many on a patient one waits so long for others. */
const [callsForPatience, patienceMs] = [8, 4]

/** To begin a thread costs a tenth of a CPU second, most of it to load what its ports need. So it waits a while for another of the same module; few do at once. */
const [lingerMs, idleMax] = [1000, 8]
const idle = new Map<Worker, { module: string; ending: NodeJS.Timeout }>()

function beginWorker(module: string): Worker {
  for (const [worker, waiting] of idle)
    if (waiting.module === module) {
      leaveIdle(worker)
      return worker
    }
  return new Worker(new URL('./port-worker.ts', import.meta.url), { env: { ...process.env, ...compileCache() } })
}

/** @param worker whom nobody listens to, and who has no port */
async function endWorker(worker: Worker, module: string): Promise<void> {
  if (idle.size >= idleMax) return void (await worker.terminate())
  worker.unref()
  const end = (): void => {
    leaveIdle(worker)
    void worker.terminate()
  }
  worker.once('error', end).once('exit', end)
  idle.set(worker, { module, ending: setTimeout(end, lingerMs).unref() })
}

function leaveIdle(worker: Worker): void {
  clearTimeout(idle.get(worker)?.ending)
  idle.delete(worker)
  unheard(worker)
}

/** Node's own listeners stay. */
function unheard(worker: Worker): void {
  for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event)
}

class Thread {
  readonly #name: string
  readonly #clock: Clock
  readonly #module: string
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #ended: () => void
  #calls: Call[] = []
  #timer: NodeJS.Timeout | undefined
  #isDue = false
  #lastId = 0
  #openPorts = 0
  /** Each port that was closed said that it is. */
  #isSound = true
  #death: OrreryError | undefined

  /** @param module of the first of its ports */
  constructor(name: string, clock: Clock, module: string, ended: () => void) {
    this.#name = name
    this.#clock = clock
    this.#module = module
    this.#ended = ended
    this.#worker = beginWorker(module)
    this.#worker.unref()
    this.#worker.on('message', (answers: Answer[]) => this.#receive(answers))
    this.#worker.on('error', (cause) => this.#die(cause))
    this.#worker.on('exit', () => this.#die(undefined))
  }

  open(port: number, place: PortPlace, methods: Readonly<Record<string, true | 'patient'>>): AsyncDisposable {
    this.#openPorts++
    const call = (method: string, args: unknown[], isPatient = false) => this.#call({ port, method, args }, isPatient)
    // Each later call tells it as well.
    call(opening, [place]).catch(() => undefined)
    let closed: Promise<void> | undefined
    const close = (): Promise<void> =>
      (closed ??= call(closing, []).then(
        () => this.#closed(true),
        () => this.#closed(false),
      ))
    const requireOpen = (method: string): void => {
      if (closed) throw new OrreryError('invalid_argument', `${this.#name} was used (${method}) after it was closed.`, { method })
    }
    const made = Object.entries(methods).map(([method, pace]) => [
      method,
      async (...args: unknown[]) => {
        requireOpen(method)
        return call(method, args, pace === 'patient')
      },
    ])
    return { ...Object.fromEntries(made), [Symbol.asyncDispose]: close } as AsyncDisposable
  }

  #call(call: Omit<Call, 'id'>, isPatient: boolean): Promise<unknown> {
    if (this.#death) return Promise.reject(this.#death)
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      this.#waiting.set(id, { resolve, reject })
      if (this.#waiting.size === 1) this.#worker.ref()
      this.#calls.push({ id, ...call })
      this.#schedule(isPatient && this.#waiting.size >= callsForPatience)
    })
  }

  #schedule(isPatient: boolean): void {
    if (isPatient) this.#timer ??= setTimeout(() => this.#send(), patienceMs)
    else if (!this.#isDue) {
      this.#isDue = true
      setImmediate(() => this.#send())
    }
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isDue = false
    // A hurried call took with it what this one came for.
    if (this.#calls.length === 0) return
    const calls = this.#calls
    this.#calls = []
    try {
      this.#post(calls)
    } catch {
      // One of them cannot go over; the others must not suffer for it.
      for (const call of calls) this.#sendAlone(call)
    }
  }

  #sendAlone(call: Call): void {
    try {
      this.#post([call])
    } catch (cause) {
      const message = `What ${call.method} of ${this.#name} was given is no data (${String(cause)}); pass plain values.`
      this.#receive([{ id: call.id, failure: { code: 'invalid_argument', message, details: { method: call.method } } }])
    }
  }

  #post(calls: readonly Call[]): void {
    this.#worker.postMessage({ now: this.#clock.now(), calls } satisfies Batch, [])
  }

  #receive(answers: readonly Answer[]): void {
    for (const answer of answers) {
      const waiting = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if (answer.failure) waiting?.reject(readFailure(answer.failure))
      else waiting?.resolve(answer.value)
    }
    if (this.#waiting.size === 0) this.#worker.unref()
  }

  async #closed(isSound: boolean): Promise<void> {
    this.#isSound &&= isSound
    if (--this.#openPorts > 0) return
    this.#ended()
    // What was asked and not waited for would be answered to another.
    if (!this.#isSound || this.#death || this.#waiting.size > 0) return void (await this.#worker.terminate())
    unheard(this.#worker)
    await endWorker(this.#worker, this.#module)
  }

  #die(cause: unknown): void {
    const why = cause === undefined ? 'it was ended' : cause instanceof Error ? cause.message : String(cause)
    const message = `The thread of ${this.#name} is gone (${why}): what it had not acknowledged may not have happened; start the program again.`
    this.#death ??= new OrreryError('store_unavailable', message, {}, cause)
    for (const { reject } of this.#waiting.values()) reject(this.#death)
    this.#waiting.clear()
  }
}
