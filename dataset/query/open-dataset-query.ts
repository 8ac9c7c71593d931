import type { Catalog } from '#schemas/catalog.ts'
import type { Clock } from '#schemas/clock.ts'
import { columnTable, type ColumnName } from '#schemas/document-columns.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { SelectOptions, Sql, SqlSelection } from '#schemas/sql.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { DatasetEntry } from '../versions.ts'
import { Admission } from './admission.ts'
import { DamagedFiles } from './damaged-files.ts'
import type { DatasetQuery, FoundDocument, Page, Place, Question, ReadDocument } from './dataset-query.ts'
import type { FoundPage, IndexReader, PlacedDocument } from './index/index-reader.ts'
import { isDamage } from './index/index-folder.ts'
import { DatasetIndex, indexFolder } from './index/open-index.ts'
import { phrasePage, phrasesOf } from './phrase-page.ts'
import { readRows, type WantedRow } from './read-rows.ts'
import { textReader, type TextReader } from './text-reader.ts'
import { tableOf } from './statement-table.ts'
import { fileOfNumber, liveRowsBefore, liveRowsFrom, placesOfVersions } from './version-places.ts'

export interface QueryParts {
  /** Where indexes are kept. */
  folder: string
  catalog: Catalog
  store: ObjectStore
  sql: Pick<Sql, 'select'>
  clock: Clock
  telemetry: Telemetry
}

/** Look-ups take milliseconds of one thread. */
const lookups = { atOnce: 16, waiting: 64, waitMs: 5000 }
/** Statements may take all the cores there are for them. */
const statements = { atOnce: 2, waiting: 16, waitMs: 10_000 }
/** A version that nobody has brought to the index is waited for so long; then it answers for what it has. */
const patienceMs = 2000
/** By so many questions: the others have its place. */
const patientMax = 4
const limitMax = 1000
/** Of one document: what its texts may be (document-columns.ts). */
const documentBytesMax = 2 ** 25
const shownColumns = (Object.keys(columnTable) as ColumnName[]).filter((name) => name !== 'minhash')

/** The indexes of a service's datasets, each opened when it is first asked. */
export function openDatasetQuery(parts: QueryParts): DatasetQuery {
  return new Query(parts)
}

class Query implements DatasetQuery {
  readonly #parts: QueryParts
  readonly #indexes = new Map<string, DatasetIndex>()
  readonly #bringing = new Map<DatasetIndex, { version: number; done: Promise<void> }>()
  #patient = 0
  readonly #lookups = new Admission(lookups)
  readonly #statements = new Admission(statements)
  readonly #places
  readonly #texts: TextReader
  readonly #damaged: DamagedFiles
  readonly #closing = new AbortController()

  constructor(parts: QueryParts) {
    this.#parts = parts
    this.#places = placesOfVersions(parts.store)
    this.#texts = textReader(parts.store)
    this.#damaged = new DamagedFiles({ ...parts, places: this.#places, signal: this.#closing.signal })
  }

