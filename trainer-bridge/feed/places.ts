import { OrreryError } from '#schemas/errors.ts'

/** Places for what goes on for long. */
export interface Places {
  readonly taken: number
  /** One more of theirs. @returns gives it back, once @throws OrreryError `rate_limited` */
  take(owner: string, most: number): () => void
}

/** So many places, of which nobody has more than are left for all others: whoever takes what there is leaves room for the next. @param what in the plural */
export function places(what: string): Places {
  const owned = new Map<string, number>()
  let taken = 0
  return {
    get taken() {
      return taken
    },
    take(owner, most) {
      const own = owned.get(owner) ?? 0
      if (own >= most - taken) {
        const message = `There are ${taken} ${what} already, ${own} of them yours; end one of yours, or come again later.`
        throw new OrreryError('rate_limited', message, { taken, own, retry_after_seconds: 5 })
      }
      taken++
      owned.set(owner, own + 1)
      let isHeld = true
      return () => {
        if (!isHeld) return
        isHeld = false
        taken--
        const left = (owned.get(owner) ?? 1) - 1
        if (left > 0) owned.set(owner, left)
        else owned.delete(owner)
      }
    },
  }
}
