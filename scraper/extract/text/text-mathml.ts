import { isTag, isText, type ChildNode, type Element, type ParentNode } from 'domhandler'

/** Formulas have far fewer elements and stand far less deep; what goes beyond is left out. */
const nodesMax = 5000
const charsMax = 20_000
const depthMax = 60

/** What a formula of presentation MathML says in one line: `(a+b)/(c)`, `x^2`, `a_(i+1)`, `√(a)`, `[a, b; c, d]`. Bounded in depth and nodes. */
export const linearMath = (math: Element): string => new MathReader().children(math)

/** Accents over a letter as characters that combine with it. */
const accents = new Map(Object.entries({
  '¯': '\u0304', '‾': '\u0304', '―': '\u0304', _: '\u0304', '^': '\u0302', 'ˆ': '\u0302', '~': '\u0303', '˜': '\u0303', '→': '\u20d7', '⃗': '\u20d7', '˙': '\u0307', '¨': '\u0308',
})) // prettier-ignore
const unseen = new Set(['annotation', 'annotation-xml', 'mphantom', 'mprescripts', 'none', 'spacer', 'maligngroup', 'malignmark'])
const tokens = new Set(['mi', 'mn', 'mo', 'mtext', 'ms'])

class MathReader {
  #nodesLeft = nodesMax
  #charsLeft = charsMax
  #depth = 0

  children(parent: ParentNode): string {
    if (this.#depth >= depthMax) return ''
    this.#depth++
    const parts: string[] = []
    for (const child of parent.children) {
      if (this.#nodesLeft <= 0) break
      const part = this.#node(child)
      if (part !== '') parts.push(between(parts.at(-1) ?? '', part), part)
    }
    this.#depth--
    return parts.join('')
  }

  #node(node: ChildNode): string {
    if (this.#nodesLeft-- <= 0) return ''
    if (!isText(node)) return isTag(node) ? this.#element(node) : ''
    const text = node.data.slice(0, this.#charsLeft).trim()
    this.#charsLeft -= text.length
    return text
  }

  #element(element: Element): string {
    const name = mathName(element)
    if (element.name === 'script' || element.name === 'style') return ''
    if (unseen.has(name)) return ''
    if (tokens.has(name)) return tokenText(this.children(element), name)
    if (name === 'mspace') return ' '
    if (name === 'c') return glyphOf(element)
    if (name === 'msqrt') return `√(${this.children(element).trim()})`
    if (name === 'num') return `(${this.children(element).trim()})/`
    if (name === 'den') return `(${this.children(element).trim()})`
    const parts = partsOf(element)
    // What MathJax 3 draws in another order says itself what it is.
    if (element.name.startsWith('mjx-') && parts.length < 2) return this.children(element)
    const part = (i: number): string => (parts[i] ? this.#node(parts[i]) : '')
    switch (name) {
      case 'semantics':
      case 'maction':
        return part(0)
      case 'mfrac':
        return element.attribs['linethickness'] === '0' ? `(${part(0).trim()}; ${part(1).trim()})` : `(${part(0).trim()})/(${part(1).trim()})`
      case 'mroot':
        return `${wrapped(part(1))}√(${part(0).trim()})`
      case 'msub':
      case 'munder':
        return raised(part(0), '_', part(1))
      case 'msup':
        return raised(part(0), '^', part(1))
      case 'mover':
        return accented(part(0), part(1))
      case 'msubsup':
      case 'munderover':
        return raised(raised(part(0), '_', part(1)), '^', part(2))
      case 'mmultiscripts':
        return this.#multiscripts(parts)
      case 'mfenced':
        return this.#fenced(element, parts)
      case 'mtable':
        return `[${parts.map((row) => this.#node(row)).join('; ')}]`
      case 'mtr':
      case 'mlabeledtr':
        return parts.map((cell) => this.#node(cell)).join(', ')
      default:
        return this.children(element)
    }
  }

  #fenced({ attribs }: Element, parts: readonly Element[]): string {
    return (attribs['open'] ?? '(') + parts.map((part) => this.#node(part)).join(`${attribs['separators']?.trim()[0] ?? ','} `) + (attribs['close'] ?? ')')
  }

  /** Pairs of below and above behind the base; those in front of it come first. */
  #multiscripts([base, ...scripts]: readonly Element[]): string {
    const at = scripts.findIndex((script) => mathName(script) === 'mprescripts')
    const [behind, before] = at === -1 ? [scripts, []] : [scripts.slice(0, at), scripts.slice(at + 1)]
    const spell = (list: readonly Element[]): string => list.map((script, i) => raised('', i % 2 === 0 ? '_' : '^', this.#node(script))).join('')
    return spell(before) + (base ? this.#node(base) : '') + spell(behind)
  }
}

/** The elements inside; of MathJax 3 what is below before what is above, as MathML has it. */
function partsOf({ children }: Element): Element[] {
  const parts = children.filter((child) => isTag(child))
  const scripts = parts[1]?.name === 'mjx-script' ? parts[1].children.filter((child) => isTag(child) && child.name !== 'mjx-spacer') : []
  return parts[0] && scripts.length === 2 ? [parts[0], ...scripts.toReversed().filter((child) => isTag(child))] : parts
}

/** MathJax 3 draws MathML with elements of the same names: `mjx-mi`, or `data-mml-node="mi"` in a drawing. */
function mathName({ name, attribs }: Element): string {
  const own = attribs['data-mml-node'] ?? (name.startsWith('mjx-') ? name.slice(4) : name)
  return own.slice(own.indexOf(':') + 1)
}

/** The glyph of MathJax 3, which a style sheet draws: its code is its class. */
function glyphOf({ attribs }: Element): string {
  const code = /(?:^|\s)mjx-c([\dA-F]{2,6})(?:$|\s)/.exec((attribs['class'] ?? '').slice(0, 100))?.[1]
  const point = code === undefined ? 0 : Number.parseInt(code, 16)
  return point > 32 && point <= 0x10_ffff ? String.fromCodePoint(point).normalize('NFKC') : ''
}

/** Operators that nobody sees go, but for the space of an application: `sin x`. */
function tokenText(text: string, name: string): string {
  if (name !== 'mo') return text.replace(/\s+/g, ' ')
  return text === '\u2061' ? ' ' : text.replace(/[\u2061-\u2064]/g, '')
}

/** Two names or two numbers in a row stay two. */
function between(before: string, after: string): string {
  const end = before.slice(-2)
  const start = after.slice(0, 2)
  const isWords = /\p{L}$/u.test(end) && /^\p{L}/u.test(start) && /\p{L}{3}/u.test(end + start)
  return isWords || (/\p{N}$/u.test(end) && /^\p{N}/u.test(start)) ? ' ' : ''
}

/** In brackets, unless it is one name, one number or one sign. */
const wrapped = (text: string): string => (/^(?:[\p{L}\p{M}\p{N}.′]*|.)$/u.test(text.trim()) ? text.trim() : `(${text.trim()})`)

const raised = (base: string, mark: '_' | '^', script: string): string => (script.trim() === '' ? base : `${base.trimEnd()}${mark}${wrapped(script)}`)

function accented(base: string, over: string): string {
  const accent = accents.get(over.trim())
  return accent === undefined ? raised(base, '^', over) : wrapped(base) + accent
}
