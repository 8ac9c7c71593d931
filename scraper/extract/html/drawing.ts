import { after, closesTag, endOfRawText, opensTag, skipMarkup, TagReader } from './tag-reader.ts'

/** Elements that stand in no drawing: their tags end one that was left open (HTML standard, 13.2.6.5; `font` may be a drawing's own). */
const htmlNames = new Set(
  `b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta nobr ol p pre ruby s small span strong strike
  sub sup table tt u ul var`.split(/\s+/),
)
/** Elements around a drawing whose end is its end as well. */
const outerNames = new Set('article aside button details figure footer form header html label main nav section summary td th tr'.split(' '))
/** Elements of a drawing that hold HTML again, which ends with them (HTML integration points, 13.2.6). */
const htmlHolders = new Set(['foreignobject', 'desc', 'title'])
const depthMax = 100
const noAttributes = new Set<string>()

/**
 * Where a drawing ends: what is inside `svg` is neither text nor link of a page, so nobody reads it. Linear in what is passed over.
 * @param from behind the opening tag
 * @returns the index behind its end tag, of the tag that ends it instead, or of the end of the page
 */
export function endOfDrawing(html: string, from: number): number {
  const reader = new TagReader(html, noAttributes)
  const open = new OpenElements()
  for (let at = html.indexOf('<', from); at !== -1; at = html.indexOf('<', at)) {
    const isEnd = closesTag(html, at)
    if (!isEnd && !opensTag(html, at)) {
      at = open.isDrawn && html.startsWith('<![CDATA[', at) ? endOfCdata(html, at) : skipMarkup(html, at)
      if (at === -1) break
      continue
    }
    const name = reader.name(at + (isEnd ? 2 : 1))
    if (open.endBefore(name, isEnd)) return at
    const end = isEnd ? after(html.indexOf('>', at)) : reader.attributes(false)
    if (end === -1) break
    at = !isEnd && !open.isDrawn ? endOfRawText(html, end, name) : end
    if (!isEnd && !reader.isSelfClosing) open.add(name)
    if (isEnd && open.close(name)) return end
  }
  return html.length
}

/** Those that decide how a drawing goes on. */
class OpenElements {
  /** `svg` and what holds HTML in it. */
  readonly #names = ['svg']
  #links = 0

  /** Not in HTML that a drawing holds. */
  get isDrawn(): boolean {
    return this.#names.at(-1) === 'svg'
  }

  /** Whether a tag stands behind the drawing, which was not closed. */
  endBefore(name: string, isEnd: boolean): boolean {
    return this.isDrawn && (htmlNames.has(name) || (isEnd && (outerNames.has(name) || (name === 'a' && this.#links === 0))))
  }

  add(name: string): void {
    if (name === 'a') this.#links++
    if ((name === 'svg' || (this.isDrawn && htmlHolders.has(name))) && this.#names.length < depthMax) this.#names.push(name)
  }

  /** @returns whether the drawing itself is closed */
  close(name: string): boolean {
    if (name === 'a' && this.#links > 0) this.#links--
    const index = this.#names.lastIndexOf(name)
    if (index !== -1) this.#names.length = index
    return index === 0
  }
}

/** In a drawing it is text up to `]]>`, as in XML. @returns -1 at the end of the page */
function endOfCdata(html: string, at: number): number {
  const end = html.indexOf(']]>', at + 9)
  return end === -1 ? -1 : end + 3
}
