import { parseHtml, walk } from '#scraper/extract/html/dom.ts'

const unread = new Set(['script', 'style', 'template', 'svg', 'title'])
const inline = new Set(
  'a abbr b bdi bdo big cite code data del dfn em font i img ins kbd label mark q rb rt ruby s samp small span strike strong sub sup time tt u var wbr'.split(
    ' ',
  ),
)

/** All text of a piece of HTML, each block on lines of its own: `textContent` glues the last word of one to the first of the next. */
export function blockText(html: string): string {
  const parts: string[] = []
  walk(parseHtml(html).root, {
    enter({ name }) {
      if (unread.has(name)) return false
      if (!inline.has(name)) parts.push('\n')
      return true
    },
    leave({ name }) {
      if (!inline.has(name)) parts.push('\n')
    },
    text: (data) => void parts.push(data),
  })
  return parts.join('')
}
