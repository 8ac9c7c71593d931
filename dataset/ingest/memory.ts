import { recentValues } from '#infra/recent-values.ts'
import type { ListedFile } from '#schemas/data-file.ts'

const bytesMax = 2 ** 20

/**
 * What this process found out and need not find out again: files that cannot be taken, and snapshots that were refused or had nothing new. Lost with the
 * process: then they are looked at once more.
 */
export class IngestMemory {
  /** Whether index and head were compared. */
  isCompared = false
  readonly #faults = recentValues<string, string>({ bytesMax, bytesOf: (reason) => 24 + 2 * reason.length })
  readonly #seen = recentValues<string, true>({ bytesMax })

  /** A miner's claim of a file speaks for its own keys alone. */
  refuse(listed: ListedFile, reason: string): void {
    this.#faults.keep(nameOf(listed), reason)
  }

  faultOf(listed: ListedFile): string | undefined {
    return this.#faults.get(nameOf(listed))
  }

  see(line: string, address: string): void {
    this.#seen.keep(`${line} ${address}`, true)
  }

  hasSeen(line: string, address: string): boolean {
    return this.#seen.get(`${line} ${address}`) === true
  }
}

const nameOf = ({ file: { key, sha256, bytes }, deletes }: ListedFile): string => `${key} ${sha256} ${bytes} ${deletes?.sha256}`
