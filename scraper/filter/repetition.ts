import { randomBytes } from 'node:crypto'

/** Characters (UTF-16 code units) of a text that n-grams of its words hold, by n. What is longer than the text, or not repeated, is 0. */
export interface Repetition {
  /** Of the n-gram that comes most often, all its occurrences; of equals, the first. */
  top: (n: 2 | 3 | 4) => number
  /** Of every n-gram that came before; none is counted twice. */
  duplicates: (n: 5 | 6 | 7 | 8 | 9 | 10) => number
}

const longest = 10
const longestTop = 4

/**
 * Counts repeated n-grams of 2 to 10 words, exactly, without making a string of any: an n-gram is the pair of an (n−1)-gram and a word, and each pair has a
 * number. Linear in the number of words, whatever they are.
 * @param gap characters between two words: 1, or 0 where the script writes none
 */
export function measureRepetition(words: readonly string[], gap: 0 | 1): Repetition {
  const wordIds = numberWords(words)
  const ends = endsOf(words, gap)
  const grams = wordIds.slice()
  const chars = Array.from({ length: longest + 1 }, () => 0)
  for (let n = 2; n <= longest && n <= words.length; n++) {
    const count = words.length - n + 1
    const distinct = numberPairs(grams, wordIds, n - 1, count)
    // When none comes twice, none that is longer does.
    if (distinct === count) break
    chars[n] = n <= longestTop ? topChars(grams, count, distinct, n, ends, gap) : duplicateChars(grams, count, distinct, n, ends, gap)
  }
  const of = (n: number) => chars[n] ?? 0
  return { top: of, duplicates: of }
}

function numberWords(words: readonly string[]): Int32Array {
  const known = new Map<string, number>()
  const ids = new Int32Array(words.length)
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    let id = known.get(word)
    if (id === undefined) known.set(word, (id = known.size))
    ids[at] = id
  }
  return ids
}

/** Where each word ends, counted from the first, with `gap` between them. */
function endsOf(words: readonly string[], gap: number): Float64Array {
  const ends = new Float64Array(words.length + 1)
  for (let at = 0; at < words.length; at++) ends[at + 1] = (ends[at] ?? 0) + (words[at] ?? '').length + gap
  return ends
}

/** Odd, and nobody's business: a page cannot be made to collide. The numbers given do not depend on them. */
const [factorA, factorB] = [randomBytes(4).readInt32LE() | 1, randomBytes(4).readInt32LE() | 1]

/** Replaces `grams[i]` by the number of the pair (`grams[i]`, `words[i + offset]`), numbered in order of appearance. @returns how many there are */
function numberPairs(grams: Int32Array, words: Int32Array, offset: number, count: number): number {
  const bits = 33 - Math.clz32(count)
  const [mask, shift] = [2 ** bits - 1, 32 - bits]
  const slots = new Int32Array(mask + 1)
  const [firsts, seconds] = [new Int32Array(count), new Int32Array(count)]
  let distinct = 0
  for (let at = 0; at < count; at++) {
    const first = grams[at] as number
    const second = words[at + offset] as number
    let slot = Math.imul(Math.imul(first, factorA) ^ (second + (first >>> 7)), factorB) >>> shift
    let id = slots[slot] as number
    while (id !== 0 && (firsts[id - 1] !== first || seconds[id - 1] !== second)) {
      slot = (slot + 1) & mask
      id = slots[slot] as number
    }
    if (id === 0) {
      firsts[distinct] = first
      seconds[distinct] = second
      slots[slot] = id = ++distinct
    }
    grams[at] = id - 1
  }
  return distinct
}

function topChars(grams: Int32Array, count: number, distinct: number, n: number, ends: Float64Array, gap: number): number {
  const counts = new Int32Array(distinct)
  for (let at = 0; at < count; at++) counts[grams[at] as number]!++
  let top = 0
  for (let id = 1; id < distinct; id++) if ((counts[id] as number) > (counts[top] as number)) top = id
  const times = counts[top] as number
  const at = grams.indexOf(top)
  return times < 2 ? 0 : times * lengthAt(at, n, ends, gap)
}

function duplicateChars(grams: Int32Array, count: number, distinct: number, n: number, ends: Float64Array, gap: number): number {
  const seen = new Uint8Array(distinct)
  let chars = 0
  for (let at = 0; at < count;) {
    const id = grams[at] as number
    if (seen[id] === 1) {
      chars += lengthAt(at, n, ends, gap)
      at += n
    } else {
      seen[id] = 1
      at++
    }
  }
  return chars
}

const lengthAt = (at: number, n: number, ends: Float64Array, gap: number): number => (ends[at + n] as number) - (ends[at] as number) - gap
