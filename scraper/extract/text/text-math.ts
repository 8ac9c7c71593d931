import { isTag, isText, type Element } from 'domhandler'
import { collapse, textOf, walk } from '../html/dom.ts'

export interface Formula {
  /** LaTeX where the page has it; else the characters of the formula. */
  tex: string
  isBlock: boolean
}

const texChars = 20_000

/** What is shown in place of a formula that is given as LaTeX as well. */
export const isRenderedFormula = ({ attribs }: Element): boolean =>
  /(?:^|\s)(?:MathJax(?:_Preview|_Display|_SVG)?|katex-html)(?:$|\s)/.test(attribs['class'] ?? '')

/** The formula of `<math>`, of a MathJax script or of an image of one; undefined for any other element. */
export function formulaOf(element: Element): Formula | undefined {
  const { name, attribs } = element
  if (name === 'math') return formula(attribs['alttext'] ?? annotation(element) ?? textOf(element), attribs['display'] === 'block')
  if (name === 'script' && attribs['type']?.startsWith('math/tex') === true) return formula(textOf(element), attribs['type'].includes('mode=display'))
  if (name === 'img' && /(?:^|[\s_-])(?:math|latex|tex|mwe)(?:$|[\s_-])/i.test(attribs['class'] ?? '') && attribs['alt']) return formula(attribs['alt'], false)
  return undefined
}

function formula(source: string, isBlock: boolean): Formula | undefined {
  const tex = collapse(source.slice(0, texChars))
    .replace(/^\{\\displaystyle\s(.*)\}$/, '$1')
    .trim()
  return tex === '' ? undefined : { tex, isBlock }
}

function annotation(math: Element): string | undefined {
  let found: string | undefined
  walk(math, {
    enter(element) {
      if (element.name === 'annotation' && /tex/i.test(element.attribs['encoding'] ?? '')) found ??= textOf(element)
    },
  })
  return found
}

const raised: Readonly<Record<string, string>> = { '+': '⁺', '-': '⁻', '−': '⁻', '=': '⁼', '(': '⁽', ')': '⁾', n: 'ⁿ', i: 'ⁱ' }
const lowered: Readonly<Record<string, string>> = { '+': '₊', '-': '₋', '−': '₋', '=': '₌', '(': '₍', ')': '₎' }
const raisedDigits = '⁰¹²³⁴⁵⁶⁷⁸⁹'
const loweredDigits = '₀₁₂₃₄₅₆₇₈₉'

/** `10<sup>6</sup>` as 10⁶, so that it does not become 106. Undefined for what has no such characters. */
export function shiftedText(element: Element): string | undefined {
  const [only, more] = element.children
  if (!only || more || !isText(only) || only.data.length > 12 || isTag(only)) return undefined
  const [digits, others] = element.name === 'sup' ? [raisedDigits, raised] : [loweredDigits, lowered]
  const chars = [...only.data.trim()].map((char) => (char >= '0' && char <= '9' ? digits[Number(char)] : others[char]))
  return chars.length > 0 && chars.every((char) => char !== undefined) ? chars.join('') : undefined
}
