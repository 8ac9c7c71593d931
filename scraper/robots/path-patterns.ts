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

/** Patterns, as `normalizePattern` gives them, and their numbers of 32 bits. */
export type PatternValues = Map<string, number>

/** Of two patterns that are the same the greater value counts. */
export const addPattern = (values: PatternValues, pattern: string, value: number): void => {
  values.set(pattern, Math.max(value, values.get(pattern) ?? 0))
}

/** Longer than the address of any page (canonicalUrl has 2048 characters). What is longer is matched by nothing. */
export const pathCharsMax = 4096

export function pathPatterns(values: PatternValues): PathPatterns {
  // By code units, which of ASCII are the octets.
  const sorted = [...values.keys()].sort()
  const starts = new Uint32Array(sorted.length + 1)
  for (const [i, pattern] of sorted.entries()) starts[i + 1] = (starts[i] ?? 0) + pattern.length
  return { octets: new TextEncoder().encode(sorted.join('')), starts, values: Uint32Array.from(sorted, (pattern) => values.get(pattern) ?? 0) }
}

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
