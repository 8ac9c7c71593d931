/** What a hotkey that is not known may take at a time, and of one ingest. */
export interface Budget {
  /** Bytes of files and of rows until the next hotkey has its turn. */
  turnBytes: number
  /** CPU of this thread until then, ms. */
  turnCpuMs: number
  /** Of one ingest: the rest comes with the next. */
  bytes: number
  cpuMs: number
}

/** One file of the largest size is taken whole; a second of CPU is some 10 MB of text. */
export const strangersBudget: Budget = { turnBytes: 16 * 2 ** 20, turnCpuMs: 5000, bytes: 2 * 2 ** 30, cpuMs: 60_000 }

/** Looking at a file costs some requests, and at a row its other columns, whatever is in them. */
const [fileBytes, rowBytes] = [2 ** 16, 2 ** 10]

/** What one hotkey took of an ingest. */
export class Allowance {
  readonly #budget: Budget | undefined
  #turnBytes = 0
  #bytes = 0
  /** CPU of turns that are over, µs. */
  #cpuUs = 0
  #begun = cpuUs()

  /** @param budget absent: without end, of its own miners */
  constructor(budget?: Budget) {
    this.#budget = budget
  }

  beginTurn(): void {
    this.#turnBytes = 0
    this.#begun = cpuUs()
  }

  endTurn(): void {
    this.#cpuUs += cpuUs() - this.#begun
    this.#begun = cpuUs()
  }

  lookAtFile(bytes = 0): void {
    this.#spend(fileBytes + bytes)
  }

  lookAtRow(textBytes: number): void {
    this.#spend(rowBytes + textBytes)
  }

  #spend(bytes: number): void {
    this.#turnBytes += bytes
    this.#bytes += bytes
  }

  /** Whether it is the turn of another. */
  get isTurnOver(): boolean {
    if (!this.#budget) return false
    return this.#turnBytes >= this.#budget.turnBytes || cpuUs() - this.#begun >= 1000 * this.#budget.turnCpuMs
  }

  /** Whether it has taken all it may; between turns. */
  get isSpent(): boolean {
    if (!this.#budget) return false
    return this.#bytes >= this.#budget.bytes || this.#cpuUs >= 1000 * this.#budget.cpuMs
  }
}

function cpuUs(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}
