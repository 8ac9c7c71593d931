import { threadId } from 'node:worker_threads'
import { openTaskReader, type PageReading, type PageTask } from './page-document.ts'

/** Where a task says, in shared memory, that it has begun: the thread, and that thread's CPU time then (ms). */
export interface WorkerTask {
  page: PageTask
  begun: Float64Array<SharedArrayBuffer>
}

const readTask = await openTaskReader()

/** What a thread of the pool runs, one page at a time. */
export default function work({ page, begun }: WorkerTask): PageReading {
  const { user, system } = process.threadCpuUsage()
  begun[1] = (user + system) / 1000
  begun[0] = threadId
  return readTask(page)
}
