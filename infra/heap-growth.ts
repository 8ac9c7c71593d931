import { PerformanceObserver } from 'node:perf_hooks'
import v8 from 'node:v8'

const youngBytesMax = 32 << 20
/** Of a thread: what waits there for a disk makes little garbage. */
const threadYoungBytes = 12 << 20
/** A heap is collected whole when it has grown by so much of what was alive. */
const growthPercent = 40

/**
 * Keeps the heaps of this process, main thread and workers alike, from growing only because the machine has much memory: V8 would let each young generation
 * grow to 128 MiB and each old one to several times what is alive, which doubles what a crawl holds for some per cent of its time. The flags of the young
 * generation's size count for threads that start later; the main thread runs already, so its growth is ended when it has come that far (the factors of growth
 * are read each time, by all threads). For the whole process, for good.
 */
export function limitHeapGrowth(): void {
  const semiMegabytes = threadYoungBytes / 3 / 2 ** 20
  v8.setFlagsFromString(`--heap-growing-percent=${growthPercent}`)
  v8.setFlagsFromString(`--max-semi-space-size=${semiMegabytes}`)
  v8.setFlagsFromString(`--min-semi-space-size=${semiMegabytes}`)
  const observer = new PerformanceObserver(() => {
    if (youngBytes() < youngBytesMax) return
    v8.setFlagsFromString('--semi-space-growth-factor=1')
    observer.disconnect()
  })
  observer.observe({ entryTypes: ['gc'] })
}

const youngBytes = (): number => v8.getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0
