import type { ByteRange } from './object-store.ts'
import { OrreryError } from './errors.ts'
import { hashBytes } from './merkle.ts'
import { blockSums, sumBlockBytes } from './token-shard-sums.ts'

/**
 * A token shard: the tokens of whole documents of one label and one data file, for readers that fetch windows by byte range.
 * Everything is little-endian.
 *
 * | offset | bytes | what |
 * |---|---|---|
 * | 0 | 8 | magic `ORRYTOK\0` |
 * | 8 | 2 | u16 version, 3; of 2 is one that ends before the block sums |
 * | 10 | 2 | u16 dtype = bytes of a token: 2 (u16) or 3 (u24) |
 * | 12 | 4 | u32 separator: the token that ends every document (`<|endoftext|>`) |
 * | 16 | 32 | fingerprint of the tokenizer, raw sha256 (infra/tokenizer/vocabulary.ts) |
 * | 48 | 8 | u64 tokens, separators included |
 * | 56 | 8 | u64 documents |
 * | 64 | pad64(tokens × dtype) | tokens, then zeros up to a multiple of 64 |
 * | … | 8 × documents | u64 end of each document: index of the token after its separator; rising, the last = tokens |
 * | … | 32 × documents | id of each document, raw sha256 |
 * | … | 4 × documents | u32 row of each document in the data file |
 * | … | 32 × blocks | sums of all that stands before them, header included, in blocks of 64 KiB, the last shorter (token-shard-sums.ts) |
 */
export interface TokenShardHeader {
  version: TokenShardVersion
  dtype: TokenDtype
  separator: number
  /** Lower-case hex sha256. */
  fingerprint: string
  tokens: number
  documents: number
}
export type TokenDtype = 'u16' | 'u24'
type TokenShardVersion = 2 | 3

export interface TokenShard extends TokenShardHeader {
  tokenIds: Uint32Array
  /** Index of the token after each document's separator. */
  documentEnds: number[]
  /** Lower-case hex, 64 digits each. */
  documentIds: string[]
  documentRows: number[]
}

/** The narrowest that holds every token below `size`. @throws OrreryError `invalid_argument` when none does */
export function dtypeOfVocabulary(size: number): TokenDtype {
  if (size > 2 ** 24) throw new OrreryError('invalid_argument', `A vocabulary of ${size} tokens does not fit three bytes a token; use a smaller one.`, { size })
  return size <= 2 ** 16 ? 'u16' : 'u24'
}

export const tokenShardHeaderBytes = 64
const version: TokenShardVersion = 3
const versions: ReadonlySet<number> = new Set<TokenShardVersion>([2, version])
const alignBytes = 64
const endBytes = 8
const idBytes = 32
const rowBytes = 4
const magic = new TextEncoder().encode('ORRYTOK\0')
const bytesPerToken = { u16: 2, u24: 3 } as const
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const invalid = (problem: string): OrreryError =>
  new OrreryError('invalid_record', `This is no token shard of version 2 or ${version}: ${problem}; make it again from its dataset.`, { problem })

/** @throws OrreryError `invalid_record` when a token does not fit the dtype, or ends and ids do not agree with the tokens */
export function encodeTokenShard(shard: Omit<TokenShard, 'version' | 'tokens' | 'documents'>): Uint8Array {
  const header = { ...shard, version, tokens: shard.tokenIds.length, documents: shard.documentIds.length }
  checkEnds(shard.documentEnds, header)
  checkRows(shard.documentRows, header)
  const { endsStart, idsStart, rowsStart, sumsStart, totalBytes } = layout(header)
  const bytes = new Uint8Array(totalBytes)
  writeHeader(bytes, header)
  writeTokens(viewOf(bytes), shard.tokenIds, shard.dtype)
  const view = viewOf(bytes)
  shard.documentEnds.forEach((end, i) => view.setBigUint64(endsStart + i * endBytes, BigInt(end), true))
  shard.documentIds.forEach((id, i) => bytes.set(rawSha256(id, 'a document id'), idsStart + i * idBytes))
  shard.documentRows.forEach((row, i) => view.setUint32(rowsStart + i * rowBytes, row, true))
  blockSums(bytes.subarray(0, sumsStart)).forEach((sum, i) => bytes.set(sum, sumsStart + i * hashBytes))
  return bytes
}

/**
 * Reads the first 64 bytes.
 * @param objectBytes size of the whole object when known: it must be exactly what the counts say
 * @throws OrreryError `invalid_record`
 */
