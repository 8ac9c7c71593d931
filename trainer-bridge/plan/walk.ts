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

/** Places an epoch may skip in a generation: where more are deleted, it takes what was found until then. */
const skippedMax = 2 ** 16
const placesPerTurn = 4096

/** Goes along the order of a generation, and finds the windows that can be trained. */
export class Walk {
  readonly #order: WindowOrder
  readonly #mayTrain: MayTrain
  readonly #skipped: number[] = []
  /** Where the epoch begins: beyond deleted windows that come first. */
  #from: number
  #place: number
  #found = 0

  constructor(order: WindowOrder, from: number, mayTrain: MayTrain) {
    this.#order = order
    this.#mayTrain = mayTrain
    this.#from = from
    this.#place = from
  }

  /** How many there are of `wanted`. */
  async find(wanted: number): Promise<number> {
    const order = this.#order
    while (this.#found < wanted && this.#place < order.windows && this.#skipped.length < skippedMax) {
      const place = this.#place++
      const answer = this.#mayTrain(order.piecesOf(order.at(place)))
      if (typeof answer === 'boolean' ? answer : await answer) this.#found++
      else if (this.#found === 0) this.#from = this.#place
      else this.#skipped.push(place)
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
