import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import { documentColumns } from '#schemas/parquet/columns.ts'
import { damaged } from './index-folder.ts'
import type { FoundDocument } from '../dataset-query.ts'

export type ShownDocument = FoundDocument['document']

/** What lists do not show: `id` stands beside it. */
const left = new Set<string>(['minhash', 'text', 'markdown', 'id'])
const columns = documentColumns.filter(({ name }) => !left.has(name))

/** What is packed again and again, so that it costs next to nothing; a change of it is another format (index-format.ts). */
const dictionary = Buffer.from(
  [
    '"alphabetic_words":0.,"bullet_lines":0,"duplicate_line_characters":0,"duplicate_lines":0,"duplicate_paragraphs":0,"ellipsis_lines":0,"ended_lines":0.,"mean_word":4.,"new_lines":0.,"short_lines":0.,"stop_words":',
    '"symbols":0,"top_2_gram":0.0,"top_3_gram":0.0,"top_4_gram":0.0,"words":',
    '{"email":1,"ip":1,"phone":1,"iban":1,"card":1}',
    '"meta","json-ld","time","url","text","last-modified","sitemap","none","documentation","forum","product","listing","collection","service"',
    '{"en":1},"en","de","fr","zh",200,"text/html; charset=UTF-8","text/html; charset=utf-8","text/html",null,null,"https://www.',
    '{"licence":null,"licence_scope":null,"meta_robots":[],"robots":"absent","tdm_reservation":null}',
    '{"licence":"CC-BY-4.0","licence_scope":"page","meta_robots":[],"robots":"allowed","tdm_reservation":null},"article",null',
  ].join(''),
)
/** A small window and small pieces: a page unpacks a hundred, and of zstd each costs four times as much. */
const options = { dictionary, windowBits: 13, chunkSize: 4096 }
const checksumBytes = 4
/** More than the columns of a document may hold together. */
const packedBytesMax = 2 ** 20

/** All of a document that lists show, but its id, and the beginning of its text: a CRC-32 (little-endian), then deflated JSON. */
export function packDocument(document: ShownDocument, excerpt: string): Uint8Array {
  const cells = columns.map(({ name }) => {
    const value = document[name as keyof ShownDocument]
    return value instanceof Date ? value.getTime() : value
  })
  const deflated = deflateRawSync(JSON.stringify([...cells, excerpt]), options)
  const packed = Buffer.alloc(checksumBytes + deflated.length)
  packed.writeUInt32LE(crc32(deflated))
  packed.set(deflated, checksumBytes)
  return packed
}

/** @throws OrreryError `data_unreadable` for what is damaged */
export function unpackDocument(id: Uint8Array, packed: Uint8Array): { document: ShownDocument; excerpt: string } {
  const cells = cellsOf(packed)
  const document: Record<string, unknown> = { id: Buffer.from(id).toString('hex') }
  for (const [n, { name, kind }] of columns.entries()) document[name] = kind === 'timestamp' && cells[n] !== null ? new Date(cells[n] as number) : cells[n]
  return { document: document as ShownDocument, excerpt: String(cells[columns.length]) }
}

function cellsOf(packed: Uint8Array): unknown[] {
  const deflated = packed.subarray(checksumBytes)
  const isWhole = packed.length > checksumBytes && new DataView(packed.buffer, packed.byteOffset).getUint32(0, true) === crc32(deflated)
  if (!isWhole) throw damaged('a document has another checksum')
  try {
    return JSON.parse(inflateRawSync(deflated, { ...options, maxOutputLength: packedBytesMax }).toString()) as unknown[]
  } catch (cause) {
    throw damaged('a document cannot be unpacked', cause)
  }
}