export function parseTokenShardHeader(bytes: Uint8Array, objectBytes?: number): TokenShardHeader {
  if (bytes.length < tokenShardHeaderBytes) throw invalid(`${bytes.length} bytes are less than the header's ${tokenShardHeaderBytes}`)
  if (!magic.every((byte, i) => bytes[i] === byte)) throw invalid('the magic is missing')
  const view = viewOf(bytes)
  const found = view.getUint16(8, true)
  if (!versions.has(found)) throw invalid(`its version is ${found}`)
  const header: TokenShardHeader = {
    version: found as TokenShardVersion,
    dtype: dtypeOf(view.getUint16(10, true)),
    separator: view.getUint32(12, true),
    fingerprint: hexOf(bytes.subarray(16, 48)),
    tokens: countOf(view.getBigUint64(48, true), 'tokens'),
    documents: countOf(view.getBigUint64(56, true), 'documents'),
  }
  if (header.documents > header.tokens) throw invalid(`${header.documents} documents cannot end in ${header.tokens} tokens`)
  if (header.documents === 0 && header.tokens > 0) throw invalid('its tokens belong to no document')
  const { totalBytes } = layout(header)
  if (objectBytes !== undefined && objectBytes !== totalBytes) throw invalid(`it has ${objectBytes} bytes where its counts ask for ${totalBytes}`)
  return header
}

/** Where tokens [start, start + count) lie in the object. @throws OrreryError `invalid_argument` when they are not all in the shard */
export function tokenRange(header: TokenShardHeader, start: number, count: number): ByteRange {
  return rangeOf({ start, count, of: header.tokens, what: 'tokens', from: tokenShardHeaderBytes, width: bytesPerToken[header.dtype] })
}

/** Where the ends of documents [start, start + count) lie. @throws OrreryError `invalid_argument` */
export function documentEndRange(header: TokenShardHeader, start: number, count: number): ByteRange {
  return rangeOf({ start, count, of: header.documents, what: 'documents', from: layout(header).endsStart, width: endBytes })
}

/** Where the ids of documents [start, start + count) lie. @throws OrreryError `invalid_argument` */
export function documentIdRange(header: TokenShardHeader, start: number, count: number): ByteRange {
  return rangeOf({ start, count, of: header.documents, what: 'documents', from: layout(header).idsStart, width: idBytes })
}

/** Where the rows of documents [start, start + count) lie. @throws OrreryError `invalid_argument` */
export function documentRowRange(header: TokenShardHeader, start: number, count: number): ByteRange {
  return rangeOf({ start, count, of: header.documents, what: 'documents', from: layout(header).rowsStart, width: rowBytes })
}

/** Where the block sums lie; empty before version 3. What is summed ends where they start. */
export function blockSumsRange(header: TokenShardHeader): ByteRange {
  const { sumsStart, totalBytes } = layout(header)
  return { start: sumsStart, end: totalBytes }
}

/** The tokens in the bytes of a `tokenRange`. @throws OrreryError `invalid_record` when they end inside a token */
export function decodeTokens(header: Pick<TokenShardHeader, 'dtype'>, bytes: Uint8Array): Uint32Array {
  const width = bytesPerToken[header.dtype]
  if (bytes.length % width !== 0) throw invalid(`${bytes.length} bytes end inside a token of ${width}`)
  const tokens = new Uint32Array(bytes.length / width)
  widenTokens(header.dtype, bytes, tokens)
  return tokens
}

/**
 * Writes the tokens of whole `bytes` into `words`, from the first. A loop of plain bytes: a quarter of a nanosecond a token.
 * @returns the largest
 */
