import { compareText } from '#schemas/compare-text.ts'
import type { Document } from '#schemas/document.ts'
import { contentId, normalizeText } from '#schemas/identity/content-id.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { joinParagraphs, paragraphName, paragraphsOf, placeOf } from '#scraper/dedup/paragraphs.ts'

/**
 * A paragraph that so many pages of one host in one job have is boilerplate there. A number and no share: a host's pages come little by little, and what was
 * cut from a row cannot be put back when the share falls.
 */
const pagesMin = 8
/** A page that has less left (UTF-16 code units) was nothing but boilerplate. */
const leftMin = 100

interface Cut {
  /** Those that stay; what was cut from is another object, with the id, size and signature of what is left. */
  documents: Document[]
  /** Cut by nearly all of their text. */
  emptied: Document[]
  /** Names (paragraphs.ts) of boilerplate that was not known to be. */
  found: string[]
}

/**
 * Cuts the paragraphs that pages of one host repeat, but for one copy: they stay in the page that was published first (unknown last), then has the
 * smallest uri.
 * So nothing is lost to the corpus, and anybody who looks at all rows of the host in the shard sees that what a row lacks stands in another.
 *
 * The set of documents and of known names decides. Scores, languages and counts of replaced data stay those of the page as it was read.
 * @param documents one per uri; rows cut before may be among them
 * @param places (paragraphs.ts) only there: where nothing came, nothing changes
 * @param known names of what was boilerplate before; it stays so
 */
export function cutBoilerplate(documents: readonly Document[], places: ReadonlySet<string>, known: ReadonlySet<string>): Cut {
  const cut: Cut = { documents: [], emptied: [], found: [] }
  for (const [place, pages] of Map.groupBy(documents, placeOf)) {
    if (places.has(place)) cutPlace(place, pages, known, cut)
    else for (const page of pages) cut.documents.push(page)
  }
  cut.found.sort()
  return cut
}

function cutPlace(place: string, documents: readonly Document[], known: ReadonlySet<string>, into: Cut): void {
  const pages = documents.toSorted(compareKeepers).map((document) => ({ document, paragraphs: namedParagraphs(place, document.text) }))
  const counts = new Map<string, number>()
  for (const { paragraphs } of pages)
    for (const name of new Set(paragraphs.map((paragraph) => paragraph.name))) if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1)
  const isBoilerplate = (name: string): boolean => known.has(name) || (counts.get(name) ?? 0) >= pagesMin
  for (const [name, count] of counts) if (count >= pagesMin && !known.has(name)) into.found.push(name)

  const kept = new Set<string>()
  for (const { document, paragraphs } of pages) {
    const left = paragraphs.filter(({ name }) => name === undefined || !kept.has(name))
    for (const { name } of left) if (name !== undefined && isBoilerplate(name)) kept.add(name)
    if (left.length === paragraphs.length) into.documents.push(document)
    else take(document, joinParagraphs(left.map(({ text }) => text)), into)
  }
}

function take(document: Document, left: string, into: Cut): void {
  const text = normalizeText(left)
  if (text.length < leftMin) into.emptied.push(document)
  else into.documents.push({ ...document, text, id: contentId(text), text_bytes: Buffer.byteLength(text), minhash: minhash(text) })
}

const namedParagraphs = (place: string, text: string) => paragraphsOf(text).map((paragraph) => ({ text: paragraph, name: paragraphName(place, paragraph) }))

/** By nothing that cutting changes. */
function compareKeepers(a: Document, b: Document): number {
  const [publishedA, publishedB] = [a.published_at?.getTime() ?? Number.MAX_SAFE_INTEGER, b.published_at?.getTime() ?? Number.MAX_SAFE_INTEGER]
  return publishedA - publishedB || compareText(a.uri, b.uri)
}
