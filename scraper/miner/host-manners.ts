import type { Http } from '#infra/net/http.ts'
import type { Clock } from '#schemas/clock.ts'
import { askedUrl, type Claim, type Frontier } from '#schemas/frontier.ts'
import type { HostTurn, HostTurns } from '#schemas/host-turns.ts'
import { hostnameOf, hostOf } from '#schemas/identity/url-parts.ts'
import type { Exchange, Permission } from '../fetch/fetch-target.ts'
import { hostRests, type HostMoods, type HostRests } from '../limits/host-rest.ts'
import { fileAsker, type FileServices } from '../robots/file-asker.ts'
import { askNobody } from '../robots/host-file.ts'
import type { HostPolicies } from '../robots/host-policies.ts'
import { crawlDelayOf, mayFetch, type HostRobots, type Robots } from '../robots/robots.ts'

export interface MannersOptions {
  http: Http
  robots: Robots
  policies: HostPolicies
  /** Of all hosts that are asked, by whomever in this process. */
  moods: HostMoods
  frontier: Frontier & HostTurns
  pace: Clock
  hostDelayMs: number
  responseFactor: number
  /** Longest a visit may take: a claim with less than that left is given back, and a turn at another host is over by itself. */
  visitMs: number
  /** What nobody may fetch; absent: anything may be. */
  blocks?: (url: string) => boolean
  /** Hosts that were being asked when this miner was killed, with when that was found out (ms since epoch): their rest counts from there. */
  interrupted: ReadonlyMap<string, number>
  signal: AbortSignal
}

/** What a visit ended with. */
export interface Ending {
  exchange: Exchange | undefined
  permission: Permission | undefined
}

/** A turn that begins so soon (ms) is waited for: whoever lends hosts may look at the clock a little later. */
const soonMs = 20
/** The turn of another host, to which a file of this one was redirected, is waited for as long, ms: it may be asked all the time, and never be free by itself. */
const otherTurnMs = 10_000
/** By so many visits at a time: whoever leads thousands of hosts to one must not hold up everything else. */
const waitingMax = 4

/** How a host is treated around a visit of one of its pages: what is owed to it before, and its rest after. */
export class HostManners {
  readonly #options: MannersOptions
  readonly #files: FileServices
  readonly #restMs: HostRests
  /** Claims whose visits wait for the turn of another host. */
  readonly #waiting = new Set<Claim>()

  constructor(options: MannersOptions) {
    const { http, frontier, moods, blocks = () => false } = options
    this.#options = options
    this.#restMs = hostRests(moods, options, http.isVirtual)
    this.#files = {
      ...options,
      turns: frontier,
      turnMs: options.visitMs,
      restMs: this.#restMs,
      mayAsk: (url) => !blocks(url),
    }
  }

  /**
   * What the claim's host asks of us, once this turn of the host is for the claim. Undefined when it is not, and the claim was given back: another host at its
   * address is asked or rests, its own files come first, one request a turn, or a killed miner owes it a rest.
   */
  async permission(claim: Claim): Promise<HostRobots | undefined> {
    if ((await this.#waitsAfterKill(claim)) || !(await this.#isAddressFree(claim))) return undefined
    try {
      return await this.#fromFiles(claim)
    } finally {
      this.#waiting.delete(claim)
    }
  }

  async #fromFiles(claim: Claim): Promise<HostRobots | undefined> {
    const { robots, policies, frontier, pace, signal } = this.#options
    const isOther = (url: string) => hostOf(url) !== hostOf(claim.url)
    const services = { ...this.#files, isFree: (url: string) => isOther(url) && this.#isOwn(url) }
    let mayWait = true
    const latest = (url: string): number => {
      const waits = isOther(url) && mayWait && this.#mayWait(claim)
      // Once a visit: it has a deadline of its own.
      if (waits) mayWait = false
      return pace.now() + (waits ? otherTurnMs : soonMs)
    }
    const asker = fileAsker(services, { page: claim.url, latest, signal, turn: ownTurn(claim, pace) })
    const permission = await robots.read(askedUrl(claim), asker.robots)
    // Then nothing more is asked, and the host has been given its rest.
    if (permission?.state === 'unreachable' || (permission && !mayFetch(permission, askedUrl(claim)))) return permission
    const isKnown = permission && (claim.kind !== 'page' || (await policies.read(claim.url, permission.rules, asker.file)))
    if (isKnown && asker.againAt === undefined) return permission
    await frontier.defer(claim, { reason: 'asked_host', until: asker.againAt ?? pace.now(), holdHost: true })
    return undefined
  }

  #mayWait(claim: Claim): boolean {
    if (this.#waiting.size < waitingMax) this.#waiting.add(claim)
    return this.#waiting.has(claim)
  }

  async note(claim: Claim, { exchange, isTrouble }: { exchange: Pick<Exchange, 'responseMs'> | undefined; isTrouble: boolean }): Promise<void> {
    if (exchange && !this.#isOwn(claim.url)) await this.#options.moods.note(hostOf(claim.url), { responseMs: exchange.responseMs, isTrouble })
  }

  /** From the end of the answer on. Hosts that this process serves need none, and neither does one that was not asked. */
  async restMs(claim: Claim, { exchange, permission }: Ending): Promise<number> {
    return exchange ? this.#restMs(hostOf(claim.url), crawlDelayOf(permission)) : 0
  }

  #isOwn(url: string): boolean {
    return this.#options.http.isVirtual(hostnameOf(hostOf(url)))
  }

  /** Hosts at one address are asked one thing at a time, from the first request on. False: the claim was given back. */
  async #isAddressFree(claim: Claim): Promise<boolean> {
    const { http, frontier, signal } = this.#options
    const address = await http.addressOf(claim.url, signal)
    return address === undefined || address === claim.address || frontier.locate(claim, address)
  }

  /** A request that was cut off by kill -9 may have reached its host, and nobody noted the rest that it is owed. */
  async #waitsAfterKill(claim: Claim): Promise<boolean> {
    const { interrupted, robots, frontier, pace, hostDelayMs } = this.#options
    const since = interrupted.get(hostOf(claim.url))
    if (since === undefined) return false
    const until = since + Math.max(hostDelayMs, crawlDelayOf(await robots.read(askedUrl(claim), askNobody)))
    if (until <= pace.now()) return false
    await frontier.defer(claim, { reason: 'resting', until, holdHost: true })
    return true
  }
}

/** The host is lent for its page. */
const ownTurn = ({ url }: Claim, pace: Clock): HostTurn => ({ url, page: url, startsAt: pace.now(), isWithin: true })
