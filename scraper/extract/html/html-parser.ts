import { Parser } from 'htmlparser2'
import { recentValues, textBytes, type RecentValues } from '#infra/recent-values.ts'

/** What htmlparser2's parser has beneath its types. */
interface Names {
  attribname: string
  startIndex: number
  readonly foreignContext: readonly unknown[]
  getSlice(start: number, end: number): string
  readTagName(start: number, end: number): string
  onattribname(start: number, end: number): void
}
type Internals = new (...rest: ConstructorParameters<typeof Parser>) => Names

const bytesMax = 2 ** 20
const rememberedChars = 40
const tagNames = recentValues<string, string>({ bytesMax, bytesOf: textBytes })
const attributeNames = recentValues<string, string>({ bytesMax, bytesOf: textBytes })

/**
 * htmlparser2's parser, except that every name of an element or attribute is the one string of its kind that is used as a key: comparing two and
 * looking one up is then a comparison of addresses, here and in whatever reads the tree.
 */
class NamedParser extends (Parser as unknown as Internals) {
  override readTagName(start: number, end: number): string {
    // Inside SVG and MathML names are spelt otherwise.
    if (this.foreignContext.length > 1) return super.readTagName(start, end)
    const written = this.getSlice(start, end)
    return tagNames.get(written) ?? remember(tagNames, written, super.readTagName(start, end))
  }

  override onattribname(start: number, end: number): void {
    const written = this.getSlice(start, end)
    this.startIndex = start
    this.attribname = attributeNames.get(written) ?? remember(attributeNames, written, written.toLowerCase())
  }
}

function remember(names: RecentValues<string, string>, written: string, name: string): string {
  const [key = name] = Object.keys({ [name]: true })
  if (written.length <= rememberedChars) names.keep(written, key)
  return key
}

export const HtmlParser = NamedParser as unknown as typeof Parser
