import { PathWalk } from './path-walk.ts'

/**
 * Path patterns of robots.txt (RFC 9309 §2.2.2, §2.2.3), as TDMRep and ai.txt use them too, each with a number. Plain data that can go from thread to thread,
 * about as large as the text it was made of: no pattern is an object of its own.
 */
export interface PathPatterns {
  /** All patterns, normalized, `packed`, sorted, one behind the other; `*` is any run of characters, `$` at the end of one is the end of the path. */
  octets: Uint8Array
  /** Where each begins, and where the last ends. */
  starts: Uint32Array
  values: Uint32Array
}

/** Packed patterns and their numbers of 32 bits. */
export type PatternValues = Map<string, number>

/** Of two patterns that are the same the greater value counts. @param pattern as `normalizePattern` gives it */
export function addPattern(values: PatternValues, pattern: string, value: number): void {
  const key = packed(pattern)
  values.set(key, Math.max(value, values.get(key) ?? 0))
}

/** As long as a line of robots.txt counts. What is longer is matched by nothing. */
export const pathCharsMax = 2083 * 8

/** One for all who say nothing, which most do. */
export const noPatterns: PathPatterns = { octets: new Uint8Array(), starts: new Uint32Array(1), values: new Uint32Array() }

export function pathPatterns(values: PatternValues): PathPatterns {
  if (values.size === 0) return noPatterns
  // By code units, which are the octets.
  const sorted = [...values.keys()].sort()
  const starts = new Uint32Array(sorted.length + 1)
  for (const [i, pattern] of sorted.entries()) starts[i + 1] = (starts[i] ?? 0) + pattern.length
  return { octets: new Uint8Array(Buffer.from(sorted.join(''), 'latin1')), starts, values: Uint32Array.from(sorted, (pattern) => values.get(pattern) ?? 0) }
}

/** What three typed arrays take beside what is in them. */
const arraysBytes = 600

export const patternsBytes = ({ octets, starts, values }: PathPatterns): number =>
  values.length === 0 ? 0 : octets.byteLength + starts.byteLength + values.byteLength + arraysBytes

/** The greatest value of all patterns that match; undefined when none does. @param path path and query of a URL, as it is sent */
export function greatestMatch(patterns: PathPatterns, path: string): number | undefined {
  if (patterns.values.length === 0 || path.length > pathCharsMax) return undefined
  const normal = normalize(path).replaceAll('*', '%2A').replaceAll('$', '%24')
  const plain = withPlainQuery(normal)
  const greatest = new PathWalk(patterns, packed(normal)).greatest()
  // A pattern without "?" says "/" or "%2F" and may mean a path or a query by it: it is compared with both spellings.
  const other = plain === normal ? undefined : new PathWalk(patterns, packed(plain)).greatest()
  return greatest === undefined || other === undefined ? (greatest ?? other) : Math.max(greatest, other)
}

/** `*` is any run of characters, `$` at the end is the end of the path; both, percent-encoded, stand for themselves. */
export function normalizePattern(text: string): string {
  const isAnchored = text.endsWith('$')
  const pattern = withPlainQuery(normalize(isAnchored ? text.slice(0, -1) : text)).replaceAll('$', '%24')
  return isAnchored ? `${pattern}$` : pattern
}

/** An octet that cannot stand for itself in one character instead of three, so that a pattern is as long as it was written (but for a lone "%": three). */
const packed = (normal: string): string =>
  normal.includes('%') ? normal.replace(unwritable, (escaped) => String.fromCharCode(Number.parseInt(escaped.slice(1), 16))) : normal

const unwritable = /%(?:[01][0-9A-F]|20|7F|[89A-F][0-9A-F])/g
/** Encoded or not, these say the same. What divides a URL, a query or a pattern where it stands for itself does not: / ? # % & = + ; * $ */
const sameEncoded = /[A-Za-z0-9\-._~!"'(),:<>@[\\\]^`{|}]/
/**
 * One spelling for the rule and for the URL, whoever encoded what of them (RFC 9309 §2.2.2): what is not printable ASCII is percent-encoded, and so is a
 * "%" that begins no escape; what may as well stand for itself is decoded, for browsers encode "{" and leave "[" and "|", and rules have any of them.
 */
function normalize(text: string): string {
  const encoded = text.toWellFormed().replace(/[^\x21-\x7e]+/gu, encodeURIComponent)
  if (!encoded.includes('%')) return encoded
  return encoded.replace(/%(?:[0-9A-Fa-f]{2})?/g, (escaped) => {
    if (escaped === '%') return '%25'
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    return sameEncoded.test(character) ? character : escaped.toUpperCase()
  })
}

/** In a query a slash is the same encoded or not, as in the examples of §2.2.2. */
function withPlainQuery(normal: string): string {
  const query = normal.indexOf('?')
  return query === -1 ? normal : normal.slice(0, query) + normal.slice(query).replaceAll('%2F', '/')
}
