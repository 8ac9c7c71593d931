import { createHash } from 'node:crypto'
import { recentValues } from '#infra/recent-values.ts'
import type { DataFile } from '#schemas/data-file.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { DatasetEntry } from '../versions.ts'
import type { PlacesOfVersions } from './version-places.ts'

interface DamagedFilesParts {
  store: Pick<ObjectStore, 'get'>
  places: PlacesOfVersions
  telemetry: Telemetry
  signal: AbortSignal
}

const pieceBytes = 4 * 2 ** 20
const versionsBytesMax = 2 ** 20

/** Files of versions that are not what was written, looked for when a statement has met one: each version once, whatever strangers say, one after the other. */
export class DamagedFiles {
  readonly #parts: DamagedFilesParts
  readonly #found = recentValues<string, ReadonlySet<string>>({ bytesMax: versionsBytesMax, bytesOf: ({ size }) => 200 * (1 + size) })
  #looking: Promise<unknown> = Promise.resolve()

  constructor(parts: DamagedFilesParts) {
    this.#parts = parts
  }

  /** Those that are known; undefined for a version that nobody looked at. */
  of(entry: DatasetEntry): ReadonlySet<string> | undefined {
    return this.#found.get(entry.sha256)
  }

  /** Reads all files of a version, unless they were read. @throws the reason of the service's signal */
  look(entry: DatasetEntry): Promise<ReadonlySet<string>> {
    const looking = this.#looking.catch(() => undefined).then(async () => this.of(entry) ?? (await this.#look(entry)))
    this.#looking = looking
    return looking
  }

  async #look(entry: DatasetEntry): Promise<ReadonlySet<string>> {
    const { places, telemetry } = this.#parts
    const damaged = new Set<string>()
    for (const { file } of (await places.of(entry)).files) {
      const reason = await this.#faultOf(file)
      if (reason === undefined) continue
      damaged.add(file.key)
      telemetry.event('dataset.file_unreadable', { key: file.key, reason })
    }
    this.#found.keep(entry.sha256, damaged)
    return damaged
  }

  async #faultOf({ key, bytes, sha256 }: Pick<DataFile, 'key' | 'bytes' | 'sha256'>): Promise<string | undefined> {
    const hash = createHash('sha256')
    for (let start = 0; start < bytes; start += pieceBytes) {
      this.#parts.signal.throwIfAborted()
      try {
        hash.update(await this.#parts.store.get(key, { start, end: Math.min(bytes, start + pieceBytes) }))
      } catch (error) {
        return String(error)
      }
    }
    return hash.digest('hex') === sha256 ? undefined : 'it has other bytes than its manifest says'
  }
}
