import type { Database } from '#infra/sqlite/database.ts'
import { recentValues, type RecentValues } from '#infra/recent-values.ts'
import { lowestOf, meet, wordRows } from '../words/bits.ts'
import { countPostings, firstPosting, PostingsReader, PostingWeights } from '../words/postings.ts'
import { wordWorth } from '../words/weights.ts'
import { checkedList } from './segments.ts'

const listBytesMax = 64 * 2 ** 20
/** What a word weighs at most (weights.ts). */
const weightMax = 255
/** Sums of sixteen products are rounded by less than this share of them. */
const roundingShare = 1e-12

/** Of a segment, which never changes. */
interface WordPart {
  postings: Uint8Array
  /** Its first row, and how many there are. */
  first: number
  count: number
}

interface WordList {
  /** In the order of their rows. */
  parts: Uint8Array[]
  count: number
}

/** Searches the word lists of an index file. */
export class WordSearch {
  readonly #db: Database
  readonly #lists: RecentValues<string, WordPart>

  constructor(db: Database) {
    this.#db = db
    this.#lists = recentValues({ bytesMax: listBytesMax, bytesOf: ({ postings }) => postings.length })
  }

  /** @param rows all there are @param worths of the page before */
  find(words: readonly string[], rows: number, worths: readonly number[] | undefined): FoundWords {
    // Segments that are brought together meanwhile must not go between their names and their lists.
    const found = this.#db.snapshot(() => {
      const segments = this.#db.all<{ number: number }>('select number from segments where ready = 1').map(({ number }) => number)
      return words.map((word) => this.#listOf(word, segments))
    })
    return new FoundWords(found.map((list, n) => ({ list, worth: worths?.[n] ?? wordWorth(list.count, rows) })))
  }

  #listOf(word: string, segments: readonly number[]): WordList {
    const parts = segments.map((segment) => this.#partOf(word, segment)).filter(({ count }) => count > 0)
    return {
      parts: parts.toSorted((a, b) => a.first - b.first).map(({ postings }) => postings),
      count: parts.reduce((sum, { count }) => sum + count, 0),
    }
  }

  #partOf(word: string, segment: number): WordPart {
    const key = `${segment} ${word}`
    const known = this.#lists.get(key)
    if (known) return known
    const found = this.#db.get<{ postings: Uint8Array; checksum: number }>('select postings, checksum from words where segment = ? and word = ?', segment, word)
    const postings = found ? checkedList(found) : new Uint8Array()
    const part = { postings, first: firstPosting(postings), count: countPostings(postings) }
    this.#lists.keep(key, part)
    return part
  }
}

/** What was found of the words of a question. */
export class FoundWords {
  /** What each word is worth: the same for the next page, whatever comes in meanwhile. */
  readonly worths: number[]
  /** By what they are worth, rarest first, and not by their lengths, which go on growing: sums come out the same to the last bit. */
  readonly #lists: { list: WordList; worth: number }[]

  constructor(lists: readonly { list: WordList; worth: number }[]) {
    this.worths = lists.map(({ worth }) => worth)
    this.#lists = lists.toSorted((a, b) => b.worth - a.worth)
  }

  /** Leaves those rows that have all the words. */
  narrow(rows: Uint32Array): void {
    if (this.#lists.some(({ list }) => list.count === 0)) {
      rows.fill(0)
      return
    }
    const having = new Uint32Array(rows.length)
    for (const { list } of this.#lists) {
      having.fill(0)
      for (const part of list.parts) for (const reader = new PostingsReader(part); reader.next(); reader.skip()) reader.mark(having)
      meet(rows, having)
    }
  }

  /** What rows that have all the words score, asked for by rising numbers. */
  scores(): RowScores {
    return new RowScores(this.#lists)
  }
}

interface ScoredWord {
  weights: PostingWeights
  worth: number
  /** What the words behind it may add. */
  mostBehind: number
}

/** The scores of rows that have all the words, asked for by rising numbers. */
export class RowScores {
  readonly #words: ScoredWord[]

  constructor(lists: readonly { list: WordList; worth: number }[]) {
    this.#words = lists.map(({ list, worth }, n) => {
      const mostBehind = lists.slice(n + 1).reduce((sum, other) => sum + weightMax * other.worth, 0)
      return { weights: new PostingWeights(list.parts), worth, mostBehind }
    })
  }

  of(row: number): number {
    return this.#withMore(0, 0, row, -Infinity)
  }

  /** Visits rows, given by their bits, but for those that score less than the visitor said last. Of most of these only the first word is looked at, which is worth the most. */
  eachBest(rows: Uint32Array, visit: (row: number, score: number) => number): void {
    const [first] = this.#words
    if (!first) return
    const { weights, worth, mostBehind } = first
    let [least, weightLeast] = [-Infinity, 0]
    for (let n = 0; n < rows.length; n++)
      for (let left = rows[n] as number; left !== 0; left &= left - 1) {
        const row = n * wordRows + lowestOf(left)
        const weight = weights.of(row)
        if (weight < weightLeast) continue
        const score = this.#withMore(weight * worth, 1, row, least)
        if (score < least) continue
        least = visit(row, score)
        // A whole weight below it misses by more than sums are rounded by.
        weightLeast = Math.floor((least - mostBehind) / worth)
      }
  }

  /** @returns what the words from one on make of a score; -Infinity where that is less than `least` for sure */
  #withMore(before: number, from: number, row: number, least: number): number {
    let score = before
    for (let n = from; n < this.#words.length; n++) {
      const { weights, worth, mostBehind } = this.#words[n] as ScoredWord
      score += weights.of(row) * worth
      if ((score + mostBehind) * (1 + roundingShare) < least) return -Infinity
    }
    return score
  }
}
