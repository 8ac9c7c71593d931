import { recentValues } from '#infra/recent-values.ts'
import { pageUrl, type LinkedUrl } from '#schemas/identity/canonical-url.ts'
import { hostOf, originOf } from '#schemas/identity/url-parts.ts'
import { CookieJar } from './cookie-jar.ts'

/** A redirect as it was answered. */
export interface Redirect {
  /** undefined: no page's address. */
  to: LinkedUrl | undefined
  /** Meant for this time alone (302, 303, 307). */
  isTemporary: boolean
  setCookies: readonly string[]
}

/** What a redirect comes to: another request of this visit, or its end. */
type Turn = 'next' | { kind: 'moved'; location: string | undefined } | { kind: 'refused'; reason: 'redirect_loop' | 'too_many_redirects' }

const redirectsMax = 5

interface ChainOptions {
  /** Ms since epoch. */
  now(): number
  /** Whether another page may be asked for within this visit; absent: any may be. */
  mayAsk?: ((url: string) => boolean) | undefined
  /** Absent: any host may send back. */
  detours?: Detours | undefined
}

/**
 * The way of one visit through redirects. One to another spelling of the same page (its canonical URL stays: a session, another order of parameters) is
 * followed. One to another page is where the page has moved; but on the same host it may be a check that sets a cookie and sends back, which is found out as
 * long as the host's redirects may do so.
 */
export class RedirectChain {
  /** What is to be asked now. */
  at: string
  readonly #start: string
  readonly #options: ChainOptions
  readonly #cookies: CookieJar
  /** URL → the version of the cookies it was asked with last. */
  readonly #asked = new Map<string, number>()
  #redirects = 0
  /** Where the first redirect to another page led. */
  #elsewhere: string | undefined
  #hasLeft = false

  constructor(start: string, options: ChainOptions) {
    this.at = start
    this.#start = start
    this.#options = options
    this.#cookies = new CookieJar(() => options.now())
  }

  /** Whether `at` is the page itself, in some spelling. */
  get isAtPage(): boolean {
    return !this.#hasLeft || pageUrl(this.at) === pageUrl(this.#start)
  }

  /** Of the next request. */
  get headers(): Record<string, string> {
    const cookie = this.#cookies.headerFor(this.at)
    return cookie === undefined ? {} : { cookie }
  }

  /** What the page is when it is not to be had: somewhere else, if the chain ever led there. */
  get moved(): { kind: 'moved'; location: string } | undefined {
    return this.#elsewhere === undefined ? undefined : { kind: 'moved', location: this.#elsewhere }
  }

  /** `at` answered with this redirect. */
  turn({ to, isTemporary, setCookies }: Redirect): Turn {
    const before = this.#cookies.version
    this.#asked.set(this.at, before)
    this.#cookies.take(setCookies, this.at)
    if (!to) return this.moved ?? { kind: 'moved', location: undefined }
    const next = to.asked ?? to.url
    const isElsewhere = to.url !== pageUrl(this.#start)
    if (isElsewhere) {
      this.#elsewhere ??= next
      const mayComeBack = (isTemporary || this.#cookies.version > before) && originOf(next) === originOf(this.at)
      if (!mayComeBack || !this.#mayLeaveFor(to.url)) return { kind: 'moved', location: this.#elsewhere }
    }
    // With other cookies the answer may be another.
    if (this.#asked.get(next) === this.#cookies.version) return this.moved ?? { kind: 'refused', reason: 'redirect_loop' }
    if (++this.#redirects > redirectsMax) return this.moved ?? { kind: 'refused', reason: 'too_many_redirects' }
    this.#hasLeft ||= isElsewhere
    this.at = next
    return 'next'
  }

  /** The chain is at its end: whether it came back is remembered of its host. */
  end(): void {
    if (this.#hasLeft) this.#options.detours?.note(hostOf(this.at), this.isAtPage)
  }

  #mayLeaveFor(url: string): boolean {
    const { mayAsk, detours } = this.#options
    return mayAsk?.(url) !== false && detours?.isInVain(hostOf(url)) !== true
  }
}

/** Detours of a host that led elsewhere before no more are made there. */
const vainMax = 2
const bytesMax = 2 ** 20

/** Which hosts send back what they sent away, and which do not: those are not asked twice for the pages that they send on to. */
export class Detours {
  /** Host → detours in vain since the last that led back. */
  readonly #inVain = recentValues<string, number>({ bytesMax })

  isInVain(host: string): boolean {
    return (this.#inVain.get(host) ?? 0) >= vainMax
  }

  note(host: string, ledBack: boolean): void {
    this.#inVain.keep(host, ledBack ? 0 : (this.#inVain.get(host) ?? 0) + 1)
  }
}
