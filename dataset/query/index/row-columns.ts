import { setImmediate as nextTurn } from 'node:timers/promises'
import { recentValues } from '#infra/recent-values.ts'
import type { Database } from '#infra/sqlite/database.ts'
import { bitOf, countAll, wordRows } from '../words/bits.ts'
import { blockRows } from '../words/postings.ts'
import { damaged } from './index-folder.ts'
import { IdOrder } from './id-order.ts'
import { stays } from './index-writer.ts'
import { rowChecksum, writtenFields, type WrittenRow } from './row-checksum.ts'

/** What rows are chosen, counted and sorted by, in memory: 82 bytes a row with their order. */
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
/** Some ms of a thread that is asked meanwhile. */
const rowsAtOnce = 1000
/** Of versions and of values that were asked for lately, each: a bit for each row. */
const bitBytesMax = 16 * 2 ** 20

interface VersionRows {
  bits: Uint32Array
  count: number
  /** When it was made: how often rows were taken in, and the version that was whole. */
  sync: number
  followed: number
}
/** Ids are hashes: their first 52 bits tell a million apart but for one in ten thousand such millions, whose two rows are then sorted by their numbers. */
const idDigits = 13

const idNumber = (id: Uint8Array): number => Number.parseInt(Buffer.from(id.buffer, id.byteOffset, 8).toString('hex').slice(0, idDigits), 16)

/** The columns of all rows of an index file, by their numbers, from 1; what a file gets is taken in by `sync`. */
export class RowColumns {
  #columns: Columns = columnsOf(1024)
  /** Numbers are below it. */
  #end = 1
  /** Rows whose end came with a version up to this one have it. */
  #followed = 0
  #syncs = 0
  readonly #versions = recentValues<number, VersionRows>({ bytesMax: bitBytesMax, bytesOf: ({ bits }) => bits.byteLength })
  readonly #having = recentValues<string, { bits: Uint32Array; end: number }>({ bytesMax: bitBytesMax, bytesOf: ({ bits }) => bits.byteLength })

  readonly byId = new IdOrder()

  /** The number behind the last. */
  get end(): number {
    return this.#end
  }

  get<Field extends RowField>(field: Field): Columns[Field] {
    return this.#columns[field]
  }

  /** The rows of a version, by their bits, and how many there are. */
  ofVersion(version: number): VersionRows {
    const known = this.#versions.get(version)
    // Of a version that is in it whole nothing comes, and nothing goes but what is forgotten.
    if (known && (known.sync === this.#syncs || version <= known.followed)) return known
    const [since, until] = [this.#columns.since, this.#columns.until]
    const bits = this.#bitsWhere(1, (row) => (since[row] as number) <= version && version < (until[row] as number))
    const found = { bits, count: countAll(bits), sync: this.#syncs, followed: this.#followed }
    this.#versions.keep(version, found)
    return found
  }

  /** The rows whose number of a field is one of these, by their bits. */
  having(field: RowField, numbers: readonly number[]): Uint32Array {
    const name = `${field} ${numbers.join()}`
    const known = this.#having.get(name)
    if (known?.end === this.#end) return known.bits
    const column = this.#columns[field]
    const wanted = new Uint8Array(numbers.reduce((most, number) => Math.max(most, number), 0) + 1)
    for (const number of numbers) wanted[number] = 1
    // A row's numbers never change.
    const bits = this.#bitsWhere(known?.end ?? 1, (row) => wanted[column[row] as number] === 1, known?.bits)
    this.#having.keep(name, { bits, end: this.#end })
    return bits
  }

  #bitsWhere(from: number, isIn: (row: number) => boolean, before?: Uint32Array): Uint32Array {
    const bits = new Uint32Array((Math.ceil(this.#end / blockRows) * blockRows) / wordRows)
    if (before) bits.set(before)
    for (let row = from; row < this.#end; row++) if (isIn(row)) bits[row >>> 5] = (bits[row >>> 5] as number) | bitOf(row)
    return bits
  }

  /** What was written since. @param followed the version that the file has whole */
  async sync(db: Database, followed: number): Promise<void> {
    this.#syncs++
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
      this.#syncs++
      if (rows.length < rowsAtOnce) break
      await nextTurn()
    }
    await this.byId.take(this.#columns.id, this.#end)
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
