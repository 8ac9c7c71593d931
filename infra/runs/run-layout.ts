/**
 * What the entries of a set of runs are: `keyWords` u32 words of a key (order: first word, then second), then `valueWords` of a value.
 * Keys are hashes: a filter knows them by all of their bits, so that a crafted one costs reads, never an answer.
 */
export interface RunLayout {
  keyWords: 1 | 2
  /** 0..5 */
  valueWords: number
  /** Memory of the filters, bits an entry: 5 let one in eleven through that is not there, 10 one in a hundred and twenty. */
  filterBits: number
  /** Makes one entry of two with the same key: writes into `newer`. Both are whole entries, valid until it returns. Absent: all of a key are kept. */
  combine?(older: Uint32Array, newer: Uint32Array): void
  /** Asked of each entry that a merge writes, combined by then: false drops it. */
  keep?(entry: Uint32Array): boolean
}

/** A page of the system: what one read costs. A block is its CRC-32 (u32) over the rest, and entries. */
export const blockBytes = 4096
export const blockWords = blockBytes / 4
const crcWords = 1

export const entryWords = ({ keyWords, valueWords }: Pick<RunLayout, 'keyWords' | 'valueWords'>): number => keyWords + valueWords

export const entriesPerBlock = (words: number): number => Math.floor((blockWords - crcWords) / words)

/** Word of a block where entry `at` begins. */
export const entryStart = (at: number, words: number): number => crcWords + at * words
