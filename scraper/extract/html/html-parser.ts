import { Parser } from 'htmlparser2'
import { recentValues, textBytes, type RecentValues } from '#infra/recent-values.ts'
import { endOfDrawing } from './drawing.ts'

/** What htmlparser2's parser has beneath its types. */
interface Names {
  tagname: string
  attribname: string
  startIndex: number
  /** Numbers; 0 is HTML. */
  readonly foreignContext: readonly number[]
  readonly buffers: readonly string[]
  readonly tokenizer: { index: number }
  getSlice(start: number, end: number): string
  readTagName(start: number, end: number): string
  onattribname(start: number, end: number): void
  onopentagend(end: number): void
  onselfclosingtag(end: number): void
  closeCurrentTag(isOpenImplied: boolean): void
  popElement(isImplied: boolean): void
  isInForeignContext(): boolean
}
type Internals = new (...rest: ConstructorParameters<typeof Parser>) => Names

const bytesMax = 2 ** 20
const rememberedChars = 40
const tagNames = recentValues<string, string>({ bytesMax, bytesOf: textBytes })
const attributeNames = recentValues<string, string>({ bytesMax, bytesOf: textBytes })

/**
 * htmlparser2's parser, except that
 * - every name of an element or attribute is the one string of its kind that is used as a key: comparing two and looking one up is then a comparison of
 *   addresses, here and in whatever reads the tree;
 * - `svg` is an empty element: what is drawn in it is passed over (drawing.ts);
 * - raw text is raw in MathML as well, where it does not belong.
 */
class PageParser extends (Parser as unknown as Internals) {
  override readTagName(start: number, end: number): string {
    const written = this.getSlice(start, end)
    return tagNames.get(written) ?? remember(tagNames, written, super.readTagName(start, end))
  }

  override onattribname(start: number, end: number): void {
    const written = this.getSlice(start, end)
    this.startIndex = start
    this.attribname = attributeNames.get(written) ?? remember(attributeNames, written, written.toLowerCase())
  }

  override onopentagend(end: number): void {
    const isDrawing = this.tagname === 'svg'
    super.onopentagend(end)
    if (!isDrawing) return
    this.popElement(false)
    // The text is written in one piece, and the tokenizer goes on behind its index.
    this.tokenizer.index = endOfDrawing(this.buffers[0] ?? '', end + 1) - 1
  }

  override onselfclosingtag(end: number): void {
    if (this.foreignContext[0] === 0) return this.onopentagend(end)
    this.closeCurrentTag(false)
    this.startIndex = end + 1
  }

  /** Asked by the tokenizer, whether `<title>` and its like hold markup. */
  override isInForeignContext(): boolean {
    return false
  }
}

function remember(names: RecentValues<string, string>, written: string, name: string): string {
  const [key = name] = Object.keys({ [name]: true })
  if (written.length <= rememberedChars) names.keep(written, key)
  return key
}

export const HtmlParser = PageParser as unknown as typeof Parser
