/** What the watch of a reader begins with. */
export interface Watched {
  buffer: SharedArrayBuffer
  /** Most CPU time of the process that one page may take, ms. */
  cpuMsMax: number
}

/** CPU time of the process, all threads together, ms: what collects garbage and compiles is the page's too. */
function processCpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Which page is being read and the CPU time when it was begun, in memory that the reader and its watch share. */
export function openBegun(buffer = new SharedArrayBuffer(16)) {
  const [numberAt, neverAt] = [0, 1]
  const page = new Int32Array(buffer, 0, 2)
  const cpuMs = new Float64Array(buffer, 8, 1)
  let last = 0
  return {
    buffer,
    begin(): void {
      cpuMs[0] = processCpuMs()
      // The order matters: whoever sees the page sees its beginning.
      Atomics.store(page, numberAt, ++last)
    },
    end(): void {
      Atomics.store(page, numberAt, 0)
    },
    /** Number of the page that is being read; 0: none is. */
    page: () => Atomics.load(page, numberAt),
    /** CPU time since the page was begun. */
    spentMs: () => processCpuMs() - (cpuMs[0] ?? 0),
    /** Lets time pass. */
    sleep: (ms: number) => void Atomics.wait(page, neverAt, 0, ms),
  }
}
