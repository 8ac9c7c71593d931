import { signManifest } from '#infra/chain/signed-manifest.ts'
import { writeDataFile } from '#infra/corpus/write-data-file.ts'
import { keptNewest } from '#infra/sweep/sweep.ts'
import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import type { Signer } from '#schemas/chain.ts'
import { formatShardName, shardKey } from '#schemas/data-universe.ts'
import type { DataFile } from '#schemas/data-file.ts'
import type { Document } from '#schemas/document.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { SnapshotManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { filesMax } from '#dataset/ingest/sources.ts'

export interface LineParts {
  catalog: Catalog
  store: ObjectStore
  /** Of the wallet that imports. */
  signer: Signer
  origin: SnapshotManifest['origin']
  /** A folder for a file that is written. */
  spool: string
}

/** The job that a dataset's imports of one kind are. */
export const importJob = (dataset: string, kind: string): string => `import.${dataset}.${kind}`

/** The snapshots of an import, each with a file more: an ordinary miner's line, of a hotkey of the operator's own. */
export class ImportLine {
  readonly #parts: LineParts
  readonly #jobId: string
  #head: CatalogEntry<'snapshot'> | undefined

  private constructor(parts: LineParts, jobId: string, head: CatalogEntry<'snapshot'> | undefined) {
    this.#parts = parts
    this.#jobId = jobId
    this.#head = head
  }

  static async open(parts: LineParts, jobId: string): Promise<ImportLine> {
    return new ImportLine(parts, jobId, await parts.catalog.head(lineage.snapshot(parts.signer.address, jobId)))
  }

  /** @param file sha256 */
  has(file: string): boolean {
    return this.#head?.manifest.files.some((listed) => listed.file.sha256 === file) ?? false
  }

  /** Writes a file of which nobody knows yet. The same documents at the same time are the same file. */
  write(documents: readonly Document[], begunAt: Date): Promise<DataFile> {
    const { store, signer, spool } = this.#parts
    const writtenAt = new Date(Math.floor(begunAt.getTime() / 1000) * 1000)
    const keyOf = ({ rows, sha256 }: { rows: number; sha256: string }): string =>
      shardKey(signer.address, this.#jobId, formatShardName({ writtenAt, rows, hex: sha256.slice(0, 16) }))
    return writeDataFile(store, { documents, codec: 'zstd', writtenAt, keyOf, spool })
  }

  /** Lists a file more. @throws OrreryError `conflict` when another process imports to the same job, `too_large` */
  async add(file: DataFile): Promise<void> {
    if (this.has(file.sha256)) return
    const { catalog, signer, origin } = this.#parts
    const former = this.#head
    if (former && former.manifest.files.length >= filesMax)
      throw new OrreryError('too_large', `The job ${this.#jobId} has ${filesMax} files, as many as one may; import into another dataset.`, { job: this.#jobId })
    const unsigned = {
      kind: 'snapshot' as const,
      parent: former?.sha256 ?? null,
      origin,
      hotkey: signer.address,
      job_id: this.#jobId,
      written_at: file.written_at,
      files: [...(former?.manifest.files ?? []), { file, deletes: null }],
      duplicates: { exact: 0, near: 0, clusters: 0 },
    }
    this.#head = await catalog.commit(lineage.snapshot(signer.address, this.#jobId), former?.sha256, signManifest(unsigned, signer))
  }

  /** Forgets all snapshots but the newest: each lists what the one before it lists. @param now ms since epoch */
  async expire(now: number): Promise<void> {
    const { catalog, signer } = this.#parts
    await catalog.expire(lineage.snapshot(signer.address, this.#jobId), { keepNewest: keptNewest, before: now })
  }
}
