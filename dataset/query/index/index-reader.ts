import { openDatabase, type Database } from '#infra/sqlite/database.ts'
import { fileSchemas } from '#infra/sqlite/schema.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Facet, FacetField, Filters, FoundDocument, NoMatch, Question } from '../dataset-query.ts'
import { doMeet } from '../words/bits.ts'
import { soughtWords } from '../words/words.ts'
import { ChosenRows } from './chosen-rows.ts'
import { firstRows } from './first-rows.ts'
import { canonicalHost } from './host-name.ts'
import { indexFiles, indexFormat, isDamage, type IndexFile } from './index-folder.ts'
import { uriNumber } from './index-writer.ts'
import { nameOf, nearestNames, numbersOf, numbersOfHost } from './known-names.ts'
import { decodePageCursor, encodePageCursors } from './page-cursor.ts'
import { unpackDocument } from './packed-document.ts'
import { RowColumns, type RowField } from './row-columns.ts'
import { WordSearch } from './word-search.ts'
import { pageUrl } from '#schemas/identity/canonical-url.ts'

/** Where a document stands, with what `readDataFile` wants of its file. */
export interface PlacedDocument {
  document: FoundDocument
  file: { key: string; bytes: number; rows: number }
}

export interface FoundPage {
  found: PlacedDocument[]
  /** Where the question goes on behind each of them. */
  cursors: string[]
  isLast: boolean
  total: number
  /** Documents of the version that the index has. */
  covered: number
  noMatch: NoMatch[]
}

/** The reading half of an index; of any number of processes. */
export interface IndexReader {
  /** Takes in what was written since. @returns the version it has whole, 0 for none; whether no other is being built */
  sync(): Promise<{ followed: number; isNewest: boolean }>
  /** Lets the file go; the next `sync` opens one. */
  close(): Promise<void>
  page(version: number, question: Question): Promise<FoundPage>
  facets(version: number, filters: Filters, fields: readonly FacetField[], limit: number): Promise<Facet[]>
  document(version: number, id: string): Promise<PlacedDocument | undefined>
}

export const indexReaderMethods = { sync: true, close: true, page: true, facets: true, document: true } as const

/** @param folder of the index; it may be empty yet */
export function openIndexReader(folder: string): IndexReader & AsyncDisposable {
  let opened: Opened | undefined
  const current = (): Opened => {
    if (opened) return opened
    throw new OrreryError('store_unavailable', 'The index of the dataset is not there yet; try again.')
  }
  const close = (): void => {
    opened?.[Symbol.dispose]()
    opened = undefined
  }
  const open = (path: string): void => {
    if (opened?.path === path) return
    close()
    opened = new Opened(path)
  }
  return {
    async sync() {
      const files = indexFiles(folder)
      const newest = files.at(-1)
      if (!newest) return { followed: 0, isNewest: false }
      open(files.length === 1 ? newest.path : fullestOf(files).path)
      return { followed: await current().sync(), isNewest: current().path === newest.path && newest.format === indexFormat }
    },
    close: async () => close(),
    page: async (version, question) => current().page(version, question),
    facets: async (version, filters, fields, limit) => current().facets(version, filters, fields, limit),
    document: async (version, id) => current().document(version, id),
    [Symbol.asyncDispose]: async () => close(),
  }
}

/** The one that has the newest version; of equals the newer. One that is damaged has none. */
function fullestOf(files: readonly IndexFile[]): IndexFile {
  const followed = files.map(({ path }) => {
    try {
      using db = openDatabase(path, fileSchemas.rows)
      return followedOf(db)
    } catch (error) {
      if (isDamage(error)) return -1
      throw error
    }
  })
  return files[followed.lastIndexOf(followed.reduce((most, one) => Math.max(most, one), 0))] ?? (files.at(-1) as IndexFile)
}

const followedOf = (db: Database): number => Number(db.get<{ value: string }>(`select value from facts where name = 'followed'`)?.value ?? 0)

const nameFields = ['label', 'lang', 'source', 'licence'] as const

class Opened implements Disposable {
  readonly path: string
  readonly #db: Database
  readonly #columns = new RowColumns()
  readonly #search: WordSearch
  #syncing: Promise<number> | undefined

  constructor(path: string) {
    this.path = path
    this.#db = openDatabase(path, fileSchemas.rows)
    this.#search = new WordSearch(this.#db)
  }

  sync(): Promise<number> {
    this.#syncing ??= this.#sync().finally(() => (this.#syncing = undefined))
    return this.#syncing
  }

  async #sync(): Promise<number> {
    // Asked before the rows: what comes meanwhile is asked for once more.
    const followed = followedOf(this.#db)
    await this.#columns.sync(this.#db, followed)
    return followed
  }

