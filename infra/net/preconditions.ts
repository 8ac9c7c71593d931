import type { IncomingHttpHeaders } from 'node:http'

/**
 * Entity tags of conditional requests (RFC 9110 §8.8.3, §13). A header is read as far as it is well-formed; its length is bounded by the server's head.
 * @param etag of what is there, spelled as its header has it: `"…"` or `W/"…"`; undefined: nothing is
 * @returns what to do with a GET or HEAD; of what changes something only `send` may
 */
export function precondition(headers: IncomingHttpHeaders, etag: string | undefined): 'send' | 'not_modified' | 'failed' {
  const { 'if-match': wanted, 'if-none-match': known } = headers
  if (wanted !== undefined && (etag === undefined || !matches(wanted, (tag) => isStrong(tag) && tag === etag))) return 'failed'
  return etag !== undefined && known !== undefined && matches(known, (tag) => opaque(tag) === opaque(etag)) ? 'not_modified' : 'send'
}

/** Whether `Range` counts: `If-Range` is absent, or names this very representation. A date never does: nothing here has one. */
export const isRangeWanted = ({ 'if-range': wanted }: IncomingHttpHeaders, etag: string | undefined): boolean =>
  wanted === undefined || (typeof wanted === 'string' && etag !== undefined && isStrong(etag) && wanted.trim() === etag)

const tags = /\s*(?:,\s*)*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")\s*(?=,|$)/y

function matches(header: string, isMeant: (tag: string) => boolean): boolean {
  if (header.trim() === '*') return true
  tags.lastIndex = 0
  for (let found = tags.exec(header); found; found = tags.exec(header)) if (isMeant(found[1] ?? '')) return true
  return false
}

const isStrong = (tag: string): boolean => tag.startsWith('"')
const opaque = (tag: string): string => tag.replace(/^W\//, '')
