import { charBits, charClasses } from './char-classes.ts'
import type { Pattern } from './pattern.ts'

const { upper, lower, letter, number, space, newline, symbol, ideograph } = charBits
const [lineFeed, carriageReturn, blank, apostrophe, slash] = [0x0a, 0x0d, 0x20, 0x27, 0x2f]
/** Room behind a text that is read over its end. */
export const paddingBytes = 64

/** Where the piece that begins at a byte ends. */
export type PieceEnd = (at: number) => number

/**
 * The patterns as state machines over UTF-8; kernel.c has the same.
 * @param bytes valid UTF-8 up to `end`, zeros for `paddingBytes` behind
 */
export function pieceEnds(pattern: Pattern): (bytes: Uint8Array, end: number) => PieceEnd {
  const { pages, blocks } = charClasses(pattern)
  const { family, keepsTail, numbersApart = false, contractionsApart = false } = pattern
  const digitsMax = pattern.digitsMax || Infinity
  /** What comes apart before all else: for what stands before it the text ends there. */
  const apart = family === 'deepseek' ? number | ideograph : numbersApart ? number : 0

  return (bytes, end) => {
    /** Bytes of the character that `classAt` saw. */
    let width = 0
    const classAt = (at: number): number => {
      const first = bytes[at]!
      if (first < 0x80) {
        width = 1
        return at < end ? blocks[(pages[0]! << 7) | first]! : 0
      }
      let point: number
      if (first < 0xe0) {
        width = 2
        point = ((first & 0x1f) << 6) | (bytes[at + 1]! & 0x3f)
      } else if (first < 0xf0) {
        width = 3
        point = ((first & 0xf) << 12) | ((bytes[at + 1]! & 0x3f) << 6) | (bytes[at + 2]! & 0x3f)
      } else {
        width = 4
        point = ((first & 7) << 18) | ((bytes[at + 1]! & 0x3f) << 12) | ((bytes[at + 2]! & 0x3f) << 6) | (bytes[at + 3]! & 0x3f)
      }
      return blocks[(pages[point >>> 7]! << 7) | (point & 127)]!
    }
    /** End of the characters of any of these bits. */
    const runOf = (at: number, bits: number): number => {
      while (at < end && (classAt(at) & bits) !== 0) at += width
      return at
    }
    /** End of what is no letter, number or space. */
    const othersFrom = (at: number): number => {
      while (at < end && (classAt(at) & (letter | number | space)) === 0) at += width
      return at
    }
    const digitsFrom = (at: number): number => {
      for (let digits = 0; digits < digitsMax && at < end && (classAt(at) & number) !== 0; digits++) at += width
      return at
    }
    const lineEndsFrom = (at: number, slashes: boolean): number => {
      const also = slashes ? slash : lineFeed
      while (at < end && (bytes[at] === lineFeed || bytes[at] === carriageReturn || bytes[at] === also)) at++
      return at
    }
    /** White space that goes before nothing: `\s*[\r\n]+|\s+(?!\S)|\s+`, or without line ends of their own. */
    const spacesFrom = (start: number, hasLines: boolean): number => {
      let [at, last, lines] = [start, start, start]
      while (at < end) {
        const kind = classAt(at)
        if ((kind & space) === 0) break
        last = at
        at += width
        if ((kind & newline) !== 0) lines = at
      }
      const isLast = at === end || (classAt(at) & apart) !== 0
      if (isLast && (keepsTail || !hasLines)) return at
      if (hasLines && lines > start) return lines
      return isLast || last === start ? at : last
    }
    /** Length of the contraction that begins with an apostrophe there; 0: none. @param folds in any case, with U+017F for s */
    const contraction = (at: number, folds: boolean): number => {
      const fold = folds ? 0x20 : 0
      const [first, second] = [bytes[at + 1]! | fold, bytes[at + 2]! | fold]
      if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return 2
      if ((first === 0x6c && second === 0x6c) || (first === 0x76 && second === 0x65) || (first === 0x72 && second === 0x65)) return 3
      return folds && bytes[at + 1] === 0xc5 && bytes[at + 2] === 0xbf ? 3 : 0
    }

    const gpt2 = (at: number): number => {
      if (bytes[at] === apostrophe) {
        const length = contraction(at, false)
        if (length > 0) return at + length
      }
      const start = bytes[at] === blank ? at + 1 : at
      const kind = start < end ? classAt(start) : space
      if ((kind & letter) !== 0) return runOf(start, letter)
      if ((kind & number) !== 0) return numbersApart && start > at ? start : digitsFrom(start)
      return (kind & space) === 0 ? othersFrom(start) : spacesFrom(at, false)
    }
    const cl100k = (at: number): number => {
      if (bytes[at] === apostrophe) {
        const length = contraction(at, true)
        if (length > 0) return at + length
      }
      const kind = classAt(at)
      if ((kind & letter) !== 0) return runOf(at + width, letter)
      if ((kind & number) !== 0) return digitsFrom(at)
      const second = at + width
      if ((kind & newline) === 0 && second < end && (classAt(second) & letter) !== 0) return runOf(second + width, letter)
      return othersOrSpaces(at, kind, second, false)
    }
    const othersOrSpaces = (at: number, kind: number, second: number, slashes: boolean): number => {
      const start = bytes[at] === blank ? second : at
      const isOther = (kind & space) === 0 || (bytes[at] === blank && second < end && (classAt(second) & (letter | number | space)) === 0)
      return isOther ? lineEndsFrom(othersFrom(start), slashes) : spacesFrom(at, true)
    }
    /** `upper*lower+`; -1: there is none. Where no lower case follows, the last letter that is both ends it. */
    const mixedWord = (start: number): number => {
      let [at, both] = [start, -1]
      while (at < end) {
        const kind = classAt(at)
        if ((kind & upper) === 0) break
        at += width
        if ((kind & lower) !== 0) both = at
      }
      const word = runOf(at, lower)
      return word > at ? word : both
    }
    /** `upper+lower*` where there is no `upper*lower+`; -1: there is none. */
    const upperWord = (start: number): number => {
      const word = runOf(start, upper)
      return word > start ? word : -1
    }
    const o200k = (at: number): number => {
      const kind = classAt(at)
      if ((kind & number) !== 0) return digitsFrom(at)
      const second = at + width
      const mayStand = (kind & (letter | newline)) === 0
      let word = mayStand ? mixedWord(second) : -1
      if (word < 0 && (kind & (upper | lower)) !== 0) word = mixedWord(at)
      if (word < 0 && mayStand) word = upperWord(second)
      if (word < 0 && (kind & (upper | lower)) !== 0) word = upperWord(at)
      if (word < 0) return othersOrSpaces(at, kind, second, true)
      return bytes[word] === apostrophe && word < end && !contractionsApart ? word + contraction(word, true) : word
    }
    /** Ideographs were cut from all else before: what goes on is of the same kind. */
    const alikeFrom = (at: number, bits: number, own: number): number => {
      for (let kind: number; at < end && ((kind = classAt(at)) & bits) !== 0 && (kind & ideograph) === own;) at += width
      return at
    }
    const deepseek = (at: number): number => {
      const kind = classAt(at)
      if ((kind & number) !== 0) return digitsFrom(at)
      const second = at + width
      if ((kind & symbol) !== 0 && bytes[at]! < 0x80 && isAsciiLetter(bytes[second]!)) {
        let word = second
        while (isAsciiLetter(bytes[word]!)) word++
        return word
      }
      const own = kind & ideograph
      const start = (kind & (newline | letter | symbol)) === 0 ? second : at
      const word = alikeFrom(start, upper | lower, own)
      if (word > start) return word
      if ((kind & (upper | lower)) !== 0) return second
      const others = bytes[at] === blank ? second : at
      const symbols = alikeFrom(others, symbol, own)
      if (symbols > others) return own === 0 ? lineEndsFrom(symbols, false) : symbols
      return (kind & space) === 0 ? unmatchedFrom(at, own) : spacesFrom(at, true)
    }
    /** What the pattern does not match; the last of it goes with letters behind it. */
    const unmatchedFrom = (start: number, own: number): number => {
      let [at, last] = [start, start]
      while (at < end && classAt(at) === own) {
        last = at
        at += width
      }
      return last > start && alikeFrom(at, upper | lower, own) > at ? last : at
    }
    return { gpt2, cl100k, o200k, deepseek }[family]
  }
}

const isAsciiLetter = (byte: number): boolean => ((byte | 0x20) - 0x61) >>> 0 < 26
