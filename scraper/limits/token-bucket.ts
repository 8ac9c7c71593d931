/**
 * Tokens that come at a steady rate and are kept for at most one second. What is taken beyond them is a debt, for what is spent is known only afterwards (the
 * bytes of an answer). Pure in the time it is given, ms, which must not fall.
 */
export class TokenBucket {
  readonly #perSecond: number
  #tokens: number
  #at: number

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond
    this.#tokens = this.#most
    this.#at = now
  }

  /** Whole tokens there are. */
  available(now: number): number {
    this.#fill(now)
    return Math.max(0, Math.floor(this.#tokens))
  }

  take(tokens: number, now: number): void {
    this.#fill(now)
    this.#tokens -= tokens
  }

  /** ms until there is a token; 0 = now. */
  waitMs(now: number): number {
    this.#fill(now)
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) * 1000) / this.#perSecond)
  }

  /** Less than a token a second must still come to one. */
  get #most(): number {
    return Math.max(1, this.#perSecond)
  }

  #fill(now: number): void {
    this.#tokens = Math.min(this.#most, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond)
    this.#at = now
  }
}
