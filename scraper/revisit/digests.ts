import type { HeaderLines } from '#infra/net/header-lines.ts'
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Document } from '#schemas/document.ts'
import type { HostWord } from '../robots/rights.ts'
import type { Found, FoundUrl } from '../source/found.ts'

/** Of what a page is compared by: 64 bits as 11 characters of base64url. */
const digestChars = 11
/** Of what a host says of a page. It is compared with the one before alone: 36 bits are enough. */
const wordChars = 6

/** Headers in which an answer says how its body is to be read, and what may be done with it. */
const headersThatCount = ['content-type', 'x-robots-tag', 'tdm-reservation', 'tdm-policy', 'content-usage', 'content-signal']

interface Answer {
  headers: HeaderLines
  body: Uint8Array
}

/**
 * Of an answer as it came: the CRC-32 of each half of its body. It is compared with the one before alone, so a change is overlooked once in four thousand
 * million; whoever builds such a page on purpose hides his own change. A cryptographic hash of every page costs more than finding its links does.
 */
export function answerDigest({ headers, body }: Answer): string {
  const said = crc32(JSON.stringify(headersThatCount.map((name) => headers[name] ?? null)))
  const middle = body.length >>> 1
  return fromHalves(crc32(body.subarray(0, middle), said), crc32(body.subarray(middle), said))
}

/** Of what is made of a page: its text, and what its owner allows. robots.txt has allowed it, else it would not be here. */
export const documentDigest = ({ id, rights }: Pick<Document, 'id' | 'rights'>): string => textDigest(JSON.stringify([id, { ...rights, robots: undefined }]))

/** Of what a sitemap or a feed lists. @param withDates whether its dates count: those of a host that is not believed change for nothing */
export function listDigest({ pages, sitemaps, feeds }: Found, withDates: boolean): string {
  const line = ({ url, modifiedAt = 0 }: FoundUrl): string => `${url} ${withDates ? modifiedAt : ''}`
  return textDigest([pages, sitemaps, feeds].map((list) => list.map(line).join('\n')).join('\n\n'))
}

/** Of what a host says beside its pages of learning from one of them. */
export const wordDigest = (word: HostWord): string => textDigest(JSON.stringify(word)).slice(0, wordChars)

/** Of a text, or of a reason why there is none. */
export const textDigest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, digestChars)

function fromHalves(first: number, second: number): string {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32BE(first, 0)
  bytes.writeUInt32BE(second, 4)
  return bytes.toString('base64url')
}
