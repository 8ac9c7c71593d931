import { isTag, isText, type Element } from 'domhandler'
import { firstNodes } from '../html/dom.ts'

const raised: Readonly<Record<string, string>> = { '+': '⁺', '-': '⁻', '−': '⁻', '=': '⁼', '(': '⁽', ')': '⁾', n: 'ⁿ', i: 'ⁱ' }
const lowered: Readonly<Record<string, string>> = { '+': '₊', '-': '₋', '−': '₋', '=': '₌', '(': '₍', ')': '₎' }
const raisedDigits = '⁰¹²³⁴⁵⁶⁷⁸⁹'
const loweredDigits = '₀₁₂₃₄₅₆₇₈₉'
/** What stands between raised numbers as it is. */
const beside = /[,*†‡§–]/u

/** Endings that are raised in print only: 1st, 21e, 2º, Mme, Dr, No. */
const endings = /^(?:st|nd|rd|th|h|e|er|re|ère|ers|ème|eme|es|nde?|ndes|os|as|me|mes|lle|lles|gr|te|ie|to|ma|mo|й|го|я|ая|ый)\.?$/iu
const ordinals: Readonly<Record<string, string>> = { a: 'ª', o: 'º' }
const trademarks: Readonly<Record<string, string>> = { tm: '™', sm: '℠', r: '®', c: '©' }
/** Longer text is no sign of a formula and no mark: it is words that are small. */
const shortMax = 16
const nodesMax = 20

const shiftClasses = new Map(Object.entries<'sup' | 'sub'>({ sup: 'sup', superscript: 'sup', sub: 'sub', subscript: 'sub' }))

/** Whether an element raises or lowers its text, by its name, its style or its class. */
export function shiftOf({ name, attribs }: Element): 'sup' | 'sub' | undefined {
  if (name === 'sup' || name === 'sub') return name
  if (name !== 'span') return undefined
  const { style, class: classes } = attribs
  const align = style === undefined ? undefined : /vertical-align\s*:\s*(super|sub)\b/i.exec(style.slice(0, 300))?.[1]
  if (align !== undefined) return align.toLowerCase() === 'sub' ? 'sub' : 'sup'
  return classes === undefined ? undefined : shiftClasses.get(classes)
}

/** How raised or lowered text follows what stands before it. */
export interface Shifted {
  text: string
  /** Whether a word's character behind it would run together with it. */
  isOpen: boolean
}

/**
 * Text of `<sup>` or `<sub>` or of what is styled like them, so that it is not read as more of the word or number before it: 10⁶, H₂O, 1st, `h_max`, `x^(a+b)`, `word[1]`.
 * Undefined for what is longer or holds more than text: it is read as any text, apart from what stands before it.
 * @param before the last characters before it, empty after white space
 */
export function shiftedText(element: Element, before: string, shift: 'sup' | 'sub'): Shifted | undefined {
  const raw = shortText(element)
  if (raw === undefined) return undefined
  const text = raw.trim()
  if (text === '') return { text: '', isOpen: false }
  const isRaised = shift === 'sup'
  if (isRaised && markText.test(text) && isMark(element)) return { text: /^[\p{L}\p{N}*†‡§,–-]/u.test(text) ? `[${text}]` : text, isOpen: false }
  // Cents of a price: $999<sup>00</sup>.
  if (isRaised && /^\d\d$/.test(text) && /[$€£¥]\s?\d[\d,]*\.?$/.test(before)) return { text: before.endsWith('.') ? text : `.${text}`, isOpen: false }
  const digits = isRaised ? charsOf(text, raisedDigits, raised) : charsOf(text, loweredDigits, lowered)
  if (digits !== undefined) return { text: digits, isOpen: false }
  const trademark = isRaised && before !== '' ? (text === 'TM' || text === 'SM' ? trademarks[text.toLowerCase()] : undefined) : undefined
  if (trademark !== undefined) return { text: trademark, isOpen: false }
  if (before === '' || !/[\p{L}\p{N}\p{M})\]]$/u.test(before) || !/^[\p{L}\p{N}({+−±∞√-]/u.test(text)) return { text, isOpen: false }
  const ordinal = isRaised && /[\dn]$/.test(before) ? ordinals[text] : undefined
  if (ordinal !== undefined) return { text: ordinal, isOpen: false }
  if (isRaised && (endings.test(text) || /^[rd]$/.test(text)) && isAbbreviated(before, text)) return { text, isOpen: false }
  if ((/\s/.test(text) && /\p{L}{3}/u.test(text)) || (isRaised && /^\p{L}{4,}$/u.test(text))) return { text: ` ${text}`, isOpen: true }
  const isOne = /^[\p{L}\p{N}\p{M}]+$/u.test(text)
  return { text: (isRaised ? '^' : '_') + (isOne ? text : `(${text})`), isOpen: true }
}

