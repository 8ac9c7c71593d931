import { recentValues } from '#infra/recent-values.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Refusals } from './refusals.ts'
import { verdictMemory } from './verdicts.ts'

const bytesMax = 16 * 2 ** 20

/** What this process found out and need not find out again. All but the refusals is lost with it, and then looked at once more. */
export class IngestMemory {
  /** Whether index and head were compared. */
  isCompared = false
  /** Whether it was told that nobody judges what there is. */
  isUnjudgedTold = false
  /** Files that cannot be taken. */
  refusals: Refusals | undefined
  /** Of trusted validators. */
  readonly verdicts = verdictMemory()
  /** Snapshots that were refused, or had nothing new. */
  readonly #seen = recentValues<string, true>({ bytesMax })

  see(line: string, address: string): void {
    this.#seen.keep(seenName(line, address), true)
  }

  hasSeen(line: string, address: string): boolean {
    return this.#seen.get(seenName(line, address)) === true
  }
}

/** Short, as there is one of each line. */
const seenName = (line: string, address: string): string => sha256Hex(`${line} ${address}`).slice(0, 32)
