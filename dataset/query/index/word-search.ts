import type { Database } from '#infra/sqlite/database.ts'
import { recentValues, type RecentValues } from '#infra/recent-values.ts'
import { meet } from '../words/bits.ts'
import { countPostings, firstPosting, PostingsReader, PostingWeights } from '../words/postings.ts'
import { wordWorth } from '../words/weights.ts'
import { checkedList } from './segments.ts'

const listBytesMax = 64 * 2 ** 20
/** What a word weighs at most (weights.ts). */
const weightMax = 255
/** Sums of sixteen products are rounded by less than this share of them. */
const roundingShare = 1e-12

interface WordList {
  /** Of the segments, in the order of their rows. */
  parts: Uint8Array[]
  count: number
}

/** Searches the word lists of an index file. */
export class WordSearch {
  readonly #db: Database
  /** Of segments, which never change. */
  readonly #lists: RecentValues<string, Uint8Array>

  constructor(db: Database) {
    this.#db = db
    this.#lists = recentValues({ bytesMax: listBytesMax, bytesOf: ({ length }) => length })
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
    const parts = segments.flatMap((segment) => this.#partOf(word, segment) ?? []).filter(({ length }) => length > 0)
    const sorted = parts.map((part) => ({ part, first: firstPosting(part) })).toSorted((a, b) => a.first - b.first)
    return { parts: sorted.map(({ part }) => part), count: parts.reduce((sum, part) => sum + countPostings(part), 0) }
  }

  #partOf(word: string, segment: number): Uint8Array {
    const key = `${segment} ${word}`
    const known = this.#lists.get(key)
    if (known) return known
    const found = this.#db.get<{ postings: Uint8Array; checksum: number }>('select postings, checksum from words where segment = ? and word = ?', segment, word)
    const part = found ? checkedList(found) : new Uint8Array()
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

/** The scores of rows; of rows that cannot score enough as little is read as tells so. */
export class RowScores {
  readonly #words: { weights: PostingWeights; worth: number; mostBehind: number }[]

  constructor(lists: readonly { list: WordList; worth: number }[]) {
    this.#words = lists.map(({ list, worth }, n) => {
      const mostBehind = lists.slice(n + 1).reduce((sum, other) => sum + weightMax * other.worth, 0)
      return { weights: new PostingWeights(list.parts), worth, mostBehind }
    })
  }

  /** @returns its score, or no more than `least` where it has less */
  of(row: number, least = -Infinity): number {
    let score = 0
    for (const { weights, worth, mostBehind } of this.#words) {
      score += weights.of(row) * worth
      if ((score + mostBehind) * (1 + roundingShare) < least) return -Infinity
    }
    return score
  }
}
