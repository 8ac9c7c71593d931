import type { KnownRow, RowFacts, RowPlace, RowState } from '#schemas/corpus-index.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Database } from '../sqlite/database.ts'

export const states = ['live', 'shadowed', 'remembered'] as const satisfies readonly RowState[]
const live = states.indexOf('live')

interface Cells {
  ordinal: number
  id: Uint8Array
  uri: string
  hotkey: string
  job: string
  label: string
  version: number
  fetched_at: number
  published_at: number | null
  text_bytes: number
  address_fit: number
  html: Uint8Array
  seen: number
  state: number
  file: Uint8Array | null
  position: number | null
}

const select = `select ordinal, id, uri, hotkey.text as hotkey, job.text as job, label.text as label, version, fetched_at, published_at, text_bytes,
  address_fit, html, seen, state, sha256 as file, position
from rows join texts hotkey on hotkey.number = hotkey join texts job on job.number = job join texts label on label.number = label
  left join files on files.number = file`

/** Where a row is linked. */
export interface RowLinks {
  /** Names its cluster; null: it is like no other. */
  cluster: number | null
  /** The row that stands in the postings for it; null: it does so itself. */
  twin: number | null
}

/** The facts of rows by ordinal, and what is asked of them by file and by cluster. Changes belong into a transaction of the same database. */
export class RowTable {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Pages of the file that are in memory, at most. */
  get cacheBytes(): number {
    const kib = this.#db.get<{ cache_size: number }>('pragma cache_size')?.cache_size ?? 0
    return Math.max(0, -kib * 1024)
  }

  get diskBytes(): number {
    const pages = this.#db.get<{ page_count: number }>('pragma page_count')?.page_count ?? 0
    return pages * (this.#db.get<{ page_size: number }>('pragma page_size')?.page_size ?? 0)
  }

  get(ordinal: number): KnownRow | undefined {
    const cells = this.#db.get<Cells>(`${select} where ordinal = ?`, ordinal)
    return cells && rowOf(cells)
  }

  state(ordinal: number): RowState | undefined {
    const found = this.#db.get<{ state: number }>('select state from rows where ordinal = ?', ordinal)
    return found && states[found.state]
  }

  links(ordinal: number): RowLinks | undefined {
    return this.#db.get<{ cluster: number | null; twin: number | null }>('select cluster, twin from rows where ordinal = ?', ordinal)
  }

  /** @throws OrreryError `data_unreadable` when there is none */
  signature(ordinal: number): Uint8Array {
    const found = this.#db.get<{ signature: Uint8Array }>('select signature from signatures where ordinal = ?', ordinal)
    if (found) return found.signature
    throw new OrreryError(
      'data_unreadable',
      `The index of a corpus has no signature of row ${ordinal}: remove its folder; it is made again from the data files.`,
    )
  }

  ofCluster(cluster: number, limit: number): KnownRow[] {
    return this.#db.all<Cells>(`${select} where cluster = ? order by ordinal limit ?`, cluster, limit).map(rowOf)
  }

  liveOf(cluster: number): KnownRow[] {
    return this.#db.all<Cells>(`${select} where cluster = ? and state = ${live} order by ordinal`, cluster).map(rowOf)
  }

  inFile(sha256: string): KnownRow[] {
    return this.#db.all<Cells>(`${select} where file = (select number from files where sha256 = ?) order by position`, Buffer.from(sha256, 'hex')).map(rowOf)
  }

  atPlaces(sha256: string, positions: readonly number[]): KnownRow[] {
    const file = this.#db.get<{ number: number }>('select number from files where sha256 = ?', Buffer.from(sha256, 'hex'))?.number
    if (file === undefined) return []
    const found = positions.toSorted((a, b) => a - b).flatMap((row) => this.#db.get<Cells>(`${select} where file = ? and position = ?`, file, row) ?? [])
    return found.map(rowOf)
  }

  files(): string[] {
    return this.#db.all<{ sha256: Uint8Array }>('select sha256 from files order by number').map(({ sha256 }) => hex(sha256))
  }

  addFile(sha256: string): number {
    const name = Buffer.from(sha256, 'hex')
    this.#db.run('insert into files (sha256) values (?) on conflict do nothing', name)
    return this.#db.get<{ number: number }>('select number from files where sha256 = ?', name)?.number ?? 0
  }

  /** False when a row stands there still. */
  dropFile(sha256: string): boolean {
    if (this.#db.get('select 1 from rows where file = (select number from files where sha256 = ?) limit 1', Buffer.from(sha256, 'hex'))) return false
    this.#db.run('delete from files where sha256 = ?', Buffer.from(sha256, 'hex'))
    return true
  }

  textNumber(text: string): number {
    const known = this.#db.get<{ number: number }>('select number from texts where text = ?', text)
    if (known) return known.number
    this.#db.run('insert into texts (text) values (?)', text)
    return this.textNumber(text)
  }

  insert(ordinal: number, facts: RowFacts, at: { state: RowState; place: NumberedPlace | null } & RowLinks, numberOf: (text: string) => number): void {
    const { id, uri, hotkey, jobId, label, version, fetchedAt, publishedAt, textBytes, addressFit = 0, htmlSha256, seen } = facts
    this.#db.run(
      'insert into rows values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      ordinal,
      Buffer.from(id, 'hex'),
      uri,
      numberOf(hotkey),
      numberOf(jobId),
      numberOf(label),
      version,
      fetchedAt,
      publishedAt,
      textBytes,
      addressFit,
      Buffer.from(htmlSha256, 'hex'),
      states.indexOf(at.state),
      at.place?.file ?? null,
      at.place?.row ?? null,
      at.cluster,
      at.twin,
      seen,
    )
  }

  sign(ordinal: number, signature: Uint8Array): void {
    this.#db.run('insert into signatures values (?, ?)', ordinal, signature)
  }

  move(ordinal: number, state: RowState, place: NumberedPlace | null): void {
    this.#db.run('update rows set state = ?, file = ?, position = ? where ordinal = ?', states.indexOf(state), place?.file ?? null, place?.row ?? null, ordinal)
  }

  remove(ordinal: number): void {
    this.#db.run('delete from rows where ordinal = ?', ordinal)
    this.#db.run('delete from signatures where ordinal = ?', ordinal)
    this.#db.run('delete from joins where (a, b) in (select b, a from joins where a = ?)', ordinal)
    this.#db.run('delete from joins where a = ?', ordinal)
  }
}

export interface NumberedPlace {
  file: number
  row: number
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')

function rowOf(cells: Cells): KnownRow {
  const place: RowPlace | null = cells.file && cells.position !== null ? { file: hex(cells.file), row: cells.position } : null
  return {
    ordinal: cells.ordinal,
    id: hex(cells.id),
    uri: cells.uri,
    hotkey: cells.hotkey,
    jobId: cells.job,
    label: cells.label,
    version: cells.version,
    fetchedAt: cells.fetched_at,
    publishedAt: cells.published_at,
    textBytes: cells.text_bytes,
    addressFit: cells.address_fit as -1 | 0 | 1,
    htmlSha256: hex(cells.html),
    seen: cells.seen,
    state: states[cells.state] as RowState,
    place,
  }
}
