import type { WrittenFile, WrittenGroup, WrittenSnapshot } from './state.ts'

type Totals = WrittenGroup['totals']

export function totalsOf(files: readonly WrittenFile[]): Totals {
  const totals: Totals = { files: files.length, rows: 0, deletes: 0, deletedRows: 0 }
  for (const { rows, deletes } of files) {
    totals.rows += rows
    if (!deletes) continue
    totals.deletes++
    totals.deletedRows += deletes.vector.rows
  }
  return totals
}

/** What a snapshot has, and what it changed (Iceberg spec, Appendix F: optional snapshot summary fields). */
export class SnapshotTally {
  readonly #totals: Totals = { files: 0, rows: 0, deletes: 0, deletedRows: 0 }
  #addedFiles = 0
  #addedRows = 0
  #removedFiles = 0
  #removedRows = 0
  #newDeletes = 0

  keep({ totals }: Pick<WrittenGroup, 'totals'>): void {
    this.#totals.files += totals.files
    this.#totals.rows += totals.rows
    this.#totals.deletes += totals.deletes
    this.#totals.deletedRows += totals.deletedRows
  }

  change(former: readonly WrittenFile[], files: readonly WrittenFile[]): void {
    this.keep({ totals: totalsOf(files) })
    const before = new Map(former.map((file) => [file.sha256, file]))
    for (const { sha256, rows, deletes } of files) {
      const known = before.get(sha256)
      before.delete(sha256)
      if (!known) {
        this.#addedFiles++
        this.#addedRows += rows
      }
      if (deletes && known?.deletes?.object.sha256 !== deletes.object.sha256) this.#newDeletes++
    }
    for (const { rows } of before.values()) {
      this.#removedFiles++
      this.#removedRows += rows
    }
  }

  get operation(): WrittenSnapshot['operation'] {
    if (this.#removedFiles === 0 && this.#newDeletes === 0) return 'append'
    return this.#addedFiles === 0 ? 'delete' : 'overwrite'
  }

  /**
   * Of what changed only what is not zero, as Iceberg's own writers leave it.
   * @param documents of the version
   */
  counts(documents: number): [string, string][] {
    const { files, rows, deletes, deletedRows } = this.#totals
    const changes = {
      'added-data-files': this.#addedFiles,
      'added-records': this.#addedRows,
      'deleted-data-files': this.#removedFiles,
      'deleted-records': this.#removedRows,
      'added-delete-files': this.#newDeletes,
    }
    const changed = Object.entries(changes).filter(([, count]) => count > 0)
    const all = {
      'total-data-files': files,
      'total-records': rows,
      'total-delete-files': deletes,
      'total-position-deletes': deletedRows,
      'total-equality-deletes': 0,
      'orrery.documents': documents,
    }
    return [...changed, ...Object.entries(all)].map(([name, count]) => [name, String(count)])
  }
}
