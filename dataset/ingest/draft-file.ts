import { readDeletionVector, writeDeletionVector } from '#infra/corpus/deletion-vector.ts'
import type { DataFile, DeletionVector } from '#schemas/data-file.ts'
import { DeletedRows } from '#schemas/deletion-vector.ts'
import type { Document } from '#schemas/document.ts'
import type { VersionFile } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { RowSet } from './row-set.ts'
import { Sights } from './sights.ts'
import { Tally } from './tally.ts'

/** A file of the version that is made. What is said of its documents is what was found, not what the miner claims. */
export class DraftFile {
  readonly #file: DataFile
  /** As they were written last. */
  readonly #deletes: DeletionVector | null
  /** All rows that are not live; read when one changes. */
  #gone: RowSet | undefined
  /** As they were written last. */
  readonly #seen: VersionFile['seen']
  /** Read when a row is seen. */
  #sights: Sights | undefined
  readonly labels: Tally
  #textBytes: number
  #datetimes: { first: string; last: string } | null
  /** Rows that were looked at. */
  taken: number
  /** Those among them that are no documents of the dataset, by reason. */
  refused: Tally

  constructor({ file, deletes, taken, refused, seen }: VersionFile) {
    this.#file = file
    this.#deletes = deletes
    this.#seen = seen
    this.labels = new Tally(file.labels)
    this.#textBytes = file.text_bytes
    this.#datetimes = file.datetime_range
    this.taken = taken
    this.refused = new Tally(refused)
  }

  /** One of which nothing was looked at. */
  static new(file: DataFile): DraftFile {
    const draft = new DraftFile({ file: { ...file, labels: [], columns: [], text_bytes: 0, datetime_range: null }, deletes: null, taken: 0, refused: [] })
    draft.#gone = RowSet.all(file.rows)
    draft.#sights = Sights.none(file.rows)
    return draft
  }

  get file(): DataFile {
    return this.#file
  }

  /** Begins anew to look at its rows; those that are live stay so until then. */
  begin(): void {
    this.taken = 0
    this.refused = new Tally()
    this.labels.clear()
    this.#textBytes = 0
    this.#datetimes = null
  }

  count({ label, text_bytes, datetime }: Document): void {
    const at = datetime.toISOString()
    this.labels.add(label)
    this.#textBytes += text_bytes
    const { first, last } = this.#datetimes ?? { first: at, last: at }
    this.#datetimes = { first: at < first ? at : first, last: at > last ? at : last }
  }

  async turn(store: ObjectStore, row: number, isLive: boolean): Promise<void> {
    const gone = (this.#gone ??= await this.goneRows(store))
    if (isLive) gone.remove(row)
    else gone.add(row)
  }

  /** As they were written last. */
  async goneRows(store: ObjectStore): Promise<RowSet> {
    const gone = new RowSet(this.#file.rows)
    for (const row of await readDeletionVector(store, { file: this.#file, deletes: this.#deletes })) gone.add(row)
    return gone
  }

  /** Its rows by when they were seen first. */
  async sights(store: ObjectStore): Promise<Sights> {
    return (this.#sights ??= await Sights.read(store, { file: this.#file, ...(this.#seen !== undefined && { seen: this.#seen }) }))
  }

  /** @param prefix of vectors and sights */
  async write(store: ObjectStore, prefix: string): Promise<VersionFile> {
    const file = { ...this.#file, labels: this.labels.counts(), text_bytes: this.#textBytes, datetime_range: this.#datetimes }
    const gone = this.#gone
    const deletes = gone ? await writeDeletionVector(store, prefix, DeletedRows.of(gone)) : this.#deletes
    const seen = this.#sights ? await this.#sights.write(store, prefix) : this.#seen
    return { file, deletes, taken: this.taken, refused: this.refused.counts(), ...(seen !== undefined && { seen }) }
  }
}
