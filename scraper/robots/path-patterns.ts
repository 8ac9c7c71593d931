import { PathWalk } from './path-walk.ts'

/**
 * Path patterns of robots.txt (RFC 9309 §2.2.2, §2.2.3), as TDMRep and ai.txt use them too, each with a number. Plain data that can go from thread to thread,
 * about as large as the text it was made of: no pattern is an object of its own.
 */
export interface PathPatterns {
  /** All patterns, normalized, sorted, one behind the other; `*` is any run of characters, `$` at the end of one is the end of the path. ASCII. */
  octets: Uint8Array
  /** Where each begins, and where the last ends. */
  starts: Uint32Array
  values: Uint32Array
}

/** The value is a number of 32 bits. Of two patterns that are the same the greater value counts. */
export interface ValuedPattern {
  /** As `normalizePattern` gives it. */
  pattern: string
  value: number
}

/** Longer than the address of any page (canonicalUrl has 2048 characters). What is longer is matched by nothing. */
export const pathCharsMax = 4096

export function pathPatterns(list: readonly ValuedPattern[]): PathPatterns {
  const sorted = list.toSorted((a, b) => (a.pattern < b.pattern ? -1 : a.pattern > b.pattern ? 1 : b.value - a.value))
  const distinct = sorted.filter(({ pattern }, i) => i === 0 || pattern !== sorted[i - 1]?.pattern)
  const starts = new Uint32Array(distinct.length + 1)
  for (const [i, { pattern }] of distinct.entries()) starts[i + 1] = (starts[i] ?? 0) + pattern.length
  const octets = new Uint8Array(starts.at(-1) ?? 0)
  for (const [i, { pattern }] of distinct.entries()) encoder.encodeInto(pattern, octets.subarray(starts[i]))
  return { octets, starts, values: Uint32Array.from(distinct, ({ value }) => value) }
}

const encoder = new TextEncoder()

/** What three typed arrays take beside what is in them. */
const arraysBytes = 600

export const patternsBytes = ({ octets, starts, values }: PathPatterns): number => octets.byteLength + starts.byteLength + values.byteLength + arraysBytes

/** The greatest value of all patterns that match; undefined when none does. @param path path and query of a URL */
export function greatestMatch(patterns: PathPatterns, path: string): number | undefined {
  if (patterns.values.length === 0 || path.length > pathCharsMax) return undefined
  return new PathWalk(patterns, normalizePath(path)).greatest()
}

/** `*` is any run of characters, `$` at the end is the end of the path; both, percent-encoded, stand for themselves. */
export function normalizePattern(text: string): string {
  const isAnchored = text.endsWith('$')
  const pattern = normalize(isAnchored ? text.slice(0, -1) : text).replaceAll('$', '%24')
  return isAnchored ? `${pattern}$` : pattern
}

const normalizePath = (path: string): string => normalize(path).replaceAll('*', '%2A').replaceAll('$', '%24')

const unreserved = /[A-Za-z0-9\-._~]/

/**
 * Percent-encodes what is not ASCII, decodes what need not be encoded, upper-case hex. In a query ":" and "/" are the same encoded or not, as in the
 * examples of §2.2.2.
 */
function normalize(text: string): string {
  const encoded = text.toWellFormed().replace(/[^\x21-\x7e]+/gu, encodeURIComponent)
  if (!encoded.includes('%')) return encoded
  const query = encoded.indexOf('?')
  return encoded.replace(/%[0-9A-Fa-f]{2}/g, (escaped, at: number) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    const isPlain = unreserved.test(character) || (query !== -1 && at > query && (character === ':' || character === '/'))
    return isPlain ? character : escaped.toUpperCase()
  })
}
