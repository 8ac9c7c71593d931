import type { CorpusIndex, KnownRow, ParagraphFacts } from '#schemas/corpus-index.ts'
import type { Document } from '#schemas/document.ts'
import type { Reject } from '#schemas/stage.ts'
import { rowFacts } from '#schemas/row-facts.ts'
import { boilerplatePages, cutTo, knownParagraphs, namesOf } from './boilerplate.ts'
import { compareKeepers, countByJob, dropReject, emptyReject, type DuplicateCounts } from './copies.ts'
import { mapInTurns } from './map-in-turns.ts'
import { namedParagraphs, type NamedParagraph } from './paragraphs.ts'
import { Ruling, type Candidate, type Looks } from './ruling.ts'

/** A row and what it holds. */
export interface RowDocument {
  row: KnownRow
  document: Document
}

/** A row that something is cut from: another row takes its place, if any does. */
export interface CutRow extends Candidate {
  former: KnownRow
  /** What goes from its text. */
  cut: ReadonlySet<string>
  paragraphs: { name: string; isKept: boolean }[]
}

export interface Recut {
  /** What takes the place of rows, by their ordinals. */
  replaced: ReadonlyMap<number, CutRow>
  /** Rows that leave without one, wherever they stand. */
  gone: KnownRow[]
  /** Rows that hold a paragraph from now on, by ordinal. */
  keepers: { paragraph: string; ordinal: number }[]
  rejects: Reject[]
  counts: Map<string, DuplicateCounts>
}

/** Finds what has become boilerplate since rows were written. Rows are shown to it batch by batch; what is left of those that lose something is then held against all rows there are. */
export class Recutting {
  readonly #index: Looks
  readonly #cut: CutRow[] = []
  readonly #emptied: KnownRow[] = []
  /** Rows that hold a paragraph from now on. */
  readonly #keepers = new Map<string, KnownRow>()

  constructor(index: Pick<CorpusIndex, 'exact' | 'near' | 'paragraphs'>) {
    this.#index = index
  }

  async look(batch: readonly RowDocument[]): Promise<void> {
    const named = await mapInTurns(batch, ({ row, document }) => ({ row, document, paragraphs: namedParagraphs(document) }))
    const known = await knownParagraphs(this.#index, named)
    await mapInTurns(
      named.toSorted((a, b) => compareKeepers(a.row, b.row)),
      (page) => this.#lookAt(page, known),
    )
  }

  #lookAt({ row, document, paragraphs }: RowDocument & { paragraphs: NamedParagraph[] }, known: ReadonlyMap<string, ParagraphFacts>): void {
    const isHere = (name: string): boolean => this.#keeps(row, name, known.get(name)?.keeper)
    const isCut = ({ name }: NamedParagraph): boolean => name !== undefined && (known.get(name)?.pages.length ?? 0) >= boilerplatePages && !isHere(name)
    const left = paragraphs.filter((paragraph) => !isCut(paragraph))
    const held = namesOf(left).map((name) => ({ name, isKept: isHere(name) }))
    const isChanged = left.length < paragraphs.length
    const changed = isChanged ? cutTo(document, left) : document
    if (changed === null) return void this.#emptied.push(row)
    if (isChanged) this.#cut.push(cutRow({ row, document }, changed, new Set(namesOf(paragraphs.filter(isCut))), held))
    for (const { name, isKept } of held) if (isKept && known.get(name)?.keeper?.ordinal !== row.ordinal) this.#keepers.set(name, row)
  }

  async settle(): Promise<Recut> {
    const ruling = new Ruling(this.#index)
    const former = new Map([...this.#cut.map((each) => each.former), ...this.#emptied].map((row) => [row.ordinal, row]))
    for (const [ordinal, row] of former) ruling.gone.set(ordinal, row)
    const kept = new Set(await this.#best(ruling))
    const replaced = new Map([...kept].map((each) => [each.former.ordinal, each]))
    return {
      replaced,
      gone: [...ruling.gone.values()].filter(({ ordinal }) => !replaced.has(ordinal)),
      keepers: [...this.#keepers].flatMap(([paragraph, { ordinal }]) => (ruling.gone.has(ordinal) ? [] : [{ paragraph, ordinal }])),
      rejects: [...ruling.drops.map(dropReject), ...this.#emptied.map(emptyReject)],
      counts: countByJob(ruling.drops, ruling.clusterHeads),
    }
  }

  /** Whether the row is to hold the paragraph for all others. */
  #keeps(row: KnownRow, name: string, known: KnownRow | undefined): boolean {
    const keeper = this.#keepers.get(name) ?? known
    return keeper === undefined || keeper.ordinal === row.ordinal || compareKeepers(row, keeper) < 0
  }

  async #best(ruling: Ruling): Promise<CutRow[]> {
    if (this.#cut.length === 0) return []
    const texts = new Map<string, KnownRow | undefined>()
    for (const [at, { text }] of (await this.#index.exact(this.#cut.map(({ facts }) => facts))).entries()) texts.set((this.#cut[at] as CutRow).facts.id, text)
    return await ruling.onePerCluster(ruling.onePerText(this.#cut, ({ facts }) => texts.get(facts.id)))
  }
}

const cutRow = ({ row, document }: RowDocument, changed: Document, cut: ReadonlySet<string>, paragraphs: CutRow['paragraphs']): CutRow => ({
  former: row,
  facts: rowFacts(changed),
  signatures: [document.minhash, changed.minhash],
  cut,
  paragraphs,
})

/** The document that takes the place of one: the same as when it was looked at. */
export function recutDocument(document: Document, { cut }: CutRow): Document {
  const changed = cutTo(
    document,
    namedParagraphs(document).filter(({ name }) => name === undefined || !cut.has(name)),
  )
  return changed ?? document
}
