import { OrreryError } from '#schemas/errors.ts'
import { fmix32 } from '#schemas/fmix32.ts'
import { keyWords } from './permutation.ts'

/** Whose turn it is at each place of a period, and how many turns of that source came before it in the period. */
export interface DealtOrder {
  source: Uint16Array
  ordinal: Uint16Array
}

/** Places of a period, at most: an order is made in some ten milliseconds and kept as four bytes a place. A number with many divisors, so that many shares are whole. */
export const periodMax = 65_520
const sourcesMax = 1024

/** Tie-breaks have so many bits, a source ten. */
const tieBits = 22
const byDeadline = 2 ** 32
/** How far a turn is carried at a time, and how often all are. */
const strideMax = 16
const sweeps = 2

/**
 * Deals `counts[s]` turns to each source s so that after every place each has had its share (count ÷ places) of them, but for less than one turn: turn j of a
 * source with count c among n places lies in its window ⌊j·n/c⌋ … ⌈(j+1)·n/c⌉ − 1 (the windows of Baruah et al., "Proportionate progress", Algorithmica 15,
 * 1996). First by the earliest deadline among the turns whose window has begun, ties by chance. Then, place after place and twice over, the turn that stands
 * there is carried, one place at a time, towards a place that is drawn from its window, at most sixteen away, as long as the turns it passes stay in theirs.
 * An order without chance would deal sources to nodes that take turns: each would see a part of them only. All is whole numbers, the same in every language.
 *
 * Chance: r(i) = fmix32(fmix32(i ⊕ k_0) ⊕ k_1), k_0 and k_1 = the first little-endian words of sha256("orrery/mixing/2\n" + key). The tie of the turn that
 * becomes ready as the i-th (from 0; of those that become ready at one place, the last that was put there first) is the upper 22 bits of r(i), then the
 * source. In sweep q = 1, 2 the turn at place t of n is carried towards first + r(q·n + t) mod (last − first + 1), first and last of its window within reach.
 * @param counts whole, with a sum of 1..65,520; at most 1,024 of them
 */
export function dealTurns(counts: readonly number[], key: string): DealtOrder {
  const places = counts.reduce((sum, count) => sum + count, 0)
  if (places < 1 || places > periodMax || counts.length > sourcesMax || counts.some((count) => !Number.isInteger(count) || count < 0))
    throw new OrreryError('invalid_record', `A period of ${places} places over ${counts.length} sources cannot be dealt; make the plan anew.`, { places })
  const chance = keyedChance(key)
  const order = dealByDeadline(counts, places, chance)
  for (let sweep = 1; sweep <= sweeps; sweep++) carryInWindows(order, counts, places, (place) => chance(sweep * places + place))
  return order
}

/** For each i a whole number of 32 bits. */
function keyedChance(key: string): (i: number) => number {
  const [k0 = 0, k1 = 0] = keyWords('mixing/2', key, 2)
  return (i) => fmix32(fmix32(i ^ k0) ^ k1)
}

const releaseOf = (turn: number, count: number, places: number): number => Math.floor((turn * places) / count)
const deadlineOf = (turn: number, count: number, places: number): number => Math.ceil(((turn + 1) * places) / count) - 1

function dealByDeadline(counts: readonly number[], places: number, chance: (i: number) => number): DealtOrder {
  const order = { source: new Uint16Array(places), ordinal: new Uint16Array(places) }
  const given = new Uint32Array(counts.length)
  // Sources whose next turn becomes ready at a place: the last that was put there, and before each the one put there before it.
  const readyAt = new Int32Array(places).fill(-1)
  const before = new Int32Array(counts.length)
  const wait = (source: number, place: number): void => {
    before[source] = readyAt[place] as number
    readyAt[place] = source
  }
  for (const [source, count] of counts.entries()) if (count > 0) wait(source, 0)
  const ready = new LeastFirst(counts.length)
  for (let place = 0, draws = 0; place < places; place++) {
    for (let source = readyAt[place] as number; source >= 0; source = before[source] as number) {
      const deadline = deadlineOf(given[source] as number, counts[source] as number, places)
      ready.push(deadline * byDeadline + (chance(draws++) >>> (32 - tieBits)) * sourcesMax + source)
    }
    const source = ready.pop() % sourcesMax
    const turn = given[source] as number
    order.source[place] = source
    order.ordinal[place] = turn
    given[source] = turn + 1
    const count = counts[source] as number
    if (turn + 1 < count) wait(source, Math.max(place + 1, releaseOf(turn + 1, count, places)))
  }
  return order
}

/** Windows of one source share one place at most, so its turns stay in their order. */
function carryInWindows({ source, ordinal }: DealtOrder, counts: readonly number[], places: number, chanceAt: (place: number) => number): void {
  const countAt = (place: number): number => counts[source[place] as number] as number
  const release = (place: number): number => releaseOf(ordinal[place] as number, countAt(place), places)
  const deadline = (place: number): number => deadlineOf(ordinal[place] as number, countAt(place), places)
  for (let place = 0; place < places; place++) {
    const first = Math.max(release(place), place - strideMax)
    const last = Math.min(deadline(place), place + strideMax)
    const target = first + (chanceAt(place) % (last - first + 1))
    const [carried, turn] = [source[place] as number, ordinal[place] as number]
    let at = place
    for (; at < target && release(at + 1) <= at; at++) {
      source[at] = source[at + 1] as number
      ordinal[at] = ordinal[at + 1] as number
    }
    for (; at > target && deadline(at - 1) >= at; at--) {
      source[at] = source[at - 1] as number
      ordinal[at] = ordinal[at - 1] as number
    }
    source[at] = carried
    ordinal[at] = turn
  }
}

/** A binary heap of numbers. */
class LeastFirst {
  readonly #heap: Float64Array
  #size = 0

  constructor(sizeMax: number) {
    this.#heap = new Float64Array(sizeMax)
  }

  push(value: number): void {
    const heap = this.#heap
    let at = this.#size++
    for (let parent; at > 0 && (heap[(parent = (at - 1) >> 1)] as number) > value; at = parent) heap[at] = heap[parent] as number
    heap[at] = value
  }

  /** The least; there must be one. */
  pop(): number {
    const heap = this.#heap
    const least = heap[0] as number
    const last = heap[--this.#size] as number
    let at = 0
    for (let child; (child = 2 * at + 1) < this.#size; at = child) {
      if (child + 1 < this.#size && (heap[child + 1] as number) < (heap[child] as number)) child++
      if ((heap[child] as number) >= last) break
      heap[at] = heap[child] as number
    }
    heap[at] = last
    return least
  }
}
