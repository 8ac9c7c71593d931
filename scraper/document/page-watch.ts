import { workerData } from 'node:worker_threads'
import { openBegun, type Watched } from './watch-state.ts'

/**
 * The watch of a reader, on a thread of its own: ends the process when the page in it takes more than its share of CPU or memory, whatever it is doing, and also
 * when nobody is left who waits for it. Time on the clock does not count: a process that gets no CPU on a busy machine is not the page's fault.
 */
const { buffer, cpuMsMax } = workerData as Watched
const looksPerLimit = 8
const lookMsMax = 50
const rssBytesMax = 640 * 2 ** 20

const begun = openBegun(buffer)
const lookMs = Math.max(1, Math.min(lookMsMax, cpuMsMax / looksPerLimit))
for (;;) {
  begun.sleep(lookMs)
  const page = begun.page()
  if (page === 0) continue
  const isTooSlow = begun.spentMs() >= cpuMsMax
  const isTooLarge = process.memoryUsage.rss() > rssBytesMax
  if (begun.page() !== page) continue
  // The signal of a timer that counts CPU time (setitimer(2)) says why; it ends a process without a trace, as SIGKILL does.
  if (isTooSlow) process.kill(process.pid, 'SIGVTALRM')
  if (isTooLarge) process.kill(process.pid, 'SIGKILL')
}
