import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { VariantBook, type Admission, type VariantLimits } from './variants.ts'

const wordBytes = 8
const itemsMax = 64

export interface DurableVariants extends Disposable {
  book: VariantBook
}

/**
 * A VariantBook that is the same again after a restart. Its file has one record for each variant that was let in, written before anything is made of it:
 * path, query, n, then n items, each a little-endian f64. Not synced: a power cut may cost the last of them, after which those variants are asked about again.
 * A record that is torn, and what follows it, is dropped.
 * @param fileBytesMax a longer file holds much that is forgotten: it is written anew
 */
export function openVariants(path: string, limits: VariantLimits, fileBytesMax = 64 * 2 ** 20): DurableVariants {
  mkdirSync(dirname(path), { recursive: true })
  const before = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
  let file: number | undefined
  const book = new VariantBook(limits, (admission) => void (file !== undefined && writeSync(file, encode(admission))))
  const end = replay(before, book)
  if (before.length > fileBytesMax) {
    writeFileSync(`${path}.new`, Buffer.concat(Array.from(book.admissions(), encode)))
    renameSync(`${path}.new`, path)
  }
  file = openSync(path, 'a')
  if (before.length <= fileBytesMax && end < before.length) ftruncateSync(file, end)
  return {
    book,
    [Symbol.dispose]() {
      if (file !== undefined) closeSync(file)
      file = undefined
    },
  }
}

function encode({ path, query, items }: Admission): Buffer {
  const kept = items.slice(0, itemsMax)
  return Buffer.from(new Float64Array([path, query, kept.length, ...kept]).buffer)
}

/** @returns where the last whole record ends */
function replay(bytes: Buffer, book: VariantBook): number {
  let at = 0
  while (at + 3 * wordBytes <= bytes.length) {
    const word = (index: number) => bytes.readDoubleLE(at + index * wordBytes)
    const count = word(2)
    const end = at + (3 + count) * wordBytes
    if (!Number.isInteger(count) || count < 0 || count > itemsMax || end > bytes.length) return at
    const items = Array.from({ length: count }, (_, i) => word(3 + i))
    if (![word(0), word(1), ...items].every(Number.isSafeInteger)) return at
    book.restore({ path: word(0), query: word(1), items })
    at = end
  }
  return at
}
