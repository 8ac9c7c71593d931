import { isTag, type Element } from 'domhandler'
import { walk } from '../html/dom.ts'

const lineTags = new Set(['div', 'p', 'li', 'tr'])
const gutter = /(?:^|[\s_-])(?:line-?numbers?(?:-rows)?|linenos?|linenodiv|gutter)(?:$|[\s_-])/i
const languageClass = /(?:^|\s)(?:language-|lang-|highlight-source-|highlight-|brush:\s*|src-|sourceCode\s+)([a-z][a-z0-9+#_.-]{0,19})(?=$|[\s;])/i
const noLanguage = new Set(['default', 'notranslate', 'text', 'none', 'plaintext', 'plain', 'txt', 'nohighlight', 'unknown', 'code', 'auto'])

/** The code of a `<pre>` as it stands, without the numbers of its lines. Empty when there are only those. */
export function codeOf(pre: Element, isDropped: (element: Element) => boolean): string {
  const parts: string[] = []
  walk(pre, {
    enter(element) {
      if (element.name === 'br') parts.push('\n')
      return !isDropped(element) && !gutter.test(element.attribs['class'] ?? '')
    },
    leave(element) {
      if (lineTags.has(element.name) && parts.at(-1)?.endsWith('\n') === false) parts.push('\n')
    },
    text: (data) => void parts.push(data),
  })
  const code = parts
    .join('')
    .replace(/\r\n?/g, '\n')
    .replace(/^[ \t]*\n/, '')
    .trimEnd()
  return isLineNumbers(code) ? '' : code
}

/** The first lines count up by one: a column of numbers beside the code. */
function isLineNumbers(code: string): boolean {
  const lines = code.slice(0, 200).split('\n', 4)
  const first = Number(lines[0])
  return lines.length > 2 && Number.isInteger(first) && lines.slice(0, 3).every((line, i) => line.trim() === String(first + i))
}

/** The language that the page gives its code, by the class of the element, of the `<code>` in it, or of what wraps it. */
export function languageOf(pre: Element): string {
  const inner = pre.children.find((child) => isTag(child))
  const wrapper = pre.parent && isTag(pre.parent) ? pre.parent : undefined
  const outer = wrapper?.parent && isTag(wrapper.parent) ? wrapper.parent : undefined
  for (const element of [inner, pre, wrapper, outer]) {
    const { attribs } = element ?? {}
    const named = attribs?.['data-lang'] ?? attribs?.['data-language'] ?? languageClass.exec((attribs?.['class'] ?? '').slice(0, 500))?.[1]
    const language = named?.trim().toLowerCase() ?? ''
    if (/^[a-z][a-z0-9+#_.-]{0,19}$/.test(language) && !noLanguage.has(language)) return language
  }
  return ''
}
