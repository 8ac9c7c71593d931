import { createHash } from 'node:crypto'
import { firstGroupAt } from '#infra/corpus/list-rows.ts'
import { provedFile } from '#infra/corpus/proved-file.ts'
import type { RowGroup } from '#schemas/data-file.ts'
import type { Document } from '#schemas/document.ts'
import { columnTable, type ColumnName } from '#schemas/document-columns.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { decodeFile, RefusedRow } from '#schemas/parquet/decode.ts'
import type { FileBytes } from '#schemas/parquet/file-bytes.ts'
import { rowIdentity } from '#schemas/row-identity.ts'
import { failure, type Failure, type FailureCode } from './failure.ts'
import type { DrawnPlace, KnownFile, RowBook } from './row-book/row-book.ts'
import { checkRow } from './rows.ts'
import { unreadable } from './structure.ts'

/** Signatures are a third of a shard's bytes, and can be made of the texts: each so many rows it is read whether it says what they do. */
const signatureEach = 10
/** Files whose blocks are kept for the next row of them. */
const openFilesMax = 4
const withoutSignature = (Object.keys(columnTable) as ColumnName[]).filter((name) => name !== 'minhash')

/** That a store may have made. */
const byStore: ReadonlySet<FailureCode> = new Set(['shard_hash', 'shard_missing'])

/** Of a row group, read at once. */
const pieceBytes = 2 ** 20

interface OpenFile {
  bytes: FileBytes
  groups: readonly RowGroup[]
}

interface RowParams {
  store: Pick<ObjectStore, 'get'>
  book: Pick<RowBook, 'proofs' | 'identities'>
  signal: AbortSignal
}

/** Reads drawn rows of a miner, each proved by the list of its file, and holds them against that list. */
export class DrawnRows {
  readonly #hotkey: string
  readonly #params: RowParams
  readonly #files: ReadonlyMap<string, KnownFile>
  readonly #open = new Map<string, OpenFile>()
  #read = 0

  constructor(hotkey: string, files: readonly KnownFile[], params: RowParams) {
    this.#hotkey = hotkey
    this.#params = params
    this.#files = new Map(files.map((file) => [file.sha256, file]))
  }

  /** @param nowMs what is later lies in the future @throws OrreryError `store_unavailable`; the signal's reason */
  async read({ file: sha256, row }: DrawnPlace, nowMs: number): Promise<Document | Failure> {
    const file = this.#files.get(sha256) as KnownFile
    const place = { row, isFirst: this.#read === 0, withSignature: this.#read++ % signatureEach === 0 }
    let found = await this.#readRow(file, place)
    // What a store gave wrong once is no miner's lie: it would lose all that it was the first to show.
    if ('code' in found && byStore.has(found.code)) {
      this.#open.delete(sha256)
      found = await this.#readRow(file, place)
    }
    if ('code' in found) return found
    return checkRow(found, { hotkey: this.#hotkey, ...file }, nowMs) ?? (await this.#checkIdentity(found, file, row)) ?? found
  }

  async #readRow(file: KnownFile, { row, isFirst, withSignature }: { row: number; isFirst: boolean; withSignature: boolean }): Promise<Document | Failure> {
    try {
      const { bytes, groups } = await this.#fileOf(file)
      const wrong = isFirst ? await checkGroup(bytes, groups, row) : undefined
      if (wrong !== undefined) return failure('shard_hash', `the bytes of row group ${wrong} of ${file.key} are not those that its snapshot says`)
      return await readRow(bytes, file, row, withSignature)
    } catch (error) {
      return unreadable(file, error, 'row_malformed')
    }
  }

  async #fileOf(file: KnownFile): Promise<OpenFile> {
    const open = this.#open.get(file.sha256) ?? (await this.#opened(file))
    this.#open.delete(file.sha256)
    this.#open.set(file.sha256, open)
    for (const sha256 of [...this.#open.keys()].slice(0, Math.max(0, this.#open.size - openFilesMax))) this.#open.delete(sha256)
    return open
  }

  async #opened(file: KnownFile): Promise<OpenFile> {
    const { store, book, signal } = this.#params
    const { digests, groups } = await book.proofs(this.#hotkey, file.sha256)
    return { bytes: provedFile(store, file, digests, signal), groups }
  }

  async #checkIdentity(document: Document, { sha256, key }: KnownFile, row: number): Promise<Failure | undefined> {
    const [listed] = await this.#params.book.identities(this.#hotkey, sha256, [row])
    const { hour, ...said } = rowIdentity(document)
    const isSame = listed && Object.entries(said).every(([name, value]) => listed[name as keyof typeof said] === value)
    // The book has an earlier hour where the page was shown before.
    if (isSame && listed.hour <= hour && listed.label === document.label) return undefined
    return failure('list_lies', `row ${row} of ${key} (${document.uri}) is not the row that its list says`)
  }
}

/** Holds the row group in which a row stands against its hash. @returns its number where it is another */
async function checkGroup(bytes: FileBytes, groups: readonly RowGroup[], row: number): Promise<number | undefined> {
  let [at, first] = [firstGroupAt, 0]
  for (const [number, { rows, bytes: size, sha256 }] of groups.entries()) {
    if (row >= first + rows) {
      first += rows
      at += size
      continue
    }
    const hash = createHash('sha256')
    for (let from = at; from < at + size; from += pieceBytes) hash.update(await bytes.slice(from, Math.min(at + size, from + pieceBytes)))
    return hash.digest('hex') === sha256 ? undefined : number
  }
  return undefined
}

async function readRow(bytes: FileBytes, file: KnownFile, row: number, withSignature: boolean): Promise<Document | Failure> {
  const columns = withSignature ? undefined : withoutSignature
  for await (const batch of decodeFile(bytes, { rows: [row], columns }, file.rows))
    for (const found of batch) {
      if (found instanceof RefusedRow)
        return failure('row_malformed', `row ${row} of ${file.key} is no document: its ${found.column} is refused, ${found.what}`)
      const { minhash: said, ...document } = found.document as Document
      const signature = minhash(document.text)
      if (withSignature && Buffer.compare(said, signature) !== 0)
        return failure('minhash', `the signature of ${document.uri} in ${file.key} is not that of its text`)
      return { ...document, minhash: signature }
    }
  return failure('row_count', `${file.key} has no row ${row}`)
}
