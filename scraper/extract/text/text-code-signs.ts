import { isTag, isText, type ChildNode, type Element } from 'domhandler'
import { collapse, firstNodes } from '../html/dom.ts'
import { remembered } from '../html/name-memory.ts'
import { isLanguageName } from './text-code-languages.ts'

/** What an element around or inside code is there for, by its classes. */
type Sign = 'none' | 'gutter' | 'number' | 'head' | 'line'

const patterns: readonly (readonly [Sign, RegExp])[] = [
  [
    'gutter',
    /(?:^|\s)(?:gutter|ace_gutter|cm-gutters|CodeMirror-(?:gutter[\w-]*|linenumber)|rouge-gutter|line-?numbers?(?:-rows|-wrapper)?|(?:src|source)-line-numbers|linenumbers?|linenos?|linenodiv|blob-num|lines-num|diff-line-num|crayon-nums?|hljs-ln-numbers)(?=$|\s)/i,
  ],
  ['number', /(?:^|\s)lnt?(?=$|\s)|(?:^|[\s_-])(?:line-?num(?:ber)?s?|linenos?|linenrs?|source-line-no|hljs-ln-n)(?=$|[\s_-])/i],
  [
    'head',
    /(?:^|\s)(?:(?:code|codeblock|code-block|crayon|enlighter|hljs)[_-]{0,2}(?:header|head|toolbar|buttons?|title-bar|tools|actions|copy|lang(?:uage)?(?:-label)?|toolbar-(?:top|bottom)|copy-button)|(?:btn|button)[_-]copy|copy[_-]?(?:btn|button|code|code-?button)|btn-clipboard|clipboard-copy|lang-label)(?=$|\s)/i,
  ],
  [
    'line',
    /(?:^|\s)(?:line|code-line|token-line|view-line|cm-line|CodeMirror-line|crayon-line|ec-line|ace_line|highlight-line|react-code-line-contents|react-file-line)(?=$|\s)/,
  ],
]

/** What a highlighter or an editor makes of code. */
const box =
  /(?:^|\s)(?:rouge-table|rouge-line-table|highlighttable|linenotable|hljs-ln|lntable|crayon-syntax|crayon-table|syntaxhighlighter|js-file-line-container|enlighter-default|EnlighterJS|CodeMirror|cm-editor|ace_editor|react-code-lines|code-table|codetable)(?=$|\s)/

const isBox = ({ attribs }: Element): boolean => attribs['class'] !== undefined && box.test(attribs['class'].slice(0, 300))

const signs = remembered((classes: string): Sign => patterns.find(([, pattern]) => pattern.test(classes.slice(0, 300)))?.[0] ?? 'none')
const signOf = ({ attribs }: Element): Sign => {
  const classes = attribs['class']
  return classes === undefined ? 'none' : signs(classes)
}

/** Whether it is one block of code as a whole: `<pre>` and its like, a table of a highlighter's lines, or `<code>` that stands on lines of its own. */
export function isCodeBlock(element: Element): boolean {
  switch (element.name) {
    case 'pre':
    case 'xmp':
    case 'listing':
      return true
    case 'table':
      return isBox(element) || isTableOfLines(element)
    case 'div':
    case 'ol':
      return isBox(element) || isFragment(element)
    case 'code':
      return isBlockOfLines(element)
    default:
      return false
  }
}

/** Whether it stands beside code and is none: the numbers of its lines, a button that copies it, the name of its language. */
export function isBesideCode(element: Element): boolean {
  if (element.name === 'button') return copies.test(shortTextOf(element)) || isByPre(element)
  const mayBeLabel = element.name === 'span' || element.name === 'div'
  if (!mayBeLabel && element.attribs['class'] === undefined) return false
  if (element.name !== 'td' && element.name !== 'pre' && !isByPre(element)) return false
  if (mayBeLabel && isLabel(shortTextOf(element))) return true
  const sign = signOf(element)
  return sign === 'head' ? !holdsCode(element) : sign === 'gutter' && isNumbers(element)
}

const copies = /^(?:copy|copied!?|copy (?:code|to clipboard|snippet)|copy(?: copied!?)|复制(?:代码)?|複製|コピー|копировать|copier|copiar|kopieren|kopiuj)$/i

/** A word or two that name the language of code or copy it. */
const isLabel = (text: string): boolean => copies.test(text) || isLanguageName(text) || / copy(?: code)?$/i.test(text)

/** Right before or behind a `<pre>`, or what begins with one. */
const isByPre = ({ next, prev }: Element): boolean => beginsWithPre(next, 'next') || beginsWithPre(prev, 'prev')

