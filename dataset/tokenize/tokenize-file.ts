import { readDeletionVector, writeDeletionVector } from '#infra/corpus/deletion-vector.ts'
import { readDataFile } from '#infra/corpus/read-data-file.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import { DeletedRows } from '#schemas/deletion-vector.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { ListedTokenShard, TokenizedFile, TokenShardFile } from '#schemas/token-list.ts'
import { decodeDocumentRows, decodeTokenShard, documentIdRange, documentRowRange, parseTokenShardHeader, tokenShardHeaderBytes } from '#schemas/token-shard.ts'
import type { Encoders } from '#infra/tokenizer/encoders.ts'
import { FileShards, type FileShardsParts } from './file-shards.ts'
import { IdRows } from './id-rows.ts'

export interface FileTokenizing extends Omit<FileShardsParts, 'file' | 'store'> {
  store: Pick<ObjectStore, 'get' | 'put'>
  encoders: Encoders
  /** Waits for others now and then; called with the characters of each piece of work. */
  turn(chars: number): Promise<void>
  /** Number of the version of the tokens that a run has taken in; 0: none. */
  joined: number
  telemetry: Telemetry
  signal: AbortSignal
}

/**
 * The token shards of a data file, each of its rows that are not deleted in one of them. What the file had before stays, with deletion vectors for what is gone;
 * the tokens of documents that stood in files which are no longer there are copied from their shards; only what is left is encoded.
 * @param own what the file had before
 * @param leaving shards of files of the same job that are no longer there
 */
export async function tokenizeFile(
  work: FileTokenizing,
  listed: ListedFile,
  own: readonly ListedTokenShard[],
  leaving: readonly ListedTokenShard[],
): Promise<TokenizedFile> {
  const { file, deletes } = listed
  const deleted = await readDeletionVector(work.store, listed)
  const wanted = new WantedRows(file.rows, deleted)
  const kept: ListedTokenShard[] = []
  for (const { shard } of own) {
    const rows = await unlessLost(work, shard, () => readRows(work, shard))
    if (!rows) continue
    const gone = rows.flatMap((row, document) => (wanted.take(row) ? [] : [document]))
    kept.push({ shard, deletes: await writeDeletionVector(work.store, `${work.prefix}deletes/`, DeletedRows.of(gone)) })
  }
  const made = wanted.size === 0 ? [] : await makeShards(work, listed, wanted, leaving)
  return { file: file.sha256, deletes: deletes?.sha256 ?? null, shards: [...kept, ...made] }
}

/** Rows of a file that are to stand in a shard, and do not yet. */
class WantedRows {
  readonly #bits: Uint8Array
  size: number

  constructor(rows: number, deleted: DeletedRows) {
    this.#bits = new Uint8Array(rows).fill(1)
    for (const row of deleted) this.#bits[row] = 0
    this.size = rows - deleted.size
  }

  has(row: number): boolean {
    return this.#bits[row] === 1
  }

