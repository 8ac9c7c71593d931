import { withoutInvisible } from '#schemas/identity/invisible.ts'
import { cellTex, type Inline, type Mark } from './text-blocks.ts'

type Place = 'paragraph' | 'heading' | 'cell'
/** What a line is put together from: text, escaped, and marks that are yet to be spelt. */
type Piece = string | Delimiter
interface Delimiter {
  mark: Exclude<Mark, 'code'>
  opens: boolean
  href: string
  partner: Delimiter | undefined
}

/** One block's inline content as Markdown. @param resolve address of a link or image; undefined leaves its text only */
export function markdownLine(inline: readonly Inline[], place: Place, resolve: (href: string) => string | undefined): string {
  const writer = new LineWriter(place, resolve)
  for (const part of inline) writer.add(part)
  const text = spell(writer.pieces())
  if (place === 'heading') return escapeEnd(text)
  return place === 'cell' ? text : text.split('\n').map(escapeStart).join('\n')
}

class LineWriter {
  readonly #place: Place
  readonly #resolve: (href: string) => string | undefined
  readonly #pieces: Piece[] = []
  /** Marks that wait for their first text, so that white space and nothing at all stay outside. */
  readonly #waiting: Delimiter[] = []
  readonly #open: Delimiter[] = []
  /** White space that waits for the text behind it. */
  #space = ''
  #code: string[] | undefined

  constructor(place: Place, resolve: (href: string) => string | undefined) {
    this.#place = place
    this.#resolve = resolve
  }

  add(part: Inline): void {
    if (part.kind === 'text') this.#text(part.text)
    else if (part.kind === 'break') this.#space = this.#place === 'paragraph' ? '\\\n' : ' '
    else if (part.kind === 'math') this.#put(`$${safeTex(this.#place === 'cell' ? cellTex(part.tex) : part.tex)}$`)
    else if (part.kind === 'image') this.#image(part.alt, part.src)
    else if (part.kind === 'open') this.#opens(part.mark, part.href)
    else this.#closes(part.mark)
  }

  pieces(): Piece[] {
    return this.#pieces
  }

  #text(text: string): void {
    if (this.#code) return void this.#code.push(text)
    const core = text.trim()
    if (text.startsWith(' ')) this.#space ||= ' '
    // No emphasis around an icon alone.
    if (core === '' || withoutInvisible(core) === '') return
    this.#put(this.#escape(core))
    if (text.endsWith(' ')) this.#space = ' '
  }

  #put(markdown: string): void {
    if (this.#pieces.length > 0 && this.#space !== '') this.#pieces.push(this.#space)
    this.#space = ''
    for (const delimiter of this.#waiting.splice(0)) {
      this.#pieces.push(delimiter)
      this.#open.push(delimiter)
    }
    this.#pieces.push(markdown)
  }

  #opens(mark: Mark, href: string): void {
    if (mark === 'code') this.#code ??= []
    else {
      if (this.#goesOn(mark)) return
      const address = mark === 'link' ? this.#resolve(href) : ''
      if (address !== undefined) this.#waiting.push({ mark, opens: true, href: address, partner: undefined })
    }
  }

  /** One that ended right here goes on: `**a****b**` would be read as something else. */
  #goesOn(mark: Mark): boolean {
    const last = this.#pieces.at(-1)
    if (mark === 'link' || typeof last !== 'object' || last.mark !== mark || last.opens || !last.partner || this.#space !== '') return false
    this.#pieces.pop()
    last.partner.partner = undefined
    this.#open.push(last.partner)
    return true
  }

