import { isTag, type Element } from 'domhandler'
import { collapse, firstNodes, parseHtml, textOf, walk } from '../html/dom.ts'
import { imageFormula } from './text-formula-images.ts'
import { linearMath } from './text-mathml.ts'

export interface Formula {
  /** LaTeX where the page has it; else the formula in a line of characters; empty where it stands elsewhere. */
  tex: string
  /** Whether it is displayed on a line of its own. */
  isBlock: boolean
}

const texChars = 20_000
const nowhere: Formula = { tex: '', isBlock: false }
/** Attributes in which renderers leave the source. A value that only says how to render is none. */
const sources = new Set(['data-tex', 'data-latex', 'data-math', 'data-expr', 'data-formula', 'data-equation', 'data-katex'])
const flags = /^(?:|true|false|[01]|inline|block|display|on|off|math|tex|latex|katex|mathjax)$/i
const rendered = /(?:^|\s)(?:katex(?:-display|-html)?|MathJax(?:_\w{1,12})?|mjx-chtml|mwe-math-element)(?=$|\s)/
const unrendered = /(?:^|\s)(?:math-inline|math-display|language-math|js-render-math)(?=$|\s)/
const isEquation = /(?:^|\s)ltx_(?:eqn_row|equation)(?=$|\s)/
const displayed = /(?:^|[\s_-])(?:display(?:ed)?|block|displaymath|displayformula|numberedequation)(?=$|[\s_-])/i

/**
 * The formula that an element is: of MathML, of a script or the glyphs of MathJax, of KaTeX, of Wikipedia, of an image, or of an attribute with its
 * source. Nothing inside such an element is text of its own. Undefined for any other element.
 */
export function formulaOf(element: Element): Formula | undefined {
  switch (element.name) {
    case 'math':
    case 'mml:math':
    case 'm:math':
      return ofMathml(element)
    case 'script':
      return ofScript(element)
    case 'img':
      return ofImage(element)
    case 'mjx-container':
      return ofRendering(element, element.attribs['display'] === 'true')
    case 'd-math':
    case 'amp-mathml':
      return written(element.attribs['data-formula'] ?? textOf(element), element.attribs['block'] !== undefined)
    case 'tr':
      return ofEquationRow(element)
    case 'span':
    case 'div':
    case 'p':
    case 'section':
    case 'figure':
      return ofSource(element) ?? ofClass(element) ?? ofText(element)
    case 'code':
    case 'pre':
      return ofText(element)
    default:
      return undefined
  }
}

function ofMathml(math: Element): Formula {
  const { attribs } = math
  const source = attribs['data-latex'] ?? annotation(math) ?? attribs['alttext'] ?? linearMath(math)
  return written(source, attribs['display'] === 'block' || attribs['mode'] === 'display')
}

/** `<annotation encoding="application/x-tex">`, or what an encoding of that kind is called elsewhere. */
function annotation(math: Element): string | undefined {
  let found: string | undefined
  walk(math, {
    enter({ name, attribs, children }) {
      if (found === undefined && name.endsWith('annotation') && /tex/i.test(attribs['encoding'] ?? ''))
        found = children.map((child) => (child.type === 'text' ? child.data : '')).join('')
    },
  })
  return found?.trim() === '' ? undefined : found
}

function ofScript({ attribs, children }: Element): Formula | undefined {
  const type = attribs['type']
  if (type?.startsWith('math/') !== true) return undefined
  const source = children.map((child) => (child.type === 'text' ? child.data : '')).join('')
  if (type.startsWith('math/mml')) return ofMarkup(source)
  return type.startsWith('math/tex') || type.startsWith('math/asciimath') ? written(source, type.includes('mode=display')) : undefined
}

/** MathML that stands in an attribute or a script as text. */
function ofMarkup(source: string): Formula | undefined {
  if (source === '') return undefined
  const { root } = parseHtml(source.slice(0, texChars))
  const math = root.children.find((child) => isTag(child))
  return math && ofMathml(math)
}

function ofImage(element: Element): Formula | undefined {
  const markup = element.attribs['data-mathml']
  // WIRIS writes « and » for the brackets, ¨ for the quotation mark and § for the ampersand.
  if (markup?.startsWith('«math') === true)
    return ofMarkup(markup.slice(0, texChars).replace(/[«»¨§]/g, (char) => ({ '«': '<', '»': '>', '¨': '"', '§': '&' })[char] ?? char))
  const source = imageFormula(element)
  return source === undefined ? undefined : written(source, displayed.test(element.attribs['class'] ?? ''))
}

function ofSource(element: Element): Formula | undefined {
  const { name, attribs } = element
  // What an element has is seen sooner than what it has not.
  for (const source in attribs) {
    const value = sources.has(source) ? attribs[source] : undefined
    if (value === undefined || flags.test(value.slice(0, 100).trim()) || holdsMore(element, value.length)) continue
    return written(value, name === 'section' || name === 'figure' || displayed.test((attribs['class'] ?? '').slice(0, 200)))
  }
  return undefined
}