  /** @returns whether it was wanted until now */
  take(row: number): boolean {
    if (this.#bits[row] !== 1) return false
    this.#bits[row] = 0
    this.size--
    return true
  }

  *[Symbol.iterator](): Generator<number> {
    for (let row = 0; row < this.#bits.length; row++) if (this.#bits[row] === 1) yield row
  }
}

async function makeShards(work: FileTokenizing, listed: ListedFile, wanted: WantedRows, leaving: readonly ListedTokenShard[]): Promise<ListedTokenShard[]> {
  const shards = new FileShards({ ...work, file: listed.file.sha256 })
  if (leaving.length > 0) await copyMoved(work, listed, { wanted, leaving, shards })
  if (wanted.size > 0) {
    const rows = wanted.size < listed.file.rows ? { rows: wanted } : {}
    const documents = documentsOf(readDataFile(work.store, listed, { signal: work.signal, columns: ['id', 'label', 'text'], ...rows }))
    for await (const { item, tokens } of work.encoders.encode(documents, work.signal)) {
      await work.turn(tokens.length)
      work.telemetry.count('tokens.encoded', tokens.length + 1)
      await shards.add({ id: item.id, label: item.label, row: item.row, moved: false }, tokens)
    }
  }
  return shards.finish()
}

async function* documentsOf(batches: ReturnType<typeof readDataFile<'id' | 'label' | 'text'>>) {
  for await (const batch of batches) for (const { row, document } of batch) yield { row, ...document }
}

interface Moving {
  wanted: WantedRows
  leaving: readonly ListedTokenShard[]
  shards: FileShards
}

/** Copies the tokens of documents that stood in shards which leave. */
async function copyMoved(work: FileTokenizing, listed: ListedFile, { wanted, leaving, shards }: Moving): Promise<void> {
  const ids = new IdRows(wanted.size)
  const labels = new Map<string, number>()
  const labelOf = new Uint16Array(listed.file.rows)
  for await (const batch of readDataFile(work.store, listed, { signal: work.signal, columns: ['id', 'label'], rows: wanted }))
    for (const { row, document } of batch) {
      await work.turn(idChars)
      ids.add(document.id, row)
      labels.set(document.label, labels.get(document.label) ?? labels.size)
      labelOf[row] = labels.get(document.label) ?? 0
    }
  const names = [...labels.keys()]
  for (const { shard } of leaving) {
    const moved = shard.moved || shard.since <= work.joined
    const source = await sourceOf(work, shard, ids, wanted)
    if (!source) continue
    for (const [document, id] of source.documentIds.entries()) {
      const row = ids.rowOf(Buffer.from(id, 'hex'))
      if (row === undefined || !wanted.take(row)) continue
      const [start, end] = [source.documentEnds[document - 1] ?? 0, source.documentEnds[document] ?? 0]
      await work.turn(end - start)
      work.telemetry.count('tokens.copied', end - start)
      // Without its separator, that comes with it again.
      await shards.add({ id, label: names[labelOf[row] ?? 0] ?? '', row, moved }, source.tokenIds.subarray(start, end - 1))
    }
  }
}

/** What looking at one id costs, in characters of encoding. */
const idChars = 64

/** The shard, when a wanted document stands in it. */
async function sourceOf(
  work: FileTokenizing,
  shard: TokenShardFile,
  ids: IdRows,
  wanted: WantedRows,
): Promise<ReturnType<typeof decodeTokenShard> | undefined> {
  return unlessLost(work, shard, async () => {
    const header = await readHeader(work, shard)
    if (header.fingerprint !== work.vocabulary.fingerprint) return undefined
    const raw = await work.store.get(shard.key, documentIdRange(header, 0, header.documents))
    let isWanted = false
    for (let at = 0; at < raw.length && !isWanted; at += 32) {
      const row = ids.rowOf(raw.subarray(at, at + 32))
      isWanted = row !== undefined && wanted.has(row)
    }
    if (!isWanted) return undefined
    const bytes = await work.store.get(shard.key)
    if (sha256Hex(bytes) !== shard.sha256) throw new OrreryError('data_unreadable', `The token shard ${shard.key} has other bytes than its manifest says.`, {})
    return decodeTokenShard(bytes)
  })
}

const lossCodes = new Set(['not_found', 'data_unreadable', 'invalid_record'])

/** undefined, and it is told, when the shard is gone or damaged: what stood in it is encoded anew. */
async function unlessLost<T>({ telemetry }: FileTokenizing, { key }: TokenShardFile, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof OrreryError) || !lossCodes.has(error.code)) throw error
    telemetry.event('tokens.shard_lost', { key, problem: error.message })
    return undefined
  }
}

async function readHeader({ store }: FileTokenizing, shard: TokenShardFile): Promise<ReturnType<typeof parseTokenShardHeader>> {
  return parseTokenShardHeader(await store.get(shard.key, { start: 0, end: tokenShardHeaderBytes }), shard.bytes)
}

/** The rows of a shard's documents. */
async function readRows(work: FileTokenizing, shard: TokenShardFile): Promise<number[]> {
  const header = await readHeader(work, shard)
  return decodeDocumentRows(await work.store.get(shard.key, documentRowRange(header, 0, header.documents)))
}
