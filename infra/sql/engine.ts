import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { compileCache } from '#infra/compile-cache.ts'
import { OrreryError } from '#schemas/errors.ts'
import { readFailure } from '../sqlite/port-call.ts'
import type { EngineAnswer, EngineLimits, EngineRequest, EngineTask } from './engine-call.ts'

/** What was told to end has so long; then its process is. */
const graceMs = 2000

interface Waiting {
  resolve(value: unknown): void
  reject(cause: unknown): void
}

/**
 * DuckDB in a process of its own, begun when it is first asked and again when it has died: whatever a script does there, to memory or to itself, happens to none but those
 * that run beside it. It keeps no process alive while nothing is asked.
 */
export class Engine implements AsyncDisposable {
  readonly #limits: EngineLimits
  #child: ChildProcess | undefined
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0
  #isClosed = false

  constructor(limits: EngineLimits) {
    this.#limits = limits
  }

  /** @throws OrreryError `too_large` when it needs more memory than there is for it; the signal's reason */
  async run<T>(task: EngineTask, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    if (this.#isClosed) throw new OrreryError('invalid_argument', 'The SQL engine was closed; open another to run a script.')
    const child = (this.#child ??= this.#begin())
    const id = ++this.#lastId
    let grace: NodeJS.Timeout | undefined
    const cancel = (): void => {
      this.#tell(child, { cancel: id })
      grace = setTimeout(() => child.kill('SIGKILL'), graceMs)
    }
    const answered = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    signal.addEventListener('abort', cancel)
    child.ref()
    child.channel?.ref()
    this.#tell(child, { id, task })
    try {
      return (await answered) as T
    } catch (cause) {
      signal.throwIfAborted()
      throw cause
    } finally {
      signal.removeEventListener('abort', cancel)
      clearTimeout(grace)
      this.#waiting.delete(id)
      if (this.#waiting.size === 0) this.#rest(child)
    }
  }

  #begin(): ChildProcess {
    const child = fork(new URL('engine-process.ts', import.meta.url), [JSON.stringify(this.#limits)], {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: { ...process.env, ...compileCache() },
    })
    child.on('message', ({ id, value, failure }: EngineAnswer) => {
      if (failure) this.#waiting.get(id)?.reject(readFailure(failure))
      else this.#waiting.get(id)?.resolve(value)
    })
    const ended = (): void => this.#ended(child)
    child.once('exit', ended).once('error', ended)
    return child
  }

  #tell(child: ChildProcess, request: EngineRequest): void {
    // What cannot be told any more is answered by its end.
    if (child.connected) child.send(request, () => undefined)
  }

  #rest(child: ChildProcess): void {
    child.unref()
    child.channel?.unref()
  }

  /** Nobody knows which of those that ran it died of, unless there was but one. */
  #ended(child: ChildProcess): void {
    if (this.#child !== child) return
    this.#child = undefined
    const isAlone = this.#waiting.size === 1
    const cause = isAlone
      ? new OrreryError('too_large', 'The statement needs more memory than there is for it; aggregate, select fewer columns, or add a LIMIT.')
      : new OrreryError('store_unavailable', 'The SQL engine ended while others ran in it; try again.', { has_ended: true })
    for (const { reject } of this.#waiting.values()) reject(cause)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
}

/** Whoever comes so soon after the last has gone finds its process still there. */
const lingerMs = 1000
const lent = new Map<string, { engine: Engine; borrowers: number; ending: NodeJS.Timeout | undefined }>()

/** The engine of these limits, one for all of this program; it ends a second after the last has given it back, or with the program. */
export function borrowEngine(limits: EngineLimits): { engine: Engine } & Disposable {
  const name = JSON.stringify(limits)
  const held = lent.get(name) ?? { engine: new Engine(limits), borrowers: 0, ending: undefined }
  lent.set(name, held)
  held.borrowers++
  clearTimeout(held.ending)
  return {
    engine: held.engine,
    [Symbol.dispose]() {
      if (--held.borrowers > 0) return
      const end = (): void => {
        lent.delete(name)
        void held.engine[Symbol.asyncDispose]()
      }
      held.ending = setTimeout(end, lingerMs).unref()
    },
  }
}
