import { parsePythonJson } from './python-json.ts'

/** Depth of arrays and objects that is followed, and the longest text: whoever signs so is a client with small requests. */
const depthMax = 32
const bytesMax = 64 * 1024

/**
 * A JSON object as Python's `json.dumps(value, sort_keys=True)` may write it, out of bytes that `json.dumps(value)` wrote: members sorted by code point at every
 * depth, or by number where all keys of an object are whole numbers, which may have been none of text; `, ` and `: ` between them, every number and string left
 * as it stands (`1e-05` stays `1e-05`).
 * @returns one or two texts; none for what is no JSON, is deeper than 32 or longer than 64 KiB, or has a key twice
 */
export function sortedJson(body: Uint8Array): Uint8Array[] {
  if (body.length > bytesMax) return []
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
    parsePythonJson(text)
  } catch {
    return []
  }
  const sorted = [byCodePoint, byNumber].map((order) => new SortingReader(text, order).read())
  return [...new Set(sorted)].flatMap((each) => (each === undefined ? [] : [Buffer.from(each)]))
}

type Order = (a: string, b: string) => number
/** The order of code points is that of UTF-8. */
const byCodePoint: Order = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))
const byNumber: Order = (a, b) => Number(a) - Number(b)
const wholeNumber = /^(?:0|-?[1-9]\d{0,14})$/

/** Whatever is no bracket, comma, colon or white space between them. The text is JSON already: strings need no more than to be passed over. */
const scalar = /"(?:[^"\\]|\\.)*"|[^\s,:[\]{}"]+/y
const space = /[\t\n\r ]*/y

class SortingReader {
  readonly #text: string
  readonly #order: Order
  #at = 0

  constructor(text: string, order: Order) {
    this.#text = text
    this.#order = order
  }

  read(): string | undefined {
    this.#skip(space)
    return this.#value(depthMax)
  }

  #value(depth: number): string | undefined {
    const first = this.#text[this.#at]
    if (first === '{') return depth === 0 ? undefined : this.#members(depth - 1)
    if (first === '[') return depth === 0 ? undefined : this.#items(depth - 1)
    return this.#skip(scalar)
  }

  #members(depth: number): string | undefined {
    const names = new Set<string>()
    const members: { name: string; text: string }[] = []
    for (this.#open(); this.#text[this.#at] !== '}'; this.#next()) {
      const key = this.#skip(scalar)
      const name = JSON.parse(key) as string
      this.#open()
      const value = this.#value(depth)
      if (value === undefined || names.has(name)) return undefined
      names.add(name)
      members.push({ name, text: `${key}: ${value}` })
    }
    this.#at++
    const order = members.every(({ name }) => wholeNumber.test(name)) ? this.#order : byCodePoint
    members.sort((a, b) => order(a.name, b.name))
    return `{${members.map((member) => member.text).join(', ')}}`
  }

  #items(depth: number): string | undefined {
    const items: string[] = []
    for (this.#open(); this.#text[this.#at] !== ']'; this.#next()) {
      const item = this.#value(depth)
      if (item === undefined) return undefined
      items.push(item)
    }
    this.#at++
    return `[${items.join(', ')}]`
  }

  /** Passes over a bracket or a colon, and the white space around it. */
  #open(): void {
    this.#skip(space)
    this.#at++
    this.#skip(space)
  }

  /** To the next member or item, or to the bracket that closes. */
  #next(): void {
    this.#skip(space)
    if (this.#text[this.#at] === ',') this.#open()
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const [found = ''] = pattern.exec(this.#text) ?? []
    this.#at += found.length
    return found
  }
}