/** The text of a few nodes, or undefined for more and for what is not only text. */
function shortText(element: Element): string | undefined {
  let text = ''
  let nodes = 0
  for (const node of firstNodes(element, nodesMax + 1)) {
    if (++nodes > nodesMax || (isTag(node) && !inside.has(node.name))) return undefined
    if (isTag(node) && (node.name === 'sup' || node.name === 'sub')) text += node.name === 'sup' ? '^' : '_'
    if (isText(node)) text += node.data.slice(0, 4 * shortMax)
    if (text.trim().length > shortMax) return undefined
  }
  return text.replace(/\s+/g, ' ')
}

const inside = new Set(['a', 'i', 'b', 'em', 'strong', 'span', 'var', 'small', 'font', 'u', 'abbr', 'cite', 'bdi', 'sup', 'sub'])

const noteClass = /(?:^|[\s_-])(?:(?:foot|end)?note(?:ref|mark|s)?|fnref|reference|cite|citation)(?=$|[\s_-])/i

/** The mark of a note that is a link without being raised; undefined for any other link. @param before the last characters before it */
export function noteMark({ attribs, children }: Element, before: string): string | undefined {
  const [only, more] = children
  const href = attribs['href'] ?? ''
  if (before === '' || !only || more || !isText(only) || !/^\s*(?:\d{1,3}|[*†‡§]{1,3})\s*$/.test(only.data)) return undefined
  const isNote =
    attribs['role'] === 'doc-noteref' || noteClass.test((attribs['class'] ?? '').slice(0, 200)) || /#.*(?:note|fn|ftn|ref|cite|bib)/i.test(href.slice(-100))
  return isNote ? `[${only.data.trim()}]` : undefined
}

/** What a part of a note of LaTeXML is: a note whose text stands in the midst of the line, or what marks it once more inside. */
export function notePart({ attribs, parent }: Element): 'note' | 'mark' | undefined {
  const classes = attribs['class']
  if (classes?.startsWith('ltx_') !== true) return undefined
  if (/^ltx_(?:note_type|tag ltx_tag_note)/.test(classes)) return 'mark'
  const outer = parent && isTag(parent) ? (parent.attribs['class'] ?? '') : ''
  if (classes.startsWith('ltx_note_mark')) return outer.startsWith('ltx_note_content') ? 'mark' : undefined
  if (!classes.startsWith('ltx_note_outer')) return undefined
  return outer.includes('footnotemark') ? 'mark' : 'note'
}

/** Numbers, letters and signs that count notes, one or several. */
const markText = /^[[(]?(?:(?:note |nb |n )?\d{1,4}|\p{L}|[ivx]{1,5}|[*†‡§¶#+]{1,3})(?:\s?[,;–-]\s?(?:\d{1,4}|\p{L}|[*†‡§]))*[\])]?$/iu

/** A mark of a note: by its class, a link as a whole, or alone in one. */
function isMark({ attribs, children, parent }: Element): boolean {
  if (noteClass.test((attribs['class'] ?? '').slice(0, 200))) return true
  const inner = children.filter((child) => !isText(child) || child.data.trim() !== '')
  if (inner.some((child) => isTag(child) && child.name === 'a') && inner.every((child) => isTag(child) || /^[\s,;–-]*$/.test(isText(child) ? child.data : '')))
    return true
  return parent !== null && isTag(parent) && parent.name === 'a' && parent.children.length === 1 && (parent.attribs['href'] ?? '').includes('#')
}

function charsOf(text: string, digits: string, others: Readonly<Record<string, string>>): string | undefined {
  let found = ''
  let shifted = 0
  for (const char of text) {
    const one = char >= '0' && char <= '9' ? digits[Number(char)] : others[char]
    if (one !== undefined) shifted++
    else if (!beside.test(char)) return undefined
    found += one ?? char
  }
  return shifted > 0 ? found : undefined
}

/** Behind a number or a Roman one, or the first letters of a word: M, Mm, D, n. */
const isAbbreviated = (before: string, text: string): boolean =>
  (/\d$|(?:^|[^\p{L}])[IVXLCDM]{1,8}$/u.test(before) && endings.test(text)) ||
  (!/^(?:st|nd|rd|th)$/i.test(text) && /(?:^|[^\p{L}])(?:\p{Lu}\p{Ll}{0,2}|n)$/u.test(before))
