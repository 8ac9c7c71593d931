import { OrreryError } from '#schemas/errors.ts'
import type { ByteRange } from '#schemas/object-store.ts'

const keyBytesMax = 1024
const segmentBytesMax = 255
/** Names a store keeps for itself. */
export const reservedPrefix = '.tmp'

/** The key itself, checked. @throws OrreryError `invalid_argument`; the rules are in schemas/object-store.ts */
export function requireKey(key: string): string {
  const why = faultOf(key)
  if (why === undefined) return key
  const shown = typeof key === 'string' ? JSON.stringify(key.slice(0, 200)) : String(key)
  throw new OrreryError('invalid_argument', `The object key ${shown} ${why}; pass a relative path of plain names such as data/part-0.parquet.`, { key })
}

function faultOf(key: string): string | undefined {
  if (typeof key !== 'string' || !key.isWellFormed()) return 'is not well-formed text'
  const bytes = Buffer.byteLength(key)
  if (bytes < 1 || bytes > keyBytesMax) return `has ${bytes} bytes, not 1..${keyBytesMax}`
  if (/[\p{Cc}\\]/u.test(key)) return 'contains a control character or a backslash'
  return key.split('/').map(faultOfSegment).find(Boolean)
}

function faultOfSegment(segment: string): string | undefined {
  if (segment === '') return 'has an empty segment'
  if (segment === '.' || segment === '..') return `has the segment "${segment}"`
  if (segment.startsWith(reservedPrefix)) return `has a segment that starts with "${reservedPrefix}"`
  return Buffer.byteLength(segment) > segmentBytesMax ? `has a segment of more than ${segmentBytesMax} bytes` : undefined
}

/** The range cut to an object of `bytes` bytes. @throws OrreryError `invalid_argument` */
export function clampRange(range: ByteRange | undefined, bytes: number): ByteRange {
  const { start, end } = range ?? { start: 0, end: bytes }
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start)
    throw new OrreryError('invalid_argument', `The range [${start}, ${end}) is not one of whole bytes with 0 <= start <= end.`, { start, end })
  return { start: Math.min(start, bytes), end: Math.min(end, bytes) }
}