  async follow(entry: DatasetEntry, signal: AbortSignal): Promise<void> {
    const index = this.#indexOf(entry)
    const until = AbortSignal.any([signal, this.#closing.signal])
    const follow = async (): Promise<void> => {
      await index.ready()
      await index.follow(entry, until)
    }
    await follow().catch((error: unknown) => this.#discardAnd(follow, { index, entry, error }))
  }

  page(entry: DatasetEntry, question: Question, signal?: AbortSignal): Promise<Page> {
    if (!Number.isSafeInteger(question.limit) || question.limit < 1 || question.limit > limitMax)
      throw new OrreryError('invalid_argument', `limit: it is ${question.limit}; pass 1..${limitMax}.`)
    return this.#ask(entry, signal, async (reader) => {
      const page = (asked: Question) => reader.page(entry.version, asked)
      const phrases = phrasesOf(question)
      const textOf = async (placed: PlacedDocument): Promise<string> => {
        const [read] = await this.#texts([wantedOf(placed)], { textBytesMax: documentBytesMax, signal, columns: ['text'] }, this.#broken)
        return read?.text ?? ''
      }
      const found = phrases.length === 0 ? { ...(await page(question)), isExact: true } : await phrasePage({ page, textOf }, question, phrases)
      return pageOf(found, this.#isWhole(entry, found) ? null : { documents: found.covered })
    })
  }

  facets: DatasetQuery['facets'] = (entry, filters, fields, limit, signal) =>
    this.#ask(entry, signal, (reader) => reader.facets(entry.version, filters, fields, limit))

  document: DatasetQuery['document'] = (entry, id, signal) =>
    this.#ask(entry, signal, async (reader) => {
      const placed = await reader.document(entry.version, id)
      if (!placed && this.#indexOf(entry).followed < entry.version)
        throw new OrreryError('store_unavailable', `The index does not have all of version ${entry.version} yet, and not this document; try again.`)
      if (!placed) return undefined
      const [rest] = await this.#texts([wantedOf(placed)], { textBytesMax: documentBytesMax, signal })
      const { document, file, row } = placed.document
      return rest && { document: { ...document, ...rest }, file, row }
    })

  async texts(...[entry, places, options]: Parameters<DatasetQuery['texts']>): Promise<{ text: string; markdown: string | null }[]> {
    const read = await this.#lookups.run(async () => this.#texts(await this.#wanted(entry, places), options, this.#broken), options.signal)
    return places.map((_, n) => read[n] ?? { text: '', markdown: null })
  }

  async documentsAt(...[entry, places, options]: Parameters<DatasetQuery['documentsAt']>): Promise<ReadDocument[]> {
    return this.#lookups.run(async () => readRows(this.#parts.store, await this.#wanted(entry, places), shownColumns, options), options.signal)
  }

  async #wanted(entry: DatasetEntry, places: readonly Place[]): Promise<WantedRow[]> {
    const files = await this.#places.require(entry, places)
    return places.map(({ row }, n) => ({ listed: files[n] as (typeof files)[number], row }))
  }

