import type { ByteRange } from '#schemas/object-store.ts'

/** One range of RFC 9110 §14.1.2; undefined for none, or for a form that may be ignored (several ranges, another unit, bad syntax). */
export function rangeOf(header: string | undefined, bytes: number): ByteRange | 'unsatisfiable' | undefined {
  const [, set] = /^bytes=(.*)$/i.exec(header ?? '') ?? []
  // Empty elements of a list say nothing (§5.6.1.2).
  const ranges = (set ?? '').split(',').flatMap((each) => (each.trim() === '' ? [] : [each.trim()]))
  const [, first, last] = (ranges.length === 1 ? /^(\d*)-(\d*)$/.exec(ranges[0] ?? '') : null) ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  // However long a number is, beyond the end it means the end.
  const range =
    first === ''
      ? { start: Math.max(0, bytes - Number(last)), end: bytes }
      : { start: Number(first), end: last === '' ? bytes : Math.min(bytes, Number(last) + 1) }
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  return range.start < range.end ? range : 'unsatisfiable'
}
