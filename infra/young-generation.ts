import { PerformanceObserver } from 'node:perf_hooks'
import v8 from 'node:v8'

const bytesMax = 32 << 20

/**
 * Keeps the young generations of the heaps of this process from growing beyond about 32 MiB each, main thread and workers alike. On a machine with much memory
 * V8 lets each grow to 128 MiB, which buys a crawl a few per cent of time for a third of its memory. The flags of their size count for threads that start
 * later; the main thread runs already, so its growth is ended when it has come that far (the factor of growth is read each time, by all threads). For the whole process, for good.
 */
export function limitYoungGeneration(): void {
  const semiMegabytes = bytesMax >> 21
  v8.setFlagsFromString(`--max-semi-space-size=${semiMegabytes}`)
  v8.setFlagsFromString(`--min-semi-space-size=${semiMegabytes}`)
  const observer = new PerformanceObserver(() => {
    if (youngBytes() < bytesMax) return
    v8.setFlagsFromString('--semi-space-growth-factor=1')
    observer.disconnect()
  })
  observer.observe({ entryTypes: ['gc'] })
}

const youngBytes = (): number => v8.getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0
