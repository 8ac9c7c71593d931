import type { Egress } from './egress.ts'
import { HttpTrouble } from './http-failure.ts'

/** The URLs of one call: each is admitted, none twice, and not too many. */
export class Hops {
  /** The newest, as it was written when it could not be admitted. */
  at = ''
  readonly #egress: Egress
  readonly #redirectsMax: number
  readonly #visited: string[] = []
  #url: URL | undefined

  constructor(egress: Egress, redirectsMax: number) {
    this.#egress = egress
    this.#redirectsMax = redirectsMax
  }

  get begun(): boolean {
    return this.#url !== undefined
  }

  get url(): URL {
    if (!this.#url) throw new HttpTrouble('bad_url')
    return this.#url
  }

  /** @throws HttpTrouble `redirect_loop`, `too_many_redirects`, and what the egress rule says */
  enter(text: string): void {
    this.at = text
    const url = this.#egress.admit(text)
    url.hash = ''
    this.at = url.href
    if (this.#visited.includes(url.href)) throw new HttpTrouble('redirect_loop')
    if (this.#visited.length > this.#redirectsMax) throw new HttpTrouble('too_many_redirects')
    this.#visited.push(url.href)
    this.#url = url
  }
}