function beginsWithPre(sibling: Element['next'], side: 'next' | 'prev'): boolean {
  let at: Element['next'] = sibling && isText(sibling) ? sibling[side] : sibling
  // What is no `<pre>` is seen sooner than what is no blank.
  if (!at || !isTag(at) || (at.name !== 'pre' && at.name !== 'div')) return false
  if (sibling && isText(sibling) && !(sibling.data.length < 100 && sibling.data.trim() === '')) return false
  for (let depth = 0; at && depth < 3; depth++) {
    if (!isTag(at)) return false
    if (at.name === 'pre') return true
    if (at.name !== 'div') return false
    const [first, second]: readonly ChildNode[] = at.children
    at = first && isText(first) ? (second ?? null) : (first ?? null)
  }
  return false
}

/** Empty where there is more than a few words. */
function shortTextOf(element: Element): string {
  let text = ''
  for (const node of firstNodes(element, 20)) {
    if (isText(node)) text += ` ${node.data.slice(0, 50)}`
    if (text.length > 60) return ''
  }
  return collapse(text)
}

function holdsCode(element: Element): boolean {
  if (element.name === 'pre' || element.name === 'code') return true
  for (const node of firstNodes(element, 50)) if (isTag(node) && (node.name === 'pre' || node.name === 'code' || node.name === 'table')) return true
  return false
}

/** Whether it is none of the code that it stands in. */
export function isNoCode(element: Element): boolean {
  const { name, attribs } = element
  if (name === 'button' || name === 'textarea' || isBesideCode(element)) return true
  const sign = signOf(element)
  if (sign === 'head' ? !holdsCode(element) : (sign === 'gutter' || sign === 'number') && isNumbers(element)) return true
  if (/^(?:toolbar|hover-info)(?=$|\s)/.test(attribs['class'] ?? '')) return true
  const { style, 'data-nosnippet': nosnippet } = attribs
  return ((style !== undefined && /user-select\s*:\s*none/i.test(style.slice(0, 500))) || nosnippet !== undefined) && isNumbers(element)
}

/** Whether it is one line of code among others of its kind. */
export const isCodeLine = (element: Element): boolean => element.attribs['data-line'] !== undefined || signOf(element) === 'line'

/** A table that calls its cells lines of code: of GitHub, Hexo, Pygments, Gitea. */
function isTableOfLines(table: Element): boolean {
  let at: Element | undefined = table
  for (let depth = 0; at && depth < 3; depth++) {
    const inner: Element[] = at.children.filter((child) => isTag(child)).slice(0, 4)
    if (inner.some(({ name, attribs }) => name === 'td' && codeCell.test((attribs['class'] ?? '').slice(0, 200)))) return true
    at = inner.find(({ name }) => name === 'tbody' || name === 'tr')
  }
  return false
}

/** What Doxygen shows of a source file. */
function isFragment(element: Element): boolean {
  if (element.attribs['class'] !== 'fragment') return false
  for (const node of firstNodes(element, 4)) if (isTag(node)) return isCodeLine(node)
  return false
}

const codeCell = /(?:^|\s)(?:blob-code|lines-code|rouge-code|hljs-ln-code|lntd|crayon-code|code)(?=$|\s)/

/** Elements of one line, in which code is a part of the line however it is broken in the source. */
const lineOf = new Set(['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'a', 'dt', 'th', 'summary', 'caption', 'label', 'span', 'pre', 'strong', 'b', 'em'])

/** `<code>` without `<pre>`, shown as a block or with lines of its own. */
function isBlockOfLines(code: Element): boolean {
  const { parent, prev, next } = code
  const { style, class: classes } = code.attribs
  if (style !== undefined && /white-space\s*:\s*(?:pre|break-spaces)|display\s*:\s*(?:block|grid)/i.test(style.slice(0, 500))) return true
  if (classes !== undefined && /(?:^|\s)literal(?=$|\s)/.test(classes.slice(0, 300))) return false
  if (classes !== undefined && /(?:^|\s)(?:code-?block|block|d-block)(?=$|\s)/.test(classes.slice(0, 300))) return true
  return isAlone(prev, 'prev') && isAlone(next, 'next') && parent !== null && isTag(parent) && !lineOf.has(parent.name) && hasLines(code)
}

/** Nothing but white space, on that side. */
function isAlone(node: Element['next'], side: 'prev' | 'next'): boolean {
  let at = node
  for (let steps = 0; at; at = at[side], steps++) if (steps > 2 || !isText(at) || at.data.trim() !== '') return false
  return true
}

/** A line feed between text, or a line break, within the first nodes. */
function hasLines(code: Element): boolean {
  let lines = ''
  for (const node of firstNodes(code, 200)) {
    if (isText(node)) lines += node.data.slice(0, 2000)
    else if (isTag(node) && (node.name === 'br' || node.name === 'div')) lines += '\n'
  }
  return lines.trim().includes('\n')
}

/** Numbers, with what separates them and white space, and nothing else as far as one looks. */
function isNumbers(element: Element): boolean {
  let digits = false
  for (const node of firstNodes(element, 100)) {
    if (!isText(node)) continue
    const text = node.data.slice(0, 200)
    if (!/^[\s\d.:|]*$/.test(text)) return false
    digits ||= /\d/.test(text)
  }
  return digits
}
