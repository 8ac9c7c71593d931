import { utf16Of } from '../charset/utf-16.ts'

/** What a line is about; `undefined`: nothing of ours. */
export type RobotsKey = 'user-agent' | 'allow' | 'disallow' | 'sitemap' | 'crawl-delay' | 'content-signal' | 'content-usage'

export interface RobotsLine {
  key: RobotsKey | undefined
  /** In ASCII: what is not is percent-encoded, as UTF-8. */
  value: string
  /** Where it ends in the text, characters. */
  end: number
}

/** As Google's parser, which has room for eight URLs of the length that browsers take. The rest of a line is passed over. */
const lineCharsMax = 2083 * 8 - 1
/** Files that a tool wrapped in HTML end their lines by tags, too. */
const lineEnd = /[\r\n]|<\/?(?:br|p|div|pre|li|body|html|head|table|tbody|tr|td|span|font|center|tt|xmp)\b[^<>\r\n]{0,100}>/gi

/**
 * What a key begins with, in the order in which it is tried. RFC 9309 §2.2 takes "disallow" alone; these are the spellings that Google's parser takes for
 * what was meant (github.com/google/robotstxt, robots.cc).
 */
const keys: readonly (readonly [pattern: RegExp, key: RobotsKey])[] = [
  [/^user[- ]?agent/i, 'user-agent'],
  [/^allow/i, 'allow'],
  [/^(?:diss?all?ow|diasllow|disallaw)/i, 'disallow'],
  [/^site[- ]?map/i, 'sitemap'],
  [/^crawl[- ]?delay/i, 'crawl-delay'],
  [/^content[- ]?signal/i, 'content-signal'],
  [/^content[- ]?usage/i, 'content-usage'],
]

/** Every line that is a record: `Key: value # comment`, or `Key value` of exactly two words. Lines end by CR, LF or both. */
export function* robotsLines(text: string): Generator<RobotsLine> {
  const ends = new RegExp(lineEnd)
  for (let start = text.startsWith('\uFEFF') ? 1 : 0; start < text.length; start = ends.lastIndex) {
    ends.lastIndex = start
    const found = ends.exec(text)
    const end = found?.index ?? text.length
    ends.lastIndex = found ? end + found[0].length : text.length
    const record = end === start ? undefined : recordOf(text.slice(start, Math.min(end, start + lineCharsMax)))
    if (record) yield { ...record, end }
  }
}

function recordOf(line: string): Omit<RobotsLine, 'end'> | undefined {
  const [plain = ''] = line.split('#', 1)
  // Encoded first: only ASCII's own white space is trimmed.
  const record = plain
    .toWellFormed()
    .replace(/[^\0-\x7f]+/gu, encodeURIComponent)
    .trim()
  const colon = record.indexOf(':')
  if (colon !== -1) return colon === 0 ? undefined : { key: keyOf(record.slice(0, colon).trim()), value: record.slice(colon + 1).trim() }
  const [, name, value] = /^([^ \t]+)[ \t]+([^ \t]+)$/.exec(record) ?? []
  return name === undefined || value === undefined ? undefined : { key: keyOf(name), value }
}

const keyOf = (name: string): RobotsKey | undefined => keys.find(([pattern]) => pattern.test(name))?.[1]

const byteOrderMark = [0xef, 0xbb, 0xbf]

/** The text of a file. It is UTF-8 (§2.2); what is not keeps its octets, percent-encoded, as they stand in the URLs of such a site. */
export function robotsText(body: Uint8Array): string {
  const wide = utf16Of(body)
  if (wide !== undefined) return new TextDecoder(wide).decode(body)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    let start = 0
    while (start < byteOrderMark.length && body[start] === byteOrderMark[start]) start++
    let text = ''
    for (const octet of body.subarray(start)) text += spellings[octet]
    return text
  }
}

const spellings = Array.from({ length: 256 }, (_, octet) => (octet < 0x80 ? String.fromCharCode(octet) : `%${octet.toString(16).toUpperCase()}`))