/** Whether there is more text inside than a formula with so long a source is drawn with. */
function holdsMore(element: Element, sourceChars: number): boolean {
  let chars = 0
  for (const node of firstNodes(element, 200)) if (node.type === 'text') chars += node.data.trim().length
  return chars > 200 + 10 * sourceChars
}

/** TeX that stands in the page as text, for a script to draw. What has delimiters is left as it is. */
function ofText(element: Element): Formula | undefined {
  const [only, more] = element.children
  if (!only || more) return undefined
  if (isTag(only)) return element.name === 'pre' && only.name === 'code' ? ofText(only) : undefined
  const classes = (element.attribs['class'] ?? '').slice(0, 200)
  const isTex = unrendered.test(classes) || (/(?:^|\s)math(?=$|\s)/.test(classes) && /[\\^_{]/.test(only.type === 'text' ? only.data : ''))
  if (!isTex || only.type !== 'text' || /^\s*(?:\$|\\[([])/.test(only.data)) return undefined
  return written(only.data, classes.includes('math-display') || element.name === 'div' || element.name === 'pre' || isIn(element, 'pre'))
}

function ofClass(element: Element): Formula | undefined {
  const classes = element.attribs['class']
  const found = classes === undefined ? undefined : rendered.exec(classes.slice(0, 200))?.[0].trim()
  if (found === undefined || (element.name !== 'span' && !/display|^katex-html$|^mwe-/i.test(found))) return undefined
  if (found === 'MathJax_Preview' || (found === 'katex-html' && isBesideMathml(element))) return nowhere
  return ofRendering(element, /display/i.test(found))
}

/** What is drawn of a formula: its source is inside, beside it in a script of MathJax 2, or lost. */
function ofRendering(element: Element, isBlock: boolean): Formula {
  if (isBesideScript(element)) return nowhere
  const inside = sourceInside(element) ?? ofMarkup(element.attribs['data-mathml'] ?? '')
  const formula = inside ?? written(linearMath(element), isBlock)
  return { tex: formula.tex, isBlock: formula.isBlock || isBlock }
}

const isBesideMathml = ({ prev }: Element): boolean => prev !== null && isTag(prev) && (prev.name === 'math' || prev.attribs['class'] === 'katex-mathml')

const isIn = ({ parent }: Element, name: string): boolean => parent !== null && isTag(parent) && parent.name === name

function isBesideScript(element: Element): boolean {
  let next = element.next
  for (let steps = 0; next && steps < 4; steps++, next = next.next) if (isTag(next) && next.name === 'script') return ofScript(next) !== undefined
  return false
}

/** The first formula inside that has a source of its own. */
function sourceInside(element: Element): Formula | undefined {
  let found: Formula | undefined
  walk(element, {
    enter(inner) {
      if (found !== undefined || inner === element) return found === undefined
      if (inner.name === 'math' || inner.name === 'img' || inner.name === 'script') found = formulaOf(inner)
      else found = ofSource(inner)
      return found === undefined
    },
  })
  return found
}

const rowNodesMax = 500

/** A row of a table in which LaTeXML displays an equation, part by part in its cells, with its number as a tag. */
function ofEquationRow(row: Element): Formula | undefined {
  if (!isEquation.test((row.attribs['class'] ?? '').slice(0, 200))) return undefined
  const parts: string[] = []
  let tag = ''
  let formulas = 0
  let nodes = 0
  walk(row, {
    enter(element) {
      if (++nodes > rowNodesMax || element.name === 'table') return false
      const isTag = /(?:^|\s)ltx_tag(?=$|\s)/.test((element.attribs['class'] ?? '').slice(0, 200))
      if (isTag) tag ||= collapse(textOf(element).slice(0, 40)).replace(/^\((.*)\)$/, '$1')
      const formula = isTag ? undefined : formulaOf(element)
      if (formula && formula.tex !== '') {
        formulas++
        parts.push(formula.tex)
      }
      return !isTag && formula === undefined
    },
    text(data) {
      if (data.trim() !== '') parts.push(`\\text{${collapse(data.slice(0, 200))}}`)
    },
  })
  return formulas === 0 ? undefined : { tex: parts.join(' ').slice(0, texChars) + (tag === '' ? '' : ` \\tag{${tag}}`), isBlock: true }
}

const delimiters: readonly (readonly [string, string, boolean])[] = [
  ['$$', '$$', true],
  ['\\[', '\\]', true],
  ['\\(', '\\)', false],
  ['$', '$', false],
]

/** A formula as its source has it, without what marks it as one. */
function written(source: string, isBlock: boolean): Formula {
  let tex = collapse(source.slice(0, texChars))
  let isDisplayed = isBlock
  for (const [open, close, displays] of delimiters) {
    if (tex.length < open.length + close.length || !tex.startsWith(open) || tex.indexOf(close, open.length) !== tex.length - close.length) continue
    tex = tex.slice(open.length, -close.length).trim()
    isDisplayed ||= displays
    break
  }
  if (/^\{\\(?:display|text)style\s.*\}$/.test(tex)) tex = tex.slice(1, -1)
  return { tex: tex.replace(/^\\(?:display|text)style(?![A-Za-z])/, '').trim(), isBlock: isDisplayed }
}
