import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { makeTables, type Tables } from './tables.ts'
import type { BpeSource, BpeVocabulary } from './vocabulary.ts'

export interface PackedVocabulary extends BpeVocabulary {
  tables: Tables
}

/** Of what is written: other tables of the same vocabulary are another layout, and have another name. */
const layout = 5
const headLengthBytes = 4
const checkBytes = 32
const sections = ['outer', 'pairs', 'before', 'after', 'madeStarts', 'starts', 'ids', 'slots', 'bytes', 'madeBytes'] as const
type Sections = Record<(typeof sections)[number], number>

/**
 * The tables of a tokenizer, made once and kept in a file of the folder that is named by their fingerprint. What cannot be kept, or is damaged, is made anew.
 * File: sha256 of the rest, u32 bytes of the head, head (JSON, with the words of each section), then the sections of u32, little-endian; bytes of tokens come last.
 */
export function packedTables({ fingerprint, read }: BpeSource, folder: string): PackedVocabulary {
  const path = join(folder, `${fingerprint}.${layout}.bpe`)
  const kept = readPacked(path)
  if (kept) return kept
  const { list, ...vocabulary } = read()
  const made = { ...vocabulary, tables: makeTables(list) }
  keep(folder, path, pack(made))
  return made
}

function pack({ tables, ...vocabulary }: PackedVocabulary): Uint8Array {
  const { outer, pairs, before, after, made, wholes } = tables
  const arrays = { outer, pairs, before, after, madeStarts: made.starts, madeBytes: made.bytes, ...wholes }
  const lengths = Object.fromEntries(sections.map((name) => [name, arrays[name].length])) as Sections
  const json = Buffer.from(JSON.stringify({ vocabulary, lengths }))
  const head = Buffer.alloc(Math.ceil(json.length / 4) * 4, ' ')
  json.copy(head)
  const length = Buffer.alloc(headLengthBytes)
  length.writeUInt32LE(head.length)
  const rest = Buffer.concat([length, head, ...sections.map((name) => viewOf(arrays[name]))])
  return Buffer.concat([Buffer.from(sha256Hex(rest), 'hex'), rest])
}

function readPacked(path: string): PackedVocabulary | undefined {
  let file: Buffer
  try {
    file = readFileSync(path)
  } catch {
    return undefined
  }
  if (sha256Hex(file.subarray(checkBytes)) !== file.toString('hex', 0, checkBytes)) return undefined
  let at = checkBytes + headLengthBytes
  const headEnd = at + file.readUInt32LE(checkBytes)
  const { vocabulary, lengths } = JSON.parse(file.toString('utf8', at, headEnd)) as { vocabulary: BpeVocabulary; lengths: Sections }
  at = headEnd
  // Copies: what is read of a file begins anywhere in memory.
  const words = (name: keyof Sections): Uint32Array => {
    const section = new Uint32Array(lengths[name])
    viewOf(section).set(file.subarray(at, (at += section.byteLength)))
    return section
  }
  const [outer, pairs, before, after] = [words('outer'), words('pairs'), words('before'), words('after')]
  const [madeStarts, starts, ids, slots] = [words('madeStarts'), words('starts'), words('ids'), words('slots')]
  const bytes = Uint8Array.from(file.subarray(at, (at += lengths.bytes)))
  const made = { starts: madeStarts, bytes: Uint8Array.from(file.subarray(at)) }
  return { ...vocabulary, tables: { outer, pairs, before, after, made, wholes: { starts, ids, slots, bytes } } }
}

/** Whole or not at all. Two processes may do so at once: the content is the same, and a torn one is found out. */
function keep(folder: string, path: string, bytes: Uint8Array): void {
  const aside = `${path}.new`
  // A full or a read-only disk, or the other one was faster: it is made again next time.
  try {
    mkdirSync(folder, { recursive: true })
  } catch {
    return
  }
  try {
    writeFileSync(aside, bytes)
    renameSync(aside, path)
  } catch {
    rmSync(aside, { force: true })
  }
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array | Uint32Array): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength)