  page(version: number, question: Question): FoundPage {
    const cursor = decodePageCursor(question)
    const { filters, sort, limit } = question
    if (sort === 'relevance' && filters.q === undefined) throw new OrreryError('invalid_argument', 'sort: relevance needs words to search for (q).')
    const { chosen, noMatch } = this.#choose(version, filters, cursor?.worths)
    const first = firstRows(chosen, this.#columns, { sort, limit: limit + 1, after: cursor?.order })
    const shown = first.slice(0, limit)
    return {
      // In one moment: the file is locked and unlocked once.
      found: this.#db.snapshot(() => shown.map(({ row, score }) => this.#documentOf(row, score))),
      cursors: encodePageCursors(question, { orders: shown.map(({ order }) => order), worths: chosen.words?.worths ?? [] }),
      isLast: first.length <= limit,
      total: chosen.count,
      covered: this.#columns.ofVersion(version).count,
      noMatch,
    }
  }

  facets(version: number, filters: Filters, fields: readonly FacetField[], limit: number): Facet[] {
    const { chosen } = this.#choose(version, filters)
    return fields.map((field) => {
      const { most, distinct } = chosen.mostFrequent(field, limit)
      return { field, values: most.map(({ number, rows }) => ({ value: nameOf(this.#db, number), documents: rows })), distinct }
    })
  }

  document(version: number, id: string): PlacedDocument | undefined {
    const found = this.#db.get<{ number: number }>(
      'select number from rows where id = ? and since <= ? and until > ? limit 1',
      Buffer.from(id, 'hex'),
      version,
      version,
    )
    return found && this.#documentOf(found.number, null)
  }

  #choose(version: number, filters: Filters, asked?: readonly number[]): { chosen: ChosenRows; noMatch: NoMatch[] } {
    const words = filters.q === undefined ? [] : soughtWords(filters.q).words
    if (filters.q !== undefined && words.length === 0) throw new OrreryError('invalid_argument', 'q: there is no word in it; search for letters or digits.')
    const chosen = new ChosenRows(this.#columns, version)
    const noMatch: NoMatch[] = []
    for (const { field, value, numbers } of this.#wanted(filters)) {
      if (!this.#isThere(version, field, numbers)) {
        const there = (some: readonly number[]): ReadonlySet<number> => new Set(some.filter((number) => this.#isThere(version, field, [number])))
        noMatch.push({ field, value, nearest: nearestNames(this.#db, field, value, there) })
      }
      chosen.amongNumbers(field, numbers)
    }
    if (filters.uri !== undefined) chosen.among(this.#rowsOfUri(filters.uri))
    if (words.length > 0) chosen.having(this.#search.find(words, this.#columns.end - 1, asked))
    if (filters.minQuality !== undefined) chosen.between('quality', filters.minQuality)
    if (filters.from !== undefined || filters.to !== undefined) chosen.between('datetime', filters.from, filters.to)
    if (filters.uri !== undefined && noMatch.length === 0 && chosen.count === 0 && words.length === 0)
      noMatch.push({ field: 'uri', value: filters.uri, nearest: [] })
    return { chosen, noMatch }
  }

  #wanted(filters: Filters): { field: FacetField; value: string; numbers: number[] }[] {
    const named = nameFields.flatMap((field) => {
      const value = filters[field]
      return value === undefined ? [] : [{ field, value, numbers: numbersOf(this.#db, field, value) }]
    })
    if (filters.host === undefined) return named
    const host = canonicalHost(filters.host)
    return [...named, { field: 'host', value: filters.host, numbers: host === undefined ? [] : numbersOfHost(this.#db, host) }]
  }

  /** Whether documents of a version have one of these numbers of a field. */
  #isThere(version: number, field: RowField, numbers: readonly number[]): boolean {
    return numbers.length > 0 && doMeet(this.#columns.ofVersion(version).bits, this.#columns.having(field, numbers))
  }

  #rowsOfUri(uri: string): number[] {
    const canonical = pageUrl(uri) ?? uri
    const candidates = this.#db.all<{ number: number }>('select number from rows where uri = ? order by number', uriNumber(uri))
    return candidates.map(({ number }) => number).filter((row) => this.#documentOf(row, null).document.document.uri === canonical)
  }

  #documentOf(row: number, score: number | null): PlacedDocument {
    const found = this.#db.get<{ id: Uint8Array; position: number; packed: Uint8Array; key: string; bytes: number; rows: number }>(
      'select id, position, packed, key, bytes, files.rows as rows from rows join documents using (number) join files on files.number = file where rows.number = ?',
      row,
    )
    if (!found) throw new OrreryError('not_found', 'The document was of a version that is no longer kept; ask for a newer one.')
    const { key, bytes, rows } = found
    return { document: { ...unpackDocument(found.id, found.packed), score, file: key, row: found.position }, file: { key, bytes, rows } }
  }

  [Symbol.dispose](): void {
    this.#db[Symbol.dispose]()
  }
}
