import type { LeafKind } from './columns.ts'

/** The least and the greatest value of a page or a chunk, as readers compare them, PLAIN encoded without a length. */
export interface Bounds {
  min: Uint8Array
  max: Uint8Array
  /** False when it was cut: then it is only a bound. */
  minExact: boolean
  maxExact: boolean
}

/** How much of a long value stands in a bound, in bytes. */
const boundBytes = 64

/** Compares two stretches of bytes, unsigned: for UTF-8 that is the order of code points. */
export function compareBytes(a: Uint8Array, aFrom: number, aTo: number, b: Uint8Array, bFrom: number, bTo: number): number {
  const shared = Math.min(aTo - aFrom, bTo - bFrom)
  for (let n = 0; n < shared; n++) {
    const difference = (a[aFrom + n] as number) - (b[bFrom + n] as number)
    if (difference !== 0) return difference
  }
  return aTo - aFrom - (bTo - bFrom)
}

/** The bounds of values of which these are the least and the greatest. */
export function cellBounds(kind: LeafKind, least: string | number, greatest: string | number): Bounds {
  if (typeof least === 'number') return numberBounds(kind, least, greatest as number)
  return textBounds(Buffer.from(least), Buffer.from(greatest as string))
}

/** A long lower bound is cut, a long upper one cut and raised (parquet.thrift, ColumnIndex), both between characters. What cannot be raised stays whole. */
export function textBounds(least: Uint8Array, greatest: Uint8Array): Bounds {
  const min = least.length <= boundBytes ? least : cutText(least)
  const max = greatest.length <= boundBytes ? greatest : (raiseText(cutText(greatest)) ?? greatest)
  return { min: Uint8Array.from(min), max: Uint8Array.from(max), minExact: min === least, maxExact: max === greatest }
}

/** A least zero is written as −0 and a greatest one as +0 (parquet.thrift, ColumnOrder): readers may tell them apart. */
function numberBounds(kind: LeafKind, least: number, greatest: number): Bounds {
  const toBytes = (value: number): Uint8Array => {
    const view = new DataView(new ArrayBuffer(kind === 'int32' ? 4 : 8))
    if (kind === 'int32') view.setInt32(0, value, true)
    else if (kind === 'double') view.setFloat64(0, value, true)
    else view.setBigInt64(0, BigInt(value) * (kind === 'timestamp' ? 1000n : 1n), true)
    return new Uint8Array(view.buffer)
  }
  const isZero = (value: number) => kind === 'double' && value === 0
  return { min: toBytes(isZero(least) ? -0 : least), max: toBytes(isZero(greatest) ? 0 : greatest), minExact: true, maxExact: true }
}

/** Never within a character: a continuation byte is 10xxxxxx. */
function cutText(bytes: Uint8Array): Uint8Array {
  let at = boundBytes
  while (((bytes[at] as number) & 0xc0) === 0x80) at--
  return bytes.subarray(0, at)
}

/** The least text that is greater than all that begin with `prefix`; undefined when there is none. */
function raiseText(prefix: Uint8Array): Uint8Array | undefined {
  const points = Array.from(Buffer.from(prefix).toString(), (character) => character.codePointAt(0) as number)
  const last = points.findLastIndex((point) => point < 0x10ffff)
  if (last < 0) return undefined
  const next = (points[last] as number) + 1
  // Behind the last character before the surrogates stands the first one after them.
  return Buffer.from([...points.slice(0, last), next === 0xd800 ? 0xe000 : next].map((point) => String.fromCodePoint(point)).join(''))
}

/** Below 0 when `a` stands before `b` in the order of the column's values. */
export function compareBounds(kind: LeafKind, a: Uint8Array, b: Uint8Array): number {
  if (kind === 'string' || kind === 'json') return compareBytes(a, 0, a.length, b, 0, b.length)
  const toNumber = (bytes: Uint8Array): number => {
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    return kind === 'int32' ? view.getInt32(0, true) : kind === 'double' ? view.getFloat64(0, true) : Number(view.getBigInt64(0, true))
  }
  return toNumber(a) - toNumber(b)
}

/** The bounds of a chunk, of those of its pages. */
export function joinBounds(kind: LeafKind, pages: readonly Bounds[]): Bounds | undefined {
  return pages.reduce<Bounds | undefined>((joined, page) => {
    if (!joined) return page
    const [lower, upper] = [compareBounds(kind, page.min, joined.min) < 0, compareBounds(kind, page.max, joined.max) > 0]
    return {
      min: lower ? page.min : joined.min,
      minExact: lower ? page.minExact : joined.minExact,
      max: upper ? page.max : joined.max,
      maxExact: upper ? page.maxExact : joined.maxExact,
    }
  }, undefined)
}
