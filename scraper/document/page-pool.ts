import { availableParallelism } from 'node:os'
import type { TargetKind } from '#schemas/frontier.ts'
import type { ForeignText, ReadText } from '#schemas/import-reader.ts'
import type { Found } from '../source/found.ts'
import type { Fetched, SourceReading } from '../source/source.ts'
import type { PageReading, PageTask } from './page-document.ts'
import type { ReaderJob } from './page-reader.ts'
import { openReader, ReaderDied, type Made, type ReaderProcess } from './reader-process.ts'

/**
 * Processes that read what came from outside. What takes too much of one ends with it, and its reading says `too_slow` (CPU time) or `too_large` (memory).
 * Processes and not threads: V8 ends the whole process for one allocation that a thread's heap cannot take.
 */
export interface PagePool extends AsyncDisposable {
  /**
   * Makes a document of a page.
   * @throws the signal's reason when aborted; what reading threw
   */
  read(task: PageTask, signal: AbortSignal): Promise<PageReading>
  /**
   * Makes what documents have of a text that comes without a page.
   * @returns why it becomes none, as a stable code
   * @throws as `read`
   */
  readText(text: ForeignText, signal: AbortSignal): Promise<ReadText | string>
  /**
   * What the source of this kind makes of an answer.
   * @throws as `read`
   */
  find(kind: TargetKind, fetched: Fetched, signal: AbortSignal): Promise<SourceReading>
}

export interface PoolOptions {
  /** 0: one less than there are cores, between 1 and 8. */
  threads: number
  /** Most CPU time one page may take, ms. */
  cpuMsMax?: number
}

const idleMs = 60_000
/** A reader that somebody else ended is not the page's fault. */
const fromOutside: ReadonlySet<string> = new Set(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'])
const noReading = (reason: string): PageReading => ({ document: reason, textId: '', textChars: 0, needsBrowser: false })

interface Waiting {
  job: ReaderJob
  body: Uint8Array
  signal: AbortSignal
  done: PromiseWithResolvers<Made>
}

/** No process runs before the first page, nor long after the last, nor after the disposal. */
export function openPagePool({ threads, cpuMsMax = 2000 }: PoolOptions): PagePool {
  const readersMax = threads > 0 ? threads : Math.min(8, Math.max(1, availableParallelism() - 1))
  const queue: Waiting[] = []
  const readers = new Set<ReaderProcess>()
  const idle = new Map<ReaderProcess, NodeJS.Timeout>()

  const open = (): ReaderProcess => {
    const reader = openReader(cpuMsMax)
    readers.add(reader)
    void reader.gone.then(() => {
      readers.delete(reader)
      take(reader)
      begin()
    })
    return reader
  }
  const take = (reader: ReaderProcess | undefined): ReaderProcess | undefined => {
    if (!reader || !idle.has(reader)) return undefined
    clearTimeout(idle.get(reader))
    idle.delete(reader)
    return reader
  }
  const begin = (): void => {
    while (queue.length > 0 && (idle.size > 0 || readers.size < readersMax)) {
      const [free] = idle.keys()
      const waiting = queue.shift() as Waiting
      try {
        void work(take(free) ?? open(), waiting)
      } catch (error) {
        waiting.done.reject(error)
      }
    }
  }
  const work = async (reader: ReaderProcess, { job, body, signal, done }: Waiting): Promise<void> => {
    signal.addEventListener('abort', reader.kill)
    try {
      done.resolve(await reader.run(job, body))
    } catch (error) {
      done.reject(error)
    }
    signal.removeEventListener('abort', reader.kill)
    if (reader.isGone() || signal.aborted) return
    idle.set(reader, setTimeout(reader.kill, idleMs).unref())
    begin()
  }
  const run = async (job: ReaderJob, body: Uint8Array, signal: AbortSignal): Promise<Made | string> => {
    signal.throwIfAborted()
    const waiting: Waiting = { job, body, signal, done: Promise.withResolvers() }
    const leave = (): void => {
      const at = queue.indexOf(waiting)
      if (at >= 0) queue.splice(at, 1)
      waiting.done.reject(signal.reason)
    }
    signal.addEventListener('abort', leave)
    queue.push(waiting)
    begin()
    try {
      return await waiting.done.promise
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof ReaderDied) || error.signal === undefined) throw error
      if (fromOutside.has(error.signal)) return await run(job, body, signal)
      return error.signal === 'SIGVTALRM' ? 'too_slow' : 'too_large'
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }
  return {
    async read(task, signal) {
      const { fetched } = task
      const job: ReaderJob = { make: 'document', task: { ...task, fetched: withoutBody(fetched) } }
      const made = await run(job, fetched.body, signal)
      return typeof made === 'string' ? noReading(made) : (made.made as PageReading)
    },
    async readText({ text, ...said }, signal) {
      const made = await run({ make: 'text', text: said }, Buffer.from(text), signal)
      return typeof made === 'string' ? made : (made.made as ReadText | string)
    },
    async find(kind, fetched, signal) {
      const made = await run({ make: 'finds', kind, fetched: withoutBody(fetched) }, fetched.body, signal)
      if (typeof made === 'string') return made
      const read = made.made as SourceReading
      return typeof read === 'string' ? read : { ...read, found: joined(made.parts) }
    },
    async [Symbol.asyncDispose]() {
      const closed = new Error('The pool of readers was closed.')
      for (const { done } of queue.splice(0)) done.reject(closed)
      readers.forEach((reader) => reader.kill())
      await Promise.all([...readers].map(({ gone }) => gone))
    },
  }
}

function joined(parts: readonly Found[]): Found {
  const listOf = (list: keyof Found) => parts.flatMap((part) => part[list])
  return { pages: listOf('pages'), sitemaps: listOf('sitemaps'), feeds: listOf('feeds') }
}

const noBody = new Uint8Array()
const withoutBody = (fetched: Fetched): Fetched => ({ ...fetched, body: noBody })
