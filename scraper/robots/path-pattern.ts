/** A path pattern of robots.txt (RFC 9309 §2.2.2, §2.2.3), as TDMRep and ai.txt use it too. */
export interface PathPattern {
  /** Octets of the normalized pattern: the more, the more specific. */
  length: number
  /** @param path as `normalizePath` gives it */
  matches(path: string): boolean
}

/** `*` is any run of characters, `$` at the end is the end of the path; both, percent-encoded, stand for themselves. */
export function compilePattern(text: string): PathPattern {
  const anchored = text.endsWith('$')
  const pattern = normalize(anchored ? text.slice(0, -1) : text).replaceAll('$', '%24')
  const parts = pattern.split('*')
  return { length: pattern.length + (anchored ? 1 : 0), matches: (path) => matchParts(parts, anchored, path) }
}

/** @param path path and query of a URL */
export const normalizePath = (path: string): string => normalize(path).replaceAll('*', '%2A').replaceAll('$', '%24')

/** Each part at the first place it fits: linear in practice and never exponential. */
function matchParts(parts: readonly string[], anchored: boolean, path: string): boolean {
  const head = parts[0] ?? ''
  if (!path.startsWith(head)) return false
  if (parts.length === 1) return !anchored || path.length === head.length
  const tail = parts.at(-1) ?? ''
  let at = head.length
  for (const part of parts.slice(1, -1)) {
    const found = path.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return anchored ? path.length - tail.length >= at && path.endsWith(tail) : path.indexOf(tail, at) !== -1
}

const unreserved = /[A-Za-z0-9\-._~]/

/**
 * Percent-encodes what is not ASCII, decodes what need not be encoded, upper-case hex. In a query ":" and "/" are the same encoded or not, as in the
 * examples of §2.2.2.
 */
function normalize(text: string): string {
  const encoded = text.toWellFormed().replace(/[^\x21-\x7e]/gu, encodeURIComponent)
  if (!encoded.includes('%')) return encoded
  const query = encoded.indexOf('?')
  return encoded.replace(/%[0-9A-Fa-f]{2}/g, (escaped, at: number) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    const isPlain = unreserved.test(character) || (query !== -1 && at > query && (character === ':' || character === '/'))
    return isPlain ? character : escaped.toUpperCase()
  })
}