export function widenTokens(dtype: TokenDtype, bytes: Uint8Array, words: Uint32Array): number {
  let largest = 0
  const count = bytes.length / bytesPerToken[dtype]
  if (dtype === 'u16')
    for (let i = 0, at = 0; i < count; i++, at += 2) {
      const token = (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
      words[i] = token
      if (token > largest) largest = token
    }
  else
    for (let i = 0, at = 0; i < count; i++, at += 3) {
      const token = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
      words[i] = token
      if (token > largest) largest = token
    }
  return largest
}

/** The ends in the bytes of a `documentEndRange`. @throws OrreryError `invalid_record` */
export function decodeDocumentEnds(bytes: Uint8Array): number[] {
  if (bytes.length % endBytes !== 0) throw invalid(`${bytes.length} bytes end inside a document end`)
  const view = viewOf(bytes)
  return Array.from({ length: bytes.length / endBytes }, (_, i) => countOf(view.getBigUint64(i * endBytes, true), 'a document end'))
}

/** The ids in the bytes of a `documentIdRange`. @throws OrreryError `invalid_record` */
export function decodeDocumentIds(bytes: Uint8Array): string[] {
  if (bytes.length % idBytes !== 0) throw invalid(`${bytes.length} bytes end inside a document id`)
  return Array.from({ length: bytes.length / idBytes }, (_, i) => hexOf(bytes.subarray(i * idBytes, (i + 1) * idBytes)))
}

/** The rows in the bytes of a `documentRowRange`. @throws OrreryError `invalid_record` */
export function decodeDocumentRows(bytes: Uint8Array): number[] {
  if (bytes.length % rowBytes !== 0) throw invalid(`${bytes.length} bytes end inside a row`)
  const view = viewOf(bytes)
  return Array.from({ length: bytes.length / rowBytes }, (_, i) => view.getUint32(i * rowBytes, true))
}

/** Reads a whole shard and checks all of it. @throws OrreryError `invalid_record` */
export function decodeTokenShard(bytes: Uint8Array): TokenShard {
  const header = parseTokenShardHeader(bytes, bytes.length)
  const { endsStart, idsStart, rowsStart, sumsStart } = layout(header)
  if (header.version !== 2) checkSums(bytes.subarray(0, sumsStart), bytes.subarray(sumsStart))
  const { start, end } = tokenRange(header, 0, header.tokens)
  if (bytes.subarray(end, endsStart).some((byte) => byte !== 0)) throw invalid('the padding behind the tokens is not zero')
  const documentEnds = decodeDocumentEnds(bytes.subarray(endsStart, idsStart))
  checkEnds(documentEnds, header)
  return {
    ...header,
    tokenIds: decodeTokens(header, bytes.subarray(start, end)),
    documentEnds,
    documentIds: decodeDocumentIds(bytes.subarray(idsStart, rowsStart)),
    documentRows: decodeDocumentRows(bytes.subarray(rowsStart, sumsStart)),
  }
}

interface Layout {
  endsStart: number
  idsStart: number
  rowsStart: number
  sumsStart: number
  totalBytes: number
}

function layout(header: TokenShardHeader): Layout {
  const { dtype, tokens, documents } = header
  const endsStart = tokenShardHeaderBytes + Math.ceil((tokens * bytesPerToken[dtype]) / alignBytes) * alignBytes
  const idsStart = endsStart + documents * endBytes
  const rowsStart = idsStart + documents * idBytes
  const sumsStart = rowsStart + documents * rowBytes
  const sums = header.version === 2 ? 0 : Math.ceil(sumsStart / sumBlockBytes)
  return { endsStart, idsStart, rowsStart, sumsStart, totalBytes: sumsStart + sums * hashBytes }
}

function writeHeader(bytes: Uint8Array, header: TokenShardHeader): void {
  const view = viewOf(bytes)
  bytes.set(magic, 0)
  view.setUint16(8, version, true)
  view.setUint16(10, bytesPerToken[header.dtype], true)
  view.setUint32(12, header.separator, true)
  bytes.set(rawSha256(header.fingerprint, 'the fingerprint'), 16)
  view.setBigUint64(48, BigInt(header.tokens), true)
  view.setBigUint64(56, BigInt(header.documents), true)
}

function writeTokens(view: DataView, tokenIds: Uint32Array, dtype: TokenDtype): void {
  const width = bytesPerToken[dtype]
  const most = 2 ** (8 * width) - 1
  for (let i = 0; i < tokenIds.length; i++) {
    const token = tokenIds[i]!
    if (token > most) throw invalid(`token ${token} does not fit ${dtype}`)
    const at = tokenShardHeaderBytes + i * width
    view.setUint16(at, token & 0xffff, true)
    if (width === 3) view.setUint8(at + 2, token >>> 16)
  }
}

/** Each document has at least its separator, so ends rise; the last one is the number of tokens. */
function checkEnds(ends: readonly number[], { tokens, documents }: Pick<TokenShardHeader, 'tokens' | 'documents'>): void {
  if (ends.length !== documents) throw invalid(`${ends.length} document ends for ${documents} document ids`)
  let previous = 0
  for (const end of ends) {
    if (!Number.isSafeInteger(end) || end <= previous) throw invalid(`document ends do not rise at ${end}`)
    previous = end
  }
  if (previous !== tokens) throw invalid(`the last document ends at ${previous} of ${tokens} tokens`)
}

function checkSums(summed: Uint8Array, sums: Uint8Array): void {
  const wrong = blockSums(summed).findIndex((sum, i) => Buffer.compare(sum, sums.subarray(i * hashBytes, (i + 1) * hashBytes)) !== 0)
  if (wrong >= 0) throw invalid(`block ${wrong} has another sum`)
}

function checkRows(rows: readonly number[], { documents }: Pick<TokenShardHeader, 'documents'>): void {
  if (rows.length !== documents) throw invalid(`${rows.length} rows for ${documents} document ids`)
  for (const row of rows) if (!Number.isInteger(row) || row < 0 || row >= 2 ** 32) throw invalid(`a document has the row ${row}`)
}

function rangeOf({ start, count, of, what, from, width }: { start: number; count: number; of: number; what: string; from: number; width: number }): ByteRange {
  const whole = Number.isSafeInteger(start) && Number.isSafeInteger(count)
  if (!whole || start < 0 || count < 0 || start + count > of)
    throw new OrreryError('invalid_argument', `There are no ${what} [${start}, ${start} + ${count}) in a shard of ${of}.`, { start, count, of })
  return { start: from + start * width, end: from + (start + count) * width }
}

function dtypeOf(width: number): TokenDtype {
  if (width === 2) return 'u16'
  if (width === 3) return 'u24'
  throw invalid(`its dtype is ${width}`)
}

/** Every offset computed from counts up to this stays below 2^53: 2^46 × (3 + 44) bytes. */
const countMax = 2n ** 46n
function countOf(value: bigint, what: string): number {
  if (value > countMax) throw invalid(`${what} is ${value}`)
  return Number(value)
}

function rawSha256(hex: string, what: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(hex)) throw invalid(`${what} is not a lower-case sha256`)
  return Buffer.from(hex, 'hex')
}
