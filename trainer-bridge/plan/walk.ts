import { setImmediate as nextTurn } from 'node:timers/promises'
import { takenPlace, type WindowOrder } from './generation.ts'

/** Asked of a window: whether it may be trained. */
export type MayTrain = (pieces: ReturnType<WindowOrder['piecesOf']>) => boolean | Promise<boolean>

/** What an epoch takes of a generation. */
export interface Taken {
  from: number
  to: number
  skipped: number[]
}

/** Places that an epoch may skip in all, as its manifest names each: where more are deleted, it takes what was found until then. */
export const skippedMax = 2 ** 17
const placesPerTurn = 4096

/** Goes along the order of a generation, and finds the windows that can be trained. */
export class Walk {
  readonly #order: WindowOrder
  readonly #mayTrain: MayTrain
  readonly #skips: { left: number }
  readonly #skipped: number[] = []
  /** Where the epoch begins: beyond deleted windows that come first. */
  #from: number
  #place: number
  #found = 0

  /** @param skips what the walks of an epoch may skip together */
  constructor(order: WindowOrder, { from, mayTrain, skips }: { from: number; mayTrain: MayTrain; skips: { left: number } }) {
    this.#order = order
    this.#skips = skips
    this.#mayTrain = mayTrain
    this.#from = from
    this.#place = from
  }

  /** How many there are of `wanted`. */
  async find(wanted: number): Promise<number> {
    const order = this.#order
    while (this.#found < wanted && this.#place < order.windows && this.#skips.left > 0) {
      const place = this.#place++
      const answer = this.#mayTrain(order.piecesOf(order.at(place)))
      if (typeof answer === 'boolean' ? answer : await answer) this.#found++
      else if (this.#found === 0) this.#from = this.#place
      else {
        this.#skipped.push(place)
        this.#skips.left--
      }
      if (place % placesPerTurn === 0) await nextTurn()
    }
    return Math.min(wanted, this.#found)
  }

  /** @param windows at most as many as were found */
  take(windows: number): Taken {
    const isEnd = this.#place === this.#order.windows && windows === this.#found
    const to = isEnd ? this.#place : windows === 0 ? this.#from : takenPlace({ from: this.#from, skipped: this.#skipped }, windows - 1) + 1
    return { from: this.#from, to, skipped: this.#skipped.filter((place) => place < to) }
  }
}
