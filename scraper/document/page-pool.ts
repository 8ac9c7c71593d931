import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import type { PageReading, PageTask } from './page-document.ts'
import type { WorkerTask } from './page-worker.ts'

/** Threads that make documents of pages. */
export interface PagePool extends AsyncDisposable {
  /**
   * Reads one page. The bytes of its body may go to the thread for good. A page that takes too much of a thread ends with that thread, and its
   * reading says `too_slow` (CPU time) or `too_large` (memory).
   * @throws the signal's reason when aborted
   */
  read(task: PageTask, signal: AbortSignal): Promise<PageReading>
}

export interface PoolOptions {
  /** 0: one less than there are cores, between 1 and 8. */
  threads: number
  /** Most CPU time one page may take, ms. */
  cpuMsMax?: number
}

/** A thread that gets no CPU on a busy machine is not the page's fault, up to this many times the limit. */
const wallFactor = 15
const looksPerLimit = 4
const heapMegabytesMax = 1024
const idleMs = 60_000
const noReading = (reason: string): PageReading => ({ document: reason, textId: '', textChars: 0, needsBrowser: false })

/** A view of a larger buffer, such as Node's pool, is copied: others use the rest of it. */
const ownBuffer = ({ buffer, byteLength }: Uint8Array): ArrayBuffer[] => (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [])

interface Running {
  begun: WorkerTask['begun']
  /** When it was first seen to have begun, by `performance.now()`. */
  since: number | undefined
  kill: AbortController
}

/** No thread runs before the first page, nor long after the last, nor after the disposal. */
export function openPagePool({ threads, cpuMsMax = 2000 }: PoolOptions): PagePool {
  const pool = new Piscina<WorkerTask, PageReading>({
    filename: new URL('./page-worker.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: threads > 0 ? threads : Math.min(8, Math.max(1, availableParallelism() - 1)),
    idleTimeout: idleMs,
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytesMax },
  })
  // Concerns no page that is waited for: one that was given up may still answer, and a thread may fail between two pages. Unheard, it would end the process.
  pool.on('error', () => undefined)
  const running = new Set<Running>()
  const look = async (task: Running): Promise<void> => {
    const [thread = 0, cpuMsBefore = 0] = task.begun
    if (thread === 0) return
    const now = performance.now()
    task.since ??= now
    if (now - task.since < cpuMsMax) return
    const usage = await pool.threads.find(({ threadId }) => threadId === thread)?.cpuUsage()
    const cpuMs = usage ? (usage.user + usage.system) / 1000 - cpuMsBefore : 0
    if (running.has(task) && (cpuMs >= cpuMsMax || now - task.since > wallFactor * cpuMsMax)) task.kill.abort()
  }
  const watch = setInterval(() => running.forEach((task) => void look(task).catch(() => undefined)), cpuMsMax / looksPerLimit).unref()
  return {
    async read(page, signal) {
      signal.throwIfAborted()
      const task: Running = { begun: new Float64Array(new SharedArrayBuffer(16)), since: undefined, kill: new AbortController() }
      running.add(task)
      try {
        return await pool.run({ page, begun: task.begun }, { signal: AbortSignal.any([signal, task.kill.signal]), transferList: ownBuffer(page.fetched.body) })
      } catch (error) {
        signal.throwIfAborted()
        if (task.kill.signal.aborted) return noReading('too_slow')
        if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') return noReading('too_large')
        throw error
      } finally {
        running.delete(task)
      }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(watch)
      await pool.destroy()
    },
  }
}
