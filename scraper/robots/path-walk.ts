import type { PathPatterns } from './path-patterns.ts'

const dollar = 0x24
const star = 0x2a
const wordBits = 32

/**
 * Walks sorted patterns along one path. Sorted, they are a trie without its nodes: those that begin alike stand together, so what they have in common is
 * compared once, and what does not fit is left out together. Up to its first star a pattern is at one place of the path; behind it, at any of a set of
 * places, a bit each. So the work is the octets of those patterns that fit so far, times the words of a set: no pattern is a trap, whatever its stars.
 */
export class PathWalk {
  readonly #patterns: PathPatterns
  readonly #path: string
  /** Words of a set of places, the end of the path included. */
  readonly #words: number
  /** Character → the places where it stands. */
  readonly #placesOf = new Map<number, Uint32Array>()
  /** Sets in use, by how often the way has forked behind a star. */
  readonly #sets: Uint32Array[] = []
  #greatest = -1

  /** @param path normalized and packed as the patterns are */
  constructor(patterns: PathPatterns, path: string) {
    this.#patterns = patterns
    this.#path = path
    this.#words = Math.floor(path.length / wordBits) + 1
  }

  greatest(): number | undefined {
    this.#follow()
    return this.#greatest < 0 ? undefined : this.#greatest
  }

  /** The patterns that are the path so far, to the end of either. */
  #follow(): void {
    let low = 0
    let high = this.#patterns.values.length
    for (let depth = 0; low < high; depth++) {
      if (this.#endsAt(low, depth)) this.#note(low++)
      const dollars = this.#after(low, high, depth, dollar)
      if (depth === this.#path.length && dollars > low && this.#code(dollars - 1, depth) === dollar) this.#note(dollars - 1)
      const others = this.#after(low, high, depth, star - 1)
      const stars = this.#after(others, high, depth, star)
      if (stars > others) this.#scatter(others, stars, depth + 1, this.#allFrom(this.#set(0), depth), depth >>> 5, 0)
      if (depth === this.#path.length) return
      const code = this.#path.charCodeAt(depth)
      const next = this.#after(low, high, depth, code - 1)
      high = this.#after(next, high, depth, code)
      low = next
    }
  }

  /**
   * The patterns of a range, which behind a star have been the path so far in one way or more.
   * @param places where that may have been; used up
   * @param from first word of it that is not empty
   */
  #scatter(low: number, high: number, depth: number, places: Uint32Array, from: number, forks: number): void {
    let begin = low
    let at = depth
    let first = from
    for (;;) {
      if (this.#endsAt(begin, at)) this.#note(begin++)
      // All ways but the last are taken with sets of their own.
      let wayFirst = -1
      while (begin < high) {
        const code = this.#code(begin, at)
        const end = this.#after(begin, high, at, code)
        const isLast = end === high
        if (code === dollar) {
          if (this.#holdsEnd(places)) this.#note(begin)
        } else {
          const way = isLast ? places : this.#set(forks + 1)
          wayFirst = code === star ? this.#spread(places, way, first) : this.#step(places, way, first, code)
          if (isLast) break
          if (wayFirst >= 0) this.#scatter(begin, end, at + 1, way, wayFirst, forks + 1)
        }
        wayFirst = -1
        begin = end
      }
      if (wayFirst < 0) return
      first = wayFirst
      at++
    }
  }

  #note(index: number): void {
    this.#greatest = Math.max(this.#greatest, this.#patterns.values[index] ?? 0)
  }

  #endsAt(index: number, depth: number): boolean {
    const { starts } = this.#patterns
    return index < this.#patterns.values.length && (starts[index + 1] ?? 0) - (starts[index] ?? 0) === depth
  }

  #code(index: number, depth: number): number {
    return this.#patterns.octets[(this.#patterns.starts[index] ?? 0) + depth] ?? 0
  }

  /** The first pattern of a range, none of which ends here, with a greater octet there. */
  #after(low: number, high: number, depth: number, code: number): number {
    // Most often all of them or none go on alike.
    if (low >= high || this.#code(low, depth) > code) return low
    if (this.#code(high - 1, depth) <= code) return high
    let [least, most] = [low + 1, high - 1]
    while (least < most) {
      const middle = (least + most) >>> 1
      if (this.#code(middle, depth) > code) most = middle
      else least = middle + 1
    }
    return most
  }

  #set(index: number): Uint32Array {
    return (this.#sets[index] ??= new Uint32Array(this.#words))
  }

  #allFrom(places: Uint32Array, place: number): Uint32Array {
    const word = place >>> 5
    places.fill(-1, word)
    places[word] = -1 << (place & 31)
    // None is behind the end.
    places[this.#words - 1] = (places[this.#words - 1] ?? 0) & (-1 >>> (31 - (this.#path.length & 31)))
    return places
  }

  #holdsEnd(places: Uint32Array): boolean {
    return (((places[this.#words - 1] ?? 0) >>> (this.#path.length & 31)) & 1) === 1
  }

  /** One character further. @returns the first word that is not empty; -1 when all are */
  #step(places: Uint32Array, into: Uint32Array, from: number, code: number): number {
    const standing = this.#placesOf.get(code) ?? this.#find(code)
    let first = -1
    let carry = 0
    for (let i = from; i < this.#words; i++) {
      const both = (places[i] ?? 0) & (standing[i] ?? 0)
      const moved = (both << 1) | carry
      carry = both >>> 31
      into[i] = moved
      if (moved !== 0 && first < 0) first = i
    }
    return first
  }

  /** To any place from the first on. */
  #spread(places: Uint32Array, into: Uint32Array, from: number): number {
    const word = places[from] ?? 0
    this.#allFrom(into, from * wordBits + (31 - Math.clz32(word & -word)))
    return from
  }

  #find(code: number): Uint32Array {
    const places = new Uint32Array(this.#words)
    const character = String.fromCharCode(code)
    for (let at = this.#path.indexOf(character); at !== -1; at = this.#path.indexOf(character, at + 1)) {
      places[at >>> 5] = (places[at >>> 5] ?? 0) | (1 << (at & 31))
    }
    this.#placesOf.set(code, places)
    return places
  }
}
