import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Question } from './dataset-query.ts'
import type { FoundPage, PlacedDocument } from './index/index-reader.ts'
import { foldText, phraseText, soughtWords } from './words/words.ts'

/** Texts that are read for one page, and their bytes: the index knows words, where they stand only the texts do. */
const [readMax, readAtOnce, readBytesMax] = [500, 50, 32 * 2 ** 20]

export interface PhraseParts {
  page(question: Question): Promise<FoundPage>
  textOf(placed: PlacedDocument): Promise<string>
}

/** The phrases of a question: whoever has all their words may have them. */
export const phrasesOf = ({ filters: { q } }: Question): string[] => (q === undefined ? [] : soughtWords(q).phrases)

/** A page of those that have the phrases. One that would take too many texts is short, and says where to go on. `isExact`: whether all that have the words were looked at. */
export async function phrasePage({ page, textOf }: PhraseParts, question: Question, phrases: readonly string[]): Promise<FoundPage & { isExact: boolean }> {
  const found: PlacedDocument[] = []
  const cursors: string[] = []
  let [looked, bytes] = [0, 0]
  for (let { after } = question; ;) {
    const some = await page({ ...question, after, limit: readAtOnce })
    for (const [n, placed] of some.found.entries()) {
      const { title, text_bytes } = placed.document.document
      if (await hasPhrases(`${title}\n\n${await textOf(placed)}`, phrases)) found.push(placed)
      looked++
      bytes += text_bytes
      const isFull = found.length === question.limit
      const isLast = some.isLast && n === some.found.length - 1
      if (!isFull && !isLast && looked < readMax && bytes < readBytesMax) continue
      cursors.push(some.cursors[n] as string)
      const isExact = isLast && question.after === undefined
      return { ...some, found, cursors, isLast, total: isExact ? found.length : some.total, isExact }
    }
    if (some.isLast)
      return { ...some, found, cursors, isLast: true, total: question.after === undefined ? found.length : some.total, isExact: question.after === undefined }
    after = some.cursors.at(-1)
  }
}

/** Of a text that is looked through in one turn of the event loop, UTF-16 units: a text may be of 8 MiB. */
const pieceUnits = 2 ** 16

/** @param phrases as `soughtWords` has them */
export async function hasPhrases(text: string, phrases: readonly string[]): Promise<boolean> {
  const missing = new Set(phrases)
  const longest = phrases.reduce((most, { length }) => Math.max(most, length), 0)
  let kept = ''
  for (const piece of piecesOf(text)) {
    const folded = kept + phraseText(foldText(piece))
    for (const phrase of missing) if (folded.includes(phrase)) missing.delete(phrase)
    if (missing.size === 0) return true
    // Without the space at its end: the next begins with one.
    kept = folded.slice(-longest - 1, -1)
    await nextTurn()
  }
  return false
}

/** Second halves of characters, and marks: they go with what is before them. */
const goesOn = /^[\p{M}\udc00-\udfff]/u

/** Cut before a space; in a text without any, as Chinese is, before a character. */
function* piecesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    let piece = text.slice(at, at + pieceUnits)
    if (piece.length === pieceUnits) {
      let end = Math.max(piece.lastIndexOf(' '), piece.lastIndexOf('\n'))
      if (end <= 0) for (end = pieceUnits; end > 1 && goesOn.test(text.charAt(at + end));) end--
      piece = piece.slice(0, end)
    }
    yield piece
    at += piece.length
  }
}
