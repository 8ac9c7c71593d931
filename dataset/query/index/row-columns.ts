import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Database } from '#infra/sqlite/database.ts'
import { damaged } from './index-folder.ts'
import { stays } from './index-writer.ts'
import { rowChecksum, writtenFields, type WrittenRow } from './row-checksum.ts'

/** What rows are chosen, counted and sorted by, in memory: 76 bytes a row. */
const fields = {
  since: Int32Array,
  until: Int32Array,
  id: Float64Array,
  label: Int32Array,
  host: Int32Array,
  lang: Int32Array,
  licence: Int32Array,
  source: Int32Array,
  datetime: Float64Array,
  fetched_at: Float64Array,
  text_bytes: Int32Array,
  quality: Float64Array,
} as const
export type RowField = keyof typeof fields
type Columns = { [Field in RowField]: InstanceType<(typeof fields)[Field]> }

const names = Object.keys(fields) as RowField[]
const rowsAtOnce = 10_000
/** Ids are hashes: their first 52 bits tell a million apart but for one in ten thousand such millions, whose two rows are then sorted by their numbers. */
const idDigits = 13

const idNumber = (id: Uint8Array): number => Number.parseInt(Buffer.from(id.buffer, id.byteOffset, 8).toString('hex').slice(0, idDigits), 16)

/** The columns of all rows of an index file, by their numbers, from 1; what a file gets is taken in by `sync`. */
export class RowColumns {
  #columns: Columns = columnsOf(1024)
  #room = new Uint32Array()
  /** Numbers are below it. */
  #end = 1
  /** Rows whose end came with a version up to this one have it. */
  #followed = 0

  /** The number behind the last. */
  get end(): number {
    return this.#end
  }

  /** For the numbers of all rows. */
  room(): Uint32Array {
    if (this.#room.length < this.#end) this.#room = new Uint32Array(this.#columns.since.length)
    return this.#room
  }

  get<Field extends RowField>(field: Field): Columns[Field] {
    return this.#columns[field]
  }

  /** What was written since. @param followed the version that the file has whole */
  async sync(db: Database, followed: number): Promise<void> {
    for (const { number, until } of db.all<{ number: number; until: number }>(
      'select number, until from rows where until < ? and until > ?',
      stays,
      this.#followed,
    ))
      if (number < this.#end) this.#columns.until[number] = until
    for (;;) {
      const rows = db.all<WrittenRow & { number: number; until: number; checksum: number }>(
        `select number, ${writtenFields.join(', ')}, id, until, checksum from rows where number >= ? order by number limit ?`,
        this.#end,
        rowsAtOnce,
      )
      for (const row of rows) this.#take(row)
      if (rows.length < rowsAtOnce) break
      await nextTurn()
    }
    this.#followed = followed
  }

  #take(row: WrittenRow & { number: number; until: number; checksum: number }): void {
    const { number } = row
    if (rowChecksum(row) !== row.checksum || row.until <= row.since) throw damaged('a row has another checksum')
    if (number >= this.#columns.since.length) this.#grow(number + 1)
    for (const name of names) this.#columns[name][number] = name === 'id' ? idNumber(row.id) : row[name]
    this.#end = number + 1
  }

  #grow(rows: number): void {
    const larger = columnsOf(Math.max(rows, Math.ceil(this.#columns.since.length * 1.5)))
    for (const name of names) larger[name].set(this.#columns[name])
    this.#columns = larger
  }
}

const columnsOf = (rows: number): Columns => Object.fromEntries(names.map((name) => [name, new fields[name](rows)])) as unknown as Columns
