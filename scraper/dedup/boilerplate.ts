import { paragraphPagesMax, pageTag, type CorpusIndex, type KnownRow, type ParagraphFacts, type RowFacts } from '#schemas/corpus-index.ts'
import type { Document } from '#schemas/document.ts'
import { contentId, normalizeText } from '#schemas/identity/content-id.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { compareKeepers } from './copies.ts'
import { mapInTurns } from './map-in-turns.ts'
import { joinParagraphs, type NamedParagraph } from './paragraphs.ts'

/**
 * A paragraph that so many pages of one host in one job have had is boilerplate there, for good. A number and no share: a host's pages come little by little,
 * and what was cut from a row cannot be put back when the share falls.
 */
export const boilerplatePages = paragraphPagesMax
/** A page that has less left (UTF-16 code units) was nothing but boilerplate. */
const leftMin = 100

/** A page that may come in, with all its paragraphs. */
export interface Page {
  document: Document
  facts: RowFacts
  paragraphs: readonly NamedParagraph[]
}

export interface CutPage<Each extends Page> {
  page: Each
  /** With the id, size and signature of what is left; the page's own where nothing was cut, null where nothing is left. */
  document: Document | null
  /** Paragraphs that it had as it came; of those that are kept it is to be the keeper. */
  paragraphs: { name: string; isKept: boolean }[]
}

/**
 * Cuts the paragraphs that pages of one host repeat, but for one copy: they stay in the page that was published first (unknown last), then has the smallest uri.
 * So nothing is lost to the corpus, and anybody who looks at all rows of the host in the job sees that what a row lacks stands in another.
 * Who keeps a paragraph is known from its first page on. What is found to be boilerplate now is cut from older rows when they are written again (compaction).
 * Scores, languages and counts of replaced data stay those of the page as it was read.
 *
 * @param pages one per uri
 * @param known what the index knows of the paragraphs, by name
 * @param standing whether a row that is there stays
 */
export async function cutBoilerplate<Each extends Page>(
  pages: readonly Each[],
  known: ReadonlyMap<string, ParagraphFacts>,
  standing: (row: KnownRow) => boolean,
): Promise<CutPage<Each>[]> {
  const tags = new Map<string, Set<number>>()
  await mapInTurns(pages, ({ facts, paragraphs }) => {
    const tag = pageTag(facts.uri)
    for (const name of namesOf(paragraphs)) tags.set(name, (tags.get(name) ?? new Set(known.get(name)?.pages)).add(tag))
  })
  const isBoilerplate = (name: string): boolean => (tags.get(name)?.size ?? 0) >= boilerplatePages
  const keepers = new Keepers(known, standing)
  return await mapInTurns(
    pages.toSorted((a, b) => compareKeepers(a.facts, b.facts)),
    (page) => {
      const left = page.paragraphs.filter(({ name }) => name === undefined || !isBoilerplate(name) || !keepers.isHeld(name, page.facts))
      const document = left.length === page.paragraphs.length ? page.document : cutTo(page.document, left)
      const held = new Set(document === null ? [] : keepers.take(left, page.facts))
      return { page, document, paragraphs: namesOf(page.paragraphs).map((name) => ({ name, isKept: held.has(name) })) }
    },
  )
}

/** What the index knows of the paragraphs of pages, by name. */
export async function knownParagraphs(
  index: Pick<CorpusIndex, 'paragraphs'>,
  pages: readonly Pick<Page, 'paragraphs'>[],
): Promise<Map<string, ParagraphFacts>> {
  const names = [...new Set(pages.flatMap(({ paragraphs }) => namesOf(paragraphs)))]
  const found = await index.paragraphs(names)
  return new Map(names.flatMap((name, at) => (found[at] ? [[name, found[at]]] : [])))
}

/** Who holds which paragraph for all others, as pages come by in the order of `compareKeepers`. */
export class Keepers {
  readonly #known: ReadonlyMap<string, ParagraphFacts>
  readonly #standing: (row: KnownRow) => boolean
  readonly #held = new Set<string>()

  constructor(known: ReadonlyMap<string, ParagraphFacts>, standing: (row: KnownRow) => boolean = () => true) {
    this.#known = known
    this.#standing = standing
  }

  /** Whether another page keeps the paragraph for this one. */
  isHeld(name: string, facts: RowFacts): boolean {
    const keeper = this.#known.get(name)?.keeper
    return this.#held.has(name) || (keeper !== undefined && this.#standing(keeper) && compareKeepers(keeper, facts) < 0)
  }

  /** @returns the paragraphs of a page that nobody holds: it does from now on */
  take(paragraphs: readonly NamedParagraph[], facts: RowFacts): string[] {
    const taken = namesOf(paragraphs).filter((name) => !this.isHeld(name, facts))
    for (const name of taken) this.#held.add(name)
    return taken
  }
}

/** Each once. */
export const namesOf = (paragraphs: readonly NamedParagraph[]): string[] => [...new Set(paragraphs.flatMap(({ name }) => name ?? []))]

/** The document with what is left of its text; null where that is not enough for a page. */
export function cutTo(document: Document, left: readonly { text: string }[]): Document | null {
  const text = normalizeText(joinParagraphs(left.map((paragraph) => paragraph.text)))
  if (text.length < leftMin) return null
  return { ...document, text, id: contentId(text), text_bytes: Buffer.byteLength(text), minhash: minhash(text) }
}
