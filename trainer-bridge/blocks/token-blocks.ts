import { createHash } from 'node:crypto'
import { endianness } from 'node:os'
import { recentValues, type RecentValues } from '#infra/recent-values.ts'
import type { TokenizerRef } from '#schemas/token-list.ts'
import { tokenRange, widenTokens } from '#schemas/token-shard.ts'
import type { PlannedBatch } from '../plan/batches.ts'
import type { Piece } from '../plan/generation.ts'
import { blockHeaderBytes, encodeBlockHeader } from './block-header.ts'
import type { ProvenShards } from './proven-shards.ts'
import { unreadable } from './shard-header.ts'

/** The tokens of one batch. */
export interface TokenBlock {
  batch: number
  label: string
  rows: number
  /** Tokens of a row: T, or T + 1 where the target of the last is among them. */
  rowTokens: number
  endOfText: number
  /** Of each row. */
  rowLabels: readonly string[]
  /** rows × rowTokens u32, little-endian, row after row. */
  bytes: Uint8Array
  /** The same behind its header: a block of the format `orrery` (block-header.ts). */
  framed: Uint8Array
  /** Of `bytes`, lower-case hex. */
  sha256: string
}

export interface TokenBlocks {
  /** @throws OrreryError `not_found` (no such batch), `data_unreadable` (a shard is not what its manifest says), what the store throws */
  block(batch: number): Promise<TokenBlock>
  /** Tokens that follow the last of a batch in its shard, from the first again at the end of it. @throws as `block` */
  following(batch: number, count: number): Promise<Uint32Array>
  /** Begins to read a batch that will be asked for, unless there is enough to do; what fails, fails when it is asked for. */
  prepare(batch: number): void
}

export interface TokenBlocksOptions {
  batches: { batch(batch: number): PlannedBatch | Promise<PlannedBatch> }
  shards: ProvenShards
  tokenizer: TokenizerRef
  epoch: number
  /** Of a block. */
  rows: number
  rowTokens: number
  /** Ends a document, and fills a row that is shorter. */
  endOfText: number
  /** Shared with other epochs; absent: its own. */
  kept?: KeptBlocks
}

/** Blocks of some epochs that were made lately: the first and the last layer of a pipeline fetch the same block minutes apart. */
export type KeptBlocks = RecentValues<string, TokenBlock>

/** In bytes. */
const keptBytesMax = 64 * 2 ** 20
export const keptBlocks = (): KeptBlocks => recentValues({ bytesMax: keptBytesMax, bytesOf: ({ framed }) => framed.length })

/** Blocks that are made at once, and their bytes; the others wait for their turn. */
const [madeAtOnceMax, madeBytesMax] = [16, 256 * 2 ** 20]
/** Windows of a block that are read at once. */
const readAtOnce = 16
/** From here on a sum is taken in a thread of its own. */
const asideBytes = 2 ** 18

/** Makes the blocks of a plan of its token shards: what is proven is widened to u32, and nothing else is done with it. */
export function openTokenBlocks({ batches, shards, tokenizer, epoch, rows, rowTokens, endOfText, kept = keptBlocks() }: TokenBlocksOptions): TokenBlocks {
  const madeAtOnce = Math.max(1, Math.min(madeAtOnceMax, Math.floor(madeBytesMax / (4 * rows * rowTokens))))
  const underWay = new Map<number, Promise<TokenBlock>>()
  const waiting: (() => void)[] = []
  let working = 0

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (working >= madeAtOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    else working++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else working--
    }
  }

  /** Writes the tokens of a piece into `words`, from the first. */
  async function readPiece({ shard, start, tokens: count }: Piece, words: Uint32Array): Promise<void> {
    const header = await shards.header(shard)
    if (header.fingerprint !== tokenizer.fingerprint) throw unreadable(shard.key, `its tokenizer is not ${tokenizer.name}`)
    const bytes = await shards.read(shard, tokenRange(header, start, count))
    if (widenTokens(header.dtype, bytes, words) >= tokenizer.vocabulary) throw unreadable(shard.key, `a token at ${start} or after is outside the vocabulary`)
  }

  async function make(batch: number): Promise<TokenBlock> {
    const { label, windows } = await batches.batch(batch)
    const framed = Buffer.allocUnsafeSlow(blockHeaderBytes + 4 * rows * rowTokens)
    const bytes = framed.subarray(blockHeaderBytes)
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, rows * rowTokens)
    const reads: { piece: Piece; at: number }[] = []
    for (const [row, { pieces }] of windows.entries()) {
      let at = row * rowTokens
      for (const piece of pieces) {
        reads.push({ piece, at })
        at += piece.tokens
      }
      words.fill(endOfText, at, (row + 1) * rowTokens)
    }
    for (let next = 0; next < reads.length; next += readAtOnce)
      await Promise.all(reads.slice(next, next + readAtOnce).map(({ piece, at }) => readPiece(piece, words.subarray(at, at + piece.tokens))))
    if (isBigEndian) bytes.swap32()
    const sha256 = await sumOf(bytes)
    encodeBlockHeader({ rows, rowTokens, batch, epoch, endOfText, sha256 }).copy(framed)
    return { batch, label, rows, rowTokens, endOfText, rowLabels: windows.map((window) => window.label), bytes, framed, sha256 }
  }

  function block(batch: number): Promise<TokenBlock> {
    const known = kept.get(`${epoch} ${batch}`)
    if (known) return Promise.resolve(known)
    const begun = underWay.get(batch)
    if (begun) return begun
    const made = inTurn(async () => {
      const finished = await make(batch)
      kept.keep(`${epoch} ${batch}`, finished)
      return finished
    }).finally(() => underWay.delete(batch))
    underWay.set(batch, made)
    return made
  }

  async function following(batch: number, count: number): Promise<Uint32Array> {
    const last = (await batches.batch(batch)).windows.at(-1)?.pieces.at(-1)
    const words = new Uint32Array(count)
    if (!last) return words
    const { shard } = last
    for (let [at, start] = [0, last.start + last.tokens]; at < count; start = 0) {
      const tokens = Math.min(count - at, shard.tokens - start)
      if (tokens > 0) await readPiece({ shard, start, tokens }, words.subarray(at, at + tokens))
      at += tokens
    }
    return words
  }

  return {
    block,
    following,
    prepare(batch) {
      if (working < madeAtOnce) block(batch).catch(() => undefined)
    },
  }
}

const isBigEndian = endianness() === 'BE'

async function sumOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (bytes.length < asideBytes) return createHash('sha256').update(bytes).digest('hex')
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex')
}
