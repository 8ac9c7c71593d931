/** A body shorter than this is never held up: a few that are long, or slow, must not keep all pages waiting. */
const freeBytes = 64 * 1024

/**
 * One budget for all bodies of a client, whatever the concurrency: on the wire, decoded, and as long as whoever asked holds on to them. While it is full no
 * body grows, save the one that began first, so that there is an end to it, and those that are short. So at no time is more held than `bytesMax`, the rest of
 * one body, and `freeBytes` (and what is on its way in the socket) of each of the others.
 */
export class BodyBudget {
  readonly #bytesMax: number
  #held = 0
  /** Those that grow still, in the order in which they began. */
  readonly #growing = new Set<HeldBody>()
  /** Somebody was told that there is no room. */
  #isAwaited = false

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Held by all bodies now. */
  get bytes(): number {
    return this.#held
  }

  /** A body that begins now. */
  open(): HeldBody {
    const body: HeldBody = new HeldBody((bytes) => this.#change(body, bytes))
    return body
  }

  #change(body: HeldBody, bytes: number): boolean {
    this.#held += bytes
    if (body.isGrowing) this.#growing.add(body)
    else this.#growing.delete(body)
    if (!body.isGrowing && this.#isAwaited) this.#look()
    const mayGrow = this.#mayGrow(body)
    this.#isAwaited ||= !mayGrow
    return mayGrow
  }

  #mayGrow(body: HeldBody): boolean {
    if (this.#held <= this.#bytesMax || body.bytes <= freeBytes) return true
    const [first] = this.#growing
    return body === first
  }

  /** Not at once: who lets go may be in the middle of reading from a socket. */
  #look(): void {
    this.#isAwaited = false
    setImmediate(() => {
      for (const body of this.#growing) {
        if (this.#mayGrow(body)) body.goOn()
        else this.#isAwaited = true
      }
    })
  }
}

/** One body, from its first byte until it is let go of. */
export class HeldBody {
  bytes = 0
  /** Whether more may come. */
  isGrowing = true
  readonly #change: (bytes: number) => boolean
  #goOn: (() => void) | undefined

  /** @param change takes note of so many bytes more or less, and says whether there is room for more */
  constructor(change: (bytes: number) => boolean) {
    this.#change = change
  }

  /** Counts bytes that have come. @returns false when no more should, until `whenRoom` says so */
  grow(bytes: number): boolean {
    if (!this.isGrowing) return true
    this.bytes += bytes
    return this.#change(bytes)
  }

  /** Calls back once, when there is room again. */
  whenRoom(goOn: () => void): void {
    this.#goOn = goOn
  }

  goOn(): void {
    const goOn = this.#goOn
    this.#goOn = undefined
    goOn?.()
  }

  /** No more comes: from now on it counts as so many bytes; 0 = it was let go of. Nobody waits for room any more. */
  settle(bytes: number): void {
    const more = bytes - this.bytes
    this.isGrowing = false
    this.bytes = bytes
    this.#goOn = undefined
    this.#change(more)
  }
}
