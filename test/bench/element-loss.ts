import { elementKinds, type ElementKind, type PageElement, type PageElements, type TableCell } from './page-elements.ts'
import { wordsOf } from './word-overlap.ts'

/** What became of the elements of pages. */
export interface ElementLoss {
  /** By kind: those whose text stands in the true main text, and those of them that are cut. */
  cut: Record<ElementKind, { of: number; cut: number }>
  /** Tables of which a cell is kept, and those of them of which another is cut. */
  tables: { of: number; torn: number }
  /** Rows of a table of which a cell is kept, and those with one that is not in its column. */
  rows: { of: number; misplaced: number }
}

export const noLoss = (): ElementLoss => ({
  cut: Object.fromEntries(elementKinds.map((kind) => [kind, { of: 0, cut: 0 }])) as ElementLoss['cut'],
  tables: { of: 0, torn: 0 },
  rows: { of: 0, misplaced: 0 },
})

/** Adds what of a page was lost. @param text what was made of it, tables as rows of `| a | b |` @param truth its true main text */
export function addLoss(loss: ElementLoss, { elements, tables }: PageElements, text: string, truth: string): void {
  const [wanted, kept] = [standing(elements, wordsOf(truth)), standing(elements, wordsOf(text))]
  for (const element of wanted) {
    if (element.kind === undefined) continue
    loss.cut[element.kind].of++
    if (!kept.has(element)) loss.cut[element.kind].cut++
  }
  const rows = tableRows(text)
  for (const cells of tables) {
    const keptCells = cells.filter(({ element }) => kept.has(element))
    if (keptCells.length === 0) continue
    loss.tables.of++
    if (keptCells.length < cells.length) loss.tables.torn++
    addRows(loss, cells, rows)
  }
}

const gramWords = 4
/** A short element stands near what stands before it. */
const nearWords = 30

/**
 * The elements of which more than half of the words stand in a text, in its order: runs of four words and more first, wherever they stand; then shorter ones,
 * between those.
 */
function standing(elements: readonly PageElement[], text: readonly string[]): Set<PageElement> {
  const aligned = new Alignment(elements, text)
  const found = new Set<PageElement>()
  let [at, after] = [0, 0]
  for (const [i, { words }] of elements.entries()) {
    const run = aligned.runs[i]
    if (run && run.words > words.length / 2) {
      found.add(elements[i]!)
      at = run.end
      continue
    }
    if (words.length >= 2 * gramWords) continue
    if (after <= i) for (after = i + 1; after < elements.length && !aligned.runs[after];) after++
    const next = aligned.runs[after]?.start ?? text.length
    const place = aligned.placeOf(words, at, Math.min(next >= at ? next : text.length, at + nearWords))
    if (place === undefined) continue
    found.add(elements[i]!)
    at = place + words.length
  }
  return found
}

class Alignment {
  /** By element: how many of its words are in runs, from where to where. */
  readonly runs: ({ words: number; start: number; end: number } | undefined)[]
  readonly #text: readonly string[]
  readonly #used: Uint8Array

  constructor(elements: readonly PageElement[], text: readonly string[]) {
    this.#text = text
    this.#used = new Uint8Array(text.length)
    this.runs = elements.map(() => undefined)
    const places = Map.groupBy(text.keys(), (i) => text.slice(i, i + gramWords).join(' '))
    const flat = elements.flatMap(({ words }, element) => words.map((word) => ({ word, element })))
    let last = 0
    for (let i = 0; i + gramWords <= flat.length;) {
      const gram = [0, 1, 2, 3].map((n) => flat[i + n]?.word).join(' ')
      const place = this.#nearest(places.get(gram) ?? [], last)
      if (place === undefined) {
        i++
        continue
      }
      let n = 0
      for (; i + n < flat.length && flat[i + n]?.word === text[place + n] && this.#used[place + n] === 0; n++) {
        this.#used[place + n] = 1
        this.#add(flat[i + n]!.element, place + n)
      }
      i += n
      last = place + n
    }
  }

  /** Where a few words stand that nothing else took. */
  placeOf(words: readonly string[], from: number, to: number): number | undefined {
    for (let place = from; place + words.length <= to; place++) {
      if (!words.every((word, n) => this.#text[place + n] === word && this.#used[place + n] === 0)) continue
      this.#used.fill(1, place, place + words.length)
      return place
    }
    return undefined
  }

  #nearest(places: readonly number[], last: number): number | undefined {
    let best: number | undefined
    for (const place of places) if (this.#used[place] === 0 && (best === undefined || Math.abs(place - last) < Math.abs(best - last))) best = place
    return best
  }

  #add(element: number, place: number): void {
    const run = this.runs[element]
    if (run) [run.words, run.end] = [run.words + 1, place + 1]
    else this.runs[element] = { words: 1, start: place, end: place + 1 }
  }
}

/** The words of the cells of each line that is a row of a table. */
const tableRows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => /^[ >]{0,9}\|.*\|\s*$/.test(line) && !/^[\s|:-]+$/.test(line))
    .map((line) =>
      line
        .trim()
        .replace(/^[ >]*\|/, '')
        .replace(/\|$/, '')
        .split(/(?<!\\)\|/)
        .map((cell) => wordsOf(cell).join(' ')),
    )

function addRows(loss: ElementLoss, cells: readonly TableCell[], rows: readonly string[][]): void {
  for (const row of Map.groupBy(cells, (cell) => cell.row).values()) {
    if (row.length < 2) continue
    const texts = row.map(({ element }) => element.words.join(' '))
    const written = rows.find((line) => texts.filter((text) => line.includes(text)).length > texts.length / 2)
    if (!written) continue
    loss.rows.of++
    if (row.some(({ column }, i) => written.includes(texts[i]!) && written[column] !== texts[i])) loss.rows.misplaced++
  }
}
