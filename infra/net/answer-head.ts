import { HttpTrouble } from './http-failure.ts'

/** Where the body of an answer ends (RFC 9112 §6.3): after so many bytes, with its last chunk, or with the connection. */
type Framing = number | 'chunked' | 'close'

export interface AnswerHead {
  status: number
  framing: Framing
  /** The same head as a strict parser takes it, Latin-1: what came where that is strict already. */
  text: string
}

type Field = readonly [name: string, value: string]

/** `HTTP/1.1 200 OK` as it is met: in small letters, with any white space, without a reason, in a version to come. `ICY` is HTTP/1.0 by another name. */
const statusLine = /^(?:HTTP\/(\d+)(?:\.(\d+))?|ICY)[ \t]+(\d{3})(?!\d)[ \t]*(.*)$/i
/** RFC 9112 §3, §5. */
const strict = /^HTTP\/1\.[01] [1-9]\d\d(?: [\t -~\x80-\xff]*)?\r\n(?:[!#$%&'*+.^_`|~\dA-Za-z-]+:[\t -~\x80-\xff]*\r\n)*\r\n$/
const framingLine = /\r\n(?:content-length|transfer-encoding):[^\r]*/gi
/** Without white space behind it, which undici takes for a part of the length. */
const strictFraming = /^\r\n(?:content-length:[ \t]*(\d{1,15})|transfer-encoding:[ \t]*chunked)$/i
const token = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const control = /[\x00-\x08\x0a-\x1f\x7f]/g
const lengthDigitsMax = 15

/**
 * Reads the head of an answer as browsers do: a line ends in LF, with CR or without; one that begins with white space goes on with the one before; white space
 * before a colon is none of the name; what is no header is passed over; a control character in a value is a space (RFC 9110 §5.5).
 * @param text Latin-1, through the empty line
 * @returns undefined where its first line is none of HTTP
 * @throws HttpTrouble `bad_response` for two lengths that differ, `too_large`
 */
export function readAnswerHead(text: string): AnswerHead | undefined {
  return strictHead(text) ?? anyHead(text)
}

/** Most are, and reading those costs less. */
function strictHead(text: string): AnswerHead | undefined {
  if (!strict.test(text)) return undefined
  const [line, another] = text.match(framingLine) ?? []
  const said = line === undefined ? undefined : strictFraming.exec(line)
  const isChunked = line !== undefined && said?.[1] === undefined
  const isOld = text.startsWith('HTTP/1.0')
  if (said === null || another !== undefined || (isChunked && isOld)) return undefined
  const code = text.slice(9, 12)
  const framing = isChunked ? 'chunked' : said ? Number(said[1]) : 'close'
  return { status: Number(code), framing: hasBody(code) ? framing : 0, text }
}

function anyHead(text: string): AnswerHead | undefined {
  const [first = '', ...lines] = text.split('\n')
  const [, major = '1', minor = '0', code, reason = ''] = statusLine.exec(plain(first)) ?? []
  if (code === undefined) return undefined
  const all = fieldsOf(lines)
  const fields = all.filter(([name]) => !/^(?:content-length|transfer-encoding)$/i.test(name))
  const lengths = valuesOf(all, 'content-length')
  const isChunked = valuesOf(all, 'transfer-encoding').some((coding) => coding.toLowerCase() === 'chunked')
  const isOld = major === '0' || (major === '1' && minor === '0')
  const length = isChunked ? undefined : lengthOf(lengths)
  if (isChunked) fields.push(['Transfer-Encoding', 'chunked'])
  if (length !== undefined) fields.push(['Content-Length', String(length)])
  // Who says both may have meant the other one: what comes after it is not to be believed (RFC 9112 §6.3).
  if (isChunked && (isOld || lengths.length > 0)) fields.push(['Connection', 'close'])
  const written = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return {
    status: Number(code),
    framing: hasBody(code) ? (isChunked ? 'chunked' : (length ?? 'close')) : 0,
    text: `HTTP/1.${isOld && !isChunked ? 0 : 1} ${code} ${reason}\r\n${written}\r\n`,
  }
}

const hasBody = (code: string): boolean => !code.startsWith('1') && code !== '204' && code !== '304'

const plain = (text: string): string => text.replace(control, ' ').trim()

function fieldsOf(lines: readonly string[]): Field[] {
  const fields: Field[] = []
  let isOpen = false
  for (const line of lines) {
    const [name, value] = fields.at(-1) ?? ['', '']
    if (/^[ \t]/.test(line)) {
      if (isOpen && plain(line) !== '') fields[fields.length - 1] = [name, `${value} ${plain(line)}`]
      continue
    }
    const colon = line.indexOf(':')
    const next = line.slice(0, Math.max(colon, 0)).trimEnd()
    isOpen = token.test(next)
    if (isOpen) fields.push([next, plain(line.slice(colon + 1))])
  }
  return fields
}

/** The members of a list, whichever lines they stand in. */
const valuesOf = (fields: readonly Field[], name: string): string[] =>
  fields.flatMap(([each, value]) => (each.toLowerCase() === name ? value.split(',').map((member) => member.trim()) : []))

/** A length that is no number says nothing. @throws HttpTrouble */
function lengthOf(members: readonly string[]): number | undefined {
  if (members.length === 0 || !members.every((member) => /^\d+$/.test(member))) return undefined
  const lengths = new Set(members.map((member) => member.replace(/^0+(?=\d)/, '')))
  const [length = ''] = lengths
  if (lengths.size > 1) throw new HttpTrouble('bad_response')
  if (length.length > lengthDigitsMax) throw new HttpTrouble('too_large')
  return Number(length)
}
