import { promisify } from 'node:util'
import { constants, gzip, zstdCompress } from 'node:zlib'
import type { FixedBytes } from '#infra/net/byte-answer.ts'
import { recentValues } from '#infra/recent-values.ts'
import type { Encoders } from '#infra/tokenizer/encoders.ts'
import { surplusTokens } from '#infra/tokenizer/token-text.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { TokenizerRef } from '#schemas/token-list.ts'
import type { RowDocument } from '../plan/row-documents.ts'
import { arrowEncoder, arrowStreamType } from './arrow.ts'
import type { TokenBlock, TokenBlocks } from './token-blocks.ts'

/** What a block is given as, with its media type; the first where nobody asks for another. */
export const blockTypes = {
  /** The tokens alone: rows × rowTokens u32, little-endian. */
  raw: 'application/octet-stream',
  /** The same behind a header of 64 bytes (block-header.ts). */
  orrery: 'application/vnd.orrery.block',
  arrow: arrowStreamType,
  /** That of `orrery` as a zstd frame, for slow links. */
  zstd: 'application/zstd',
  /** UTF-8, gzipped, that a tokenizer makes the same tokens of and some more: for nodes that have only that (IOTA's). It has no row ends. */
  text: 'application/gzip',
} as const
export type BlockFormat = keyof typeof blockTypes
export const blockFormats = Object.keys(blockTypes) as BlockFormat[]

/** A block in one format. */
export interface BlockBytes extends FixedBytes {
  /** Of the batch. */
  label: string
}

/** The blocks of an epoch in every format. */
export interface BlockRepresentations {
  /** @throws as `TokenBlocks.block`; `not_acceptable` for `text` where no text encodes to these tokens */
  get(batch: number, format: BlockFormat): Promise<BlockBytes>
}

/** What was packed, kept, in bytes. */
const packedBytesMax = 16 * 2 ** 20
/** Of what a block has in Arrow: other columns are another representation. */
const arrowVersion = 'arrow2'
const zstdLevel = 3
const toZstd = promisify(zstdCompress)
const toGzip = promisify<Uint8Array, Buffer>(gzip)
/** Tokens behind those of a text: those it must have, and as many again, as its end may be cut otherwise. */
const followingTokens = 3 * surplusTokens
const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: zstdLevel, [constants.ZSTD_c_checksumFlag]: 1 } }

export interface RepresentationParts {
  blocks: TokenBlocks
  /** Which documents the rows of a batch are made of. @throws as `RowDocuments.of` */
  documents(batch: number): Promise<readonly (readonly RowDocument[])[]>
  tokenizer: TokenizerRef
  encoders: Pick<Encoders, 'vocabulary' | 'textOf'>
  /** What Arrow's schema says of all blocks. */
  metadata: ReadonlyMap<string, string>
}

export function blockRepresentations({ blocks, documents, tokenizer, encoders, metadata }: RepresentationParts): BlockRepresentations {
  const toArrow = arrowEncoder(metadata)
  const packed = recentValues<string, BlockBytes>({ bytesMax: packedBytesMax, bytesOf: ({ bytes }) => bytes.length })

  async function plain(block: TokenBlock, format: 'raw' | 'orrery' | 'arrow'): Promise<BlockBytes> {
    const { label, batch, sha256 } = block
    const type = blockTypes[format]
    if (format === 'raw') return { label, etag: `"${sha256}"`, type, bytes: block.bytes }
    // What they are follows from the tokens and the batch of this plan: another sum would say no more.
    if (format === 'orrery') return { label, etag: `"${sha256}.${batch}.orrery"`, type, bytes: block.framed }
    return { label, etag: `"${sha256}.${batch}.${arrowVersion}"`, type, bytes: toArrow(block, await documents(batch)) }
  }

  async function textOf({ batch, bytes }: TokenBlock): Promise<Uint8Array> {
    const { fingerprint } = await encoders.vocabulary()
    if (fingerprint !== tokenizer.fingerprint) throw noText(batch, `the tokenizer of this service is not ${tokenizer.name}; set dataset.tokenizer`)
    const wanted = bytes.length / 4
    const tokens = new Uint32Array(wanted + followingTokens)
    for (let at = 0, view = new DataView(bytes.buffer, bytes.byteOffset); at < wanted; at++) tokens[at] = view.getUint32(4 * at, true)
    tokens.set(await blocks.following(batch, followingTokens), wanted)
    const text = await encoders.textOf(tokens, wanted)
    if (!text) throw noText(batch, 'a window is cut inside a word or a character, or a document spells a special token; ask for another format')
    return text
  }

  return {
    async get(batch, format) {
      if (format !== 'zstd' && format !== 'text') return plain(await blocks.block(batch), format)
      const name = `${batch} ${format}`
      const known = packed.get(name)
      if (known) return known
      const block = await blocks.block(batch)
      const bytes = format === 'zstd' ? await toZstd(block.framed, zstdOptions) : await toGzip(await textOf(block))
      // Another version of the library packs otherwise.
      const answer = { label: block.label, etag: `"${sha256Hex(bytes)}"`, type: blockTypes[format], bytes }
      packed.keep(name, answer)
      return answer
    },
  }
}

const noText = (batch: number, why: string): OrreryError => new OrreryError('not_acceptable', `Batch ${batch} cannot be given as text: ${why}.`, { batch })