  async rowsAt(...[entry, offset, limit, options]: Parameters<DatasetQuery['rowsAt']>): Promise<ReadDocument[]> {
    if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(limit) || limit < 0 || limit > limitMax)
      throw new OrreryError('invalid_argument', `offset ${offset} and limit ${limit}: pass an offset of at least 0 and a limit of 0..${limitMax}.`)
    return this.#lookups.run(async () => readRows(this.#parts.store, await this.#numbered(entry, offset, limit), shownColumns, options), options.signal)
  }

  async #numbered(entry: DatasetEntry, offset: number, limit: number): Promise<WantedRow[]> {
    const places = await this.#places.of(entry)
    const end = Math.min(offset + limit, places.before.at(-1) ?? 0)
    const wanted: WantedRow[] = []
    for (let number = offset; number < end;) {
      const n = fileOfNumber(places, number)
      const listed = places.files[n] as (typeof places.files)[number]
      const deleted = await this.#places.deleted(listed)
      const from = number - (places.before[n] as number)
      const rows = liveRowsFrom(deleted, listed.file.rows, from, end - number)
      if (rows.length === 0) break
      for (const row of rows) wanted.push({ listed, row })
      number += rows.length
    }
    return wanted
  }

  rowNumbers(...[entry, places, signal]: Parameters<DatasetQuery['rowNumbers']>): Promise<number[]> {
    return this.#lookups.run(() => this.#numbersOf(entry, places), signal)
  }

  async #numbersOf(entry: DatasetEntry, places: readonly Place[]): Promise<number[]> {
    const files = await this.#places.require(entry, places)
    const { before, indexes } = await this.#places.of(entry)
    return Promise.all(
      places.map(async ({ row }, n) => {
        const listed = files[n] as (typeof files)[number]
        return (before[indexes.get(listed.file.key) ?? 0] as number) + liveRowsBefore(await this.#places.deleted(listed), row)
      }),
    )
  }

  statement: DatasetQuery['statement'] = (entry, script, options) => {
    const select = (damaged = this.#damaged.of(entry)) =>
      this.#parts.sql.select(script, tableOf({ ...this.#parts, places: this.#places }, entry, damaged), options)
    return this.#statements.run(() => select().catch((error: unknown) => this.#selectWithout(entry, { error, options, select })), options.signal)
  }

  /** What met a damaged file is asked once more without those that are, if it is known in time which they are. */
  async #selectWithout(
    entry: DatasetEntry,
    { error, options, select }: { error: unknown; options: SelectOptions; select(damaged: ReadonlySet<string>): Promise<SqlSelection> },
  ): Promise<SqlSelection> {
    if (!(error instanceof OrreryError && error.details['is_table'] === true) || this.#damaged.of(entry)) throw error
    const enough = AbortSignal.any([AbortSignal.timeout(options.timeoutMs), ...(options.signal ? [options.signal] : [])])
    const gaveUp = new Promise<undefined>((resolve) => enough.addEventListener('abort', () => resolve(undefined)))
    const damaged = await Promise.race([this.#damaged.look(entry), gaveUp])
    options.signal?.throwIfAborted()
    if (!damaged || damaged.size === 0) throw error
    return select(damaged)
  }

  /** By its index, which has the version by then or says how much of it. One that is damaged is made anew, and asked once more. */
  async #ask<T>(entry: DatasetEntry, signal: AbortSignal | undefined, work: (reader: IndexReader) => Promise<T>): Promise<T> {
    const index = this.#indexOf(entry)
    const ready = async (): Promise<T> => {
      await index.ready()
      if (index.followed < entry.version) await this.#bring(index, entry)
      return work(index.reader)
    }
    const ask = (): Promise<T> => this.#lookups.run(ready, signal)
    return ask().catch((error: unknown) => this.#discardAnd(ask, { index, entry, error }))
  }

  async #discardAnd<T>(again: () => Promise<T>, { index, entry, error }: { index: DatasetIndex; entry: DatasetEntry; error: unknown }): Promise<T> {
    if (!isDamage(error)) throw error
    this.#parts.telemetry.event('dataset.index_damaged', { dataset: entry.manifest.name, reason: error.message })
    await index.discard()
    return again()
  }

  /** Nobody waits long for it, and only some at a time: the work goes on, once for all who ask. */
  async #bring(index: DatasetIndex, entry: DatasetEntry): Promise<void> {
    const done = this.#broughtBy(index, entry)
    if (this.#patient < patientMax) {
      this.#patient++
      const enough = new AbortController()
      await Promise.race([done, this.#parts.clock.sleep(patienceMs, enough.signal).catch(() => undefined)])
      enough.abort()
      this.#patient--
    }
    if (index.followed < entry.version) await index.sync()
  }

  #broughtBy(index: DatasetIndex, entry: DatasetEntry): Promise<void> {
    const { version } = entry
    const known = this.#bringing.get(index)
    if (known && known.version >= version) return known.done
    const bringing = { version, done: this.#following(index, entry) }
    this.#bringing.set(index, bringing)
    return bringing.done.finally(() => {
      if (this.#bringing.get(index) === bringing) this.#bringing.delete(index)
    })
  }

  async #following(index: DatasetIndex, entry: DatasetEntry): Promise<void> {
    const follow = () => index.follow(entry, this.#closing.signal)
    try {
      await follow().catch((error: unknown) => this.#discardAnd(follow, { index, entry, error }))
    } catch (error) {
      if (this.#closing.signal.aborted) return
      // Another process may write it: what that one brought is there for all.
      await index.sync().catch(() => undefined)
      if (!(error instanceof OrreryError && error.code === 'conflict'))
        this.#parts.telemetry.event('dataset.index_failed', { dataset: entry.manifest.name, version: entry.version, reason: String(error) })
    }
  }

  readonly #broken = (key: string, reason: string): void => this.#parts.telemetry.event('dataset.file_unreadable', { key, reason })

  /** A file that cannot be read leaves it less than the version has, too. */
  #isWhole(entry: DatasetEntry, { covered }: FoundPage): boolean {
    return this.#indexOf(entry).followed >= entry.version && covered >= entry.manifest.documents
  }

  #indexOf({ manifest: { name } }: DatasetEntry): DatasetIndex {
    const known = this.#indexes.get(name)
    if (known) return known
    const index = new DatasetIndex({ ...this.#parts, folder: indexFolder(this.#parts.folder, name) })
    this.#indexes.set(name, index)
    return index
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException('The dataset service was closed.', 'AbortError'))
    await Promise.all([...this.#indexes.values()].map((index) => index[Symbol.asyncDispose]()))
  }
}

const wantedOf = ({ document: { row }, file }: PlacedDocument) => ({ listed: { file }, row })

function pageOf({ found, cursors, isLast, total, isExact, noMatch }: FoundPage & { isExact: boolean }, partial: Page['partial']): Page {
  return {
    documents: found.map(({ document }): FoundDocument => document),
    next: isLast ? null : (cursors.at(-1) ?? null),
    total: { documents: total, isExact },
    noMatch,
    partial,
  }
}
