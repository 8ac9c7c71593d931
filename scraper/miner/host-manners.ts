import type { Http } from '#infra/net/http.ts'
import type { Clock } from '#schemas/clock.ts'
import { askedUrl, type Claim, type Frontier } from '#schemas/frontier.ts'
import { hostnameOf, hostOf } from '#schemas/identity/url-parts.ts'
import type { Exchange, Permission } from '../fetch/fetch-target.ts'
import { retryAfterMs } from '../fetch/retry-after.ts'
import { restMs, type HostMoods } from '../limits/host-rest.ts'
import type { HostPolicies } from '../robots/host-policies.ts'
import { mayFetch, type Robots } from '../robots/robots.ts'

export interface MannersOptions {
  http: Pick<Http, 'isVirtual'>
  robots: Robots
  policies: HostPolicies
  /** Of all hosts that are asked, by whomever in this process. */
  moods: HostMoods
  frontier: Frontier
  pace: Clock
  hostDelayMs: number
  responseFactor: number
  /** Hosts that were being asked when this miner was killed, with when that was found out (ms since epoch): their rest counts from there. */
  interrupted: ReadonlyMap<string, number>
  signal: AbortSignal
}

/** What a visit ended with. */
export interface Ending {
  exchange: Exchange | undefined
  permission: Permission | undefined
}

/** A host that could not give one of its files is asked again after this, unless it says when. */
const policyRetryMs = 5000

/** How a host is treated around a visit of one of its pages: what is owed to it before, and its rest after. */
export class HostManners {
  readonly #options: MannersOptions

  constructor(options: MannersOptions) {
    this.#options = options
  }

  /** True when this turn of the host is not for the page, whose claim was given back: its own files come first, and the rest that a killed miner owes. */
  async comesFirst(claim: Claim): Promise<boolean> {
    return (await this.#waitsAfterKill(claim)) || (claim.kind === 'page' && (await this.#asksHost(claim)))
  }

  note(claim: Claim, { exchange, isTrouble }: { exchange: Pick<Exchange, 'responseMs'> | undefined; isTrouble: boolean }): void {
    if (exchange && !this.#isOwn(claim)) this.#options.moods.note(hostOf(claim.url), { responseMs: exchange.responseMs, isTrouble })
  }

  /** From the end of the answer on. Hosts that this process serves need none, and neither does one that was not asked. */
  restMs(claim: Claim, { exchange, permission }: Ending): number {
    if (!exchange) return 0
    const crawlDelayMs = permission?.rules.crawlDelayMs ?? 0
    return this.#isOwn(claim) ? crawlDelayMs : restMs(this.#options.moods.of(hostOf(claim.url)), this.#options, crawlDelayMs)
  }

  #isOwn({ url }: Claim): boolean {
    return this.#options.http.isVirtual(hostnameOf(hostOf(url)))
  }

  /** Before the first page of a host: the files in which it says what may be learnt from it, each a request like any other, with the host's rest behind it. */
  async #asksHost(claim: Claim): Promise<boolean> {
    const { policies, robots, frontier, pace, signal } = this.#options
    for (;;) {
      const permission = await robots.of(askedUrl(claim), signal)
      if (permission.state === 'unreachable' || !mayFetch(permission, askedUrl(claim))) return false
      const [file] = policies.unasked(claim.url, permission.rules)
      if (file === undefined) return false
      const { trouble, ...exchange } = await policies.ask(file, signal)
      if (trouble?.reason !== 'offline') this.note(claim, { exchange, isTrouble: trouble !== undefined })
      const hostDelayMs = this.restMs(claim, { exchange, permission })
      const waitMs = Math.max(hostDelayMs, trouble ? (retryAfterMs(trouble.retryAfter, pace.now()) ?? policyRetryMs) : 0)
      if (waitMs === 0) continue
      const reason = trouble?.reason ?? 'asked_host'
      await frontier.defer(claim, { reason, until: pace.now() + waitMs, holdHost: true, hostDelayMs, address: exchange.address })
      return true
    }
  }

  /** A request that was cut off by kill -9 may have reached its host, and nobody noted the rest that it is owed. */
  async #waitsAfterKill(claim: Claim): Promise<boolean> {
    const { interrupted, robots, frontier, pace, signal, hostDelayMs } = this.#options
    const since = interrupted.get(hostOf(claim.url))
    if (since === undefined) return false
    const permission = await robots.of(askedUrl(claim), signal)
    const until = since + Math.max(hostDelayMs, permission.state === 'unreachable' ? 0 : (permission.rules.crawlDelayMs ?? 0))
    if (until <= pace.now()) return false
    await frontier.defer(claim, { reason: 'resting', until, holdHost: true })
    return true
  }
}