  #closes(mark: Mark): void {
    if (mark === 'code') return this.#codeSpan()
    const waiting = this.#waiting.findLastIndex((delimiter) => delimiter.mark === mark)
    if (waiting !== -1) return void this.#waiting.splice(waiting, 1)
    const at = this.#open.findLastIndex((delimiter) => delimiter.mark === mark)
    const [partner] = at === -1 ? [] : this.#open.splice(at, 1)
    if (!partner) return
    const delimiter = { mark: partner.mark, opens: false, href: partner.href, partner }
    partner.partner = delimiter
    this.#pieces.push(delimiter)
  }

  /** Between more backticks than stand in a row inside. */
  #codeSpan(): void {
    const raw = (this.#code ?? []).join('')
    this.#code = undefined
    const code = raw.trim()
    if (raw.startsWith(' ')) this.#space ||= ' '
    if (code === '') return
    let longest = 0
    for (const [run] of code.matchAll(/`+/g)) longest = Math.max(longest, run.length)
    const fence = '`'.repeat(longest + 1)
    const pad = code.startsWith('`') || code.endsWith('`') ? ' ' : ''
    const previous = this.#space === '' && this.#waiting.length === 0 ? this.#pieces.at(-1) : undefined
    // Two code spans side by side would share their backticks.
    if (typeof previous === 'string' && previous.endsWith('`')) this.#space = ' '
    this.#put(fence + pad + (this.#place === 'cell' ? code.replaceAll('|', '\\|') : code) + pad + fence)
    if (raw.endsWith(' ')) this.#space = ' '
  }

  #image(alt: string, src: string): void {
    const address = this.#resolve(src)
    if (address !== undefined) this.#put(`![${this.#escape(alt)}](${address})`)
  }

  #escape(text: string): string {
    return text.replace(/[\\`*_[\]<~|]/g, '\\$&').replace(/&(?=#?\w+;)/g, '\\&')
  }
}

/** TeX is not escaped: who shows formulas reads it as it stands. It opens no tag, no link and no code all the same. */
export const safeTex = (tex: string): string =>
  tex
    .replace(/<(?=[a-z/!?])/gi, '\\lt ')
    .replaceAll('](', '] (')
    .replaceAll('`', "'")

/** Hash signs at the end of a heading are not part of it, unless they are escaped. */
function escapeEnd(text: string): string {
  let end = text.length
  while (text[end - 1] === '#') end--
  return text.slice(0, end) + text.slice(end).replaceAll('#', '\\#')
}

/** What would begin a heading, a list, a quote or a rule at the start of a line. */
const escapeStart = (line: string): string => line.replace(/^[-+=#>:]/, '\\$&').replace(/^(\d{1,9})([.)])/, '$1\\$2')

const whitespace = /^\s?$/u
const punctuation = /^[\p{P}\p{S}]$/u

/** Spells the marks where CommonMark's rules of flanking (§6.2) read them as marks, and leaves out the others. */
function spell(pieces: readonly Piece[]): string {
  const spellings = new Map<Delimiter, string>()
  for (const [at, piece] of pieces.entries()) {
    if (typeof piece === 'string' || !piece.opens) continue
    if (!piece.partner) spellings.set(piece, '')
    if (piece.partner && piece.mark === 'link') {
      spellings.set(piece, '[')
      spellings.set(piece.partner, `](${piece.href})`)
    } else if (piece.partner && !canOpen(pieces, at, spellings)) {
      spellings.set(piece, '')
      spellings.set(piece.partner, '')
    }
  }
  for (const [at, piece] of pieces.entries()) {
    if (typeof piece === 'string' || piece.opens || spellings.has(piece) || !piece.partner) continue
    const text = canClose(pieces, at, spellings) ? { strong: '**', emphasis: '*', strike: '~~' }[piece.mark as 'strong' | 'emphasis' | 'strike'] : ''
    spellings.set(piece, text)
    spellings.set(piece.partner, text)
  }
  const spelt = pieces.map((piece) => (typeof piece === 'string' ? piece : (spellings.get(piece) ?? ''))).filter((text) => text !== '')
  // An exclamation mark before a link would make an image of it.
  return spelt.map((text, i) => (text.endsWith('!') && spelt[i + 1] === '[' ? `${text.slice(0, -1)}\\!` : text)).join('')
}

/** Behind text that ends in a word's character or white space, before text that begins with a word's character; or where both sides are punctuation. */
function canOpen(pieces: readonly Piece[], at: number, spellings: ReadonlyMap<Delimiter, string>): boolean {
  const before = charBefore(pieces, at, spellings)
  const after = charAfter(pieces, at, spellings)
  return (
    before !== undefined && after !== undefined && !whitespace.test(after) && (!punctuation.test(after) || whitespace.test(before) || punctuation.test(before))
  )
}

function canClose(pieces: readonly Piece[], at: number, spellings: ReadonlyMap<Delimiter, string>): boolean {
  const before = charBefore(pieces, at, spellings)
  const after = charAfter(pieces, at, spellings)
  return (
    before !== undefined && after !== undefined && !whitespace.test(before) && (!punctuation.test(before) || whitespace.test(after) || punctuation.test(after))
  )
}

/** The character on that side, past marks that begin or end together with this one; a bracket for a link; undefined for a mark with which this one would run together. */
function charBefore(pieces: readonly Piece[], at: number, spellings: ReadonlyMap<Delimiter, string>): string | undefined {
  const piece = neighbour(pieces, at, -1, spellings)
  return typeof piece === 'string' ? (/.$/su.exec(piece.slice(-2))?.[0] ?? '') : piece && '['
}

function charAfter(pieces: readonly Piece[], at: number, spellings: ReadonlyMap<Delimiter, string>): string | undefined {
  const piece = neighbour(pieces, at, 1, spellings)
  return typeof piece === 'string' ? (/^./su.exec(piece)?.[0] ?? '') : piece && '['
}

function neighbour(pieces: readonly Piece[], at: number, step: 1 | -1, spellings: ReadonlyMap<Delimiter, string>): Piece | undefined {
  const own = pieces[at]
  for (let i = at + step; ; i += step) {
    const piece = pieces[i]
    if (piece === undefined) return ''
    if (typeof piece === 'string' || piece.mark === 'link') return piece
    const isDropped = spellings.get(piece) === ''
    const isAlike = typeof own !== 'string' && own?.opens === piece.opens
    if (!isDropped && !isAlike) return undefined
  }
}
