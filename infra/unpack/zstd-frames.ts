import { createZstdDecompress, zstdDecompressSync, type ZstdDecompress } from 'node:zlib'
import { ByteReader } from './byte-reader.ts'

/** RFC 8878 §3.1: a frame of data, and a frame to be skipped with any last digit; with D it holds the dictionary of a WARC. */
const dataMagic = 0xfd2fb528
const skippableMagic = 0x184d2a50
const dictionaryMagic = 0x184d2a5d
const dictionaryBytesMax = 16 * 2 ** 20
/** First bytes of a `.warc.zst`: of its data, or of its dictionary. */
const firstBytes = new Set([dataMagic & 0xff, dictionaryMagic & 0xff])

/** Whether a file that begins so is zstd: a frame of data, or one to be skipped, as files have that can be sought in. Of fewer than four bytes the first decides. */
export function beginsZstd(start: Uint8Array): boolean {
  const [byte] = start
  if (start.length < 4) return byte !== undefined && firstBytes.has(byte)
  const magic = new DataView(start.buffer, start.byteOffset, 4).getUint32(0, true)
  return magic === dataMagic || (magic & ~0xf) === skippableMagic
}

/** What is no zstd, or ends in the middle. */
export class ZstdTrouble extends Error {}

/**
 * What a file of zstd frames needs to be unpacked as one stream: its dictionary, if it begins with one (WARC-zstd 1.0: raw, or a frame of its own), and its
 * frames in pieces. Node's decompressor forgets what follows a frame within one write, so no piece crosses the end of one.
 * https://iipc.github.io/warc-specifications/specifications/warc-zstd/
 */
export async function openZstd(chunks: AsyncIterable<Uint8Array>, chunkSize: number): Promise<{ pieces: AsyncGenerator<Buffer>; unpack: ZstdDecompress }> {
  const reader = new ByteReader(chunks)
  try {
    let magic = await magicOf(reader)
    let dictionary: Buffer | undefined
    if (magic === dictionaryMagic) {
      dictionary = await readDictionary(reader)
      magic = await magicOf(reader)
    }
    return { pieces: framePieces(reader, magic), unpack: createZstdDecompress({ chunkSize, ...(dictionary && { dictionary }) }) }
  } catch (error) {
    await reader.close()
    throw error
  }
}

async function readDictionary(reader: ByteReader): Promise<Buffer> {
  const length = (await exactly(reader, 4)).readUInt32LE()
  if (length > dictionaryBytesMax) throw new ZstdTrouble('its dictionary is too large')
  const stored = Buffer.from(await exactly(reader, length))
  const isPacked = stored.length >= 4 && stored.readUInt32LE() === dataMagic
  return isPacked ? zstdDecompressSync(stored, { maxOutputLength: dictionaryBytesMax }) : stored
}

async function* framePieces(reader: ByteReader, first: number | undefined): AsyncGenerator<Buffer> {
  try {
    for (let magic = first; magic !== undefined; magic = await magicOf(reader)) {
      if ((magic & ~0xf) === skippableMagic) {
        const length = (await exactly(reader, 4)).readUInt32LE()
        if ((await reader.skip(length)) < length) throw torn()
      } else if (magic >>> 0 === dataMagic) yield* dataFrame(reader)
      else throw new ZstdTrouble('it is not all zstd')
    }
  } finally {
    await reader.close()
  }
}

/** Header, blocks, checksum (RFC 8878 §3.1.1). */
async function* dataFrame(reader: ByteReader): AsyncGenerator<Buffer> {
  const start = Buffer.alloc(5)
  start.writeUInt32LE(dataMagic)
  const descriptor = (await exactly(reader, 1))[0] ?? 0
  start[4] = descriptor
  const isSingleSegment = (descriptor & 0x20) !== 0
  const sizeFlag = descriptor >>> 6
  const sizeBytes = sizeFlag === 0 ? Number(isSingleSegment) : 1 << sizeFlag
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3] ?? 0
  yield Buffer.concat([start, await exactly(reader, (isSingleSegment ? 0 : 1) + dictionaryIdBytes + sizeBytes)])
  for (let isLast = false; !isLast;) {
    const head = Buffer.from(await exactly(reader, 3))
    const word = head.readUIntLE(0, 3)
    isLast = (word & 1) === 1
    const type = (word >>> 1) & 3
    // One byte that is repeated is stored once.
    const bytes = type === 1 ? 1 : word >>> 3
    const body = await exactly(reader, bytes)
    const checksum = isLast && (descriptor & 4) !== 0 ? await exactly(reader, 4) : Buffer.alloc(0)
    yield Buffer.concat([head, body, checksum])
  }
}

/** The next four bytes, little-endian; undefined at the end. */
async function magicOf(reader: ByteReader): Promise<number | undefined> {
  return (await reader.more()) ? (await exactly(reader, 4)).readUInt32LE() : undefined
}

async function exactly(reader: ByteReader, count: number): Promise<Buffer> {
  const bytes = await reader.take(count)
  if (bytes.length < count) throw torn()
  return bytes
}

const torn = (): ZstdTrouble => new ZstdTrouble('unexpected end of file')
