import { OrreryError } from '#schemas/errors.ts'

/** What comes in is worked on by so many at once; so many more wait, and none of them longer than that. */
export interface AdmissionLimits {
  atOnce: number
  waiting: number
  waitMs: number
}

/** A bounded queue in front of what takes time. */
export class Admission {
  readonly #limits: AdmissionLimits
  readonly #waiting: { admit(): void; refuse(cause: unknown): void }[] = []
  #running = 0

  constructor(limits: AdmissionLimits) {
    this.#limits = limits
  }

  /** @throws OrreryError `rate_limited` (`retry_after_seconds`) when too many wait, or it waited too long; the signal's reason */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    if (this.#running >= this.#limits.atOnce) await this.#wait(signal)
    else this.#running++
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next.admit()
      else this.#running--
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.length >= this.#limits.waiting) throw this.#refusal('too many questions are waiting')
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
      }
      const place = {
        admit: () => {
          leave()
          resolve()
        },
        refuse: (cause: unknown) => {
          leave()
          this.#waiting.splice(this.#waiting.indexOf(place), 1)
          reject(cause)
        },
      }
      const timer = setTimeout(() => place.refuse(this.#refusal('the question waited too long')), this.#limits.waitMs)
      const abort = (): void => place.refuse(signal?.reason)
      signal?.addEventListener('abort', abort)
      this.#waiting.push(place)
    })
  }

  /** When to come again: the longer the queue, the later. */
  #refusal(why: string): OrreryError {
    const seconds = Math.max(1, Math.ceil(this.#limits.waitMs / 1000))
    return new OrreryError('rate_limited', `The dataset service is busy: ${why}. Ask again in ${seconds} s.`, { retry_after_seconds: seconds })
  }
}
