import { Parser } from 'htmlparser2'

/** Told of the elements of an XML text in document order. Names come as they stand, prefix and all. */
export interface XmlReader {
  open(name: string, attributes: Readonly<Record<string, string>>): void
  /** Text and CDATA inside the innermost open element, in pieces. */
  text(data: string): void
  /** `isTorn`: the text ended, or an outer element did, before it was closed: its text may be cut. */
  close(name: string, isTorn: boolean): void
}

/** Feeds and sitemaps are four deep. What is deeper is none, and the parser's cost grows with the depth. */
const depthMax = 100

class TooDeep extends Error {}

/** Reads text as XML, well-formed or not. Entities of a DTD stay as they are. Stops where it is nested too deeply. Never throws. */
export function scanXml(text: string, reader: XmlReader): void {
  let depth = 0
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (++depth > depthMax) throw new TooDeep()
        reader.open(name, attributes)
      },
      ontext: (data) => reader.text(data),
      onclosetag(name, isImplied) {
        depth -= 1
        reader.close(name, isImplied)
      },
    },
    { xmlMode: true, decodeEntities: true },
  )
  try {
    parser.end(text)
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error
  }
}
