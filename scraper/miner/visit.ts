import { inspect } from 'node:util'
import { storeFailure } from '#infra/store/failure.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Claim, Frontier, Visit } from '#schemas/frontier.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { fetchTarget, type Exchange, type FetchOutcome, type FetchServices, type Permission, type ReadOutcome } from '../fetch/fetch-target.ts'
import { retryAfterMs } from '../fetch/retry-after.ts'
import { retryAfterTrouble } from '../fetch/retry.ts'
import type { HostPolicies } from '../robots/host-policies.ts'
import { mayFetch } from '../robots/robots.ts'
import { rememberKept } from '../freshness/page-history.ts'
import { noFinds, type Found } from '../source/found.ts'
import { restMs, type HostMoods } from '../limits/host-rest.ts'
import type { KeepPage } from './keep-document.ts'
import type { Rejects } from './rejects.ts'
import type { Remember } from '../revisit/revisit.ts'
import type { Targets } from '../discovery/targets.ts'
import { releaseClaim } from './work.ts'

export interface VisitorOptions extends FetchServices {
  policies: HostPolicies
  /** Of all hosts that are asked, by whomever in this process. */
  moods: HostMoods
  frontier: Frontier
  rejects: Pick<Rejects, 'add'>
  telemetry: Telemetry
  targets: Targets
  keep: KeepPage
  remember: Remember
  hostDelayMs: number
  responseFactor: number
  /** Longest a visit may take: a claim with less than that left is given back. */
  visitMs: number
  /** Hosts that were being asked when this miner was killed, with when that was found out (ms since epoch): their rest counts from there. */
  interrupted: ReadonlyMap<string, number>
  /** Told of each visit that has ended. */
  onVisit(claim: Claim, outcome: Visit['outcome'], wireBytes: number): void
  /** What nobody may fetch; absent: anything may be. */
  blocks?: (url: string) => boolean
  signal: AbortSignal
}

/**
 * Visits one claim and ends it: fetch, find, keep, in that order. What the page links to and the document itself are durable before the frontier hears that
 * the visit is done, so a crash in between costs a second visit and nothing else. Aborted, it gives the claim back.
 *
 * Whatever goes wrong in a visit ends that visit alone, as `failed: internal`. @throws OrreryError of a store that cannot be written, which ends the crawl
 */
export function claimVisitor(options: VisitorOptions): (claim: Claim) => Promise<void> {
  const visitor = new Visitor(options)
  return async (claim) => {
    try {
      if (claim.expiresAt - options.pace.now() < options.visitMs) await releaseClaim(options.frontier, claim, options.pace)
      else if ((await within(options.visitMs, visitor.visit(claim))) === 'late') tellLate(options, claim)
    } catch (error) {
      if (options.signal.aborted) await releaseClaim(options.frontier, claim, options.pace)
      else if (isLeaseLost(error)) options.telemetry.count('crawl.leases_lost')
      else await endFailed(options, visitor, claim, error)
    }
  }
}

const isLeaseLost = (error: unknown): boolean => error instanceof OrreryError && error.code === 'lease_lost'

/** The page is asked for again, later: what it met may be mended by then, its own or ours. */
async function endFailed(options: VisitorOptions, visitor: Visitor, claim: Claim, error: unknown): Promise<void> {
  const failure = storeFailure(error)
  if (failure) throw failure
  const { url, kind } = claim
  options.telemetry.count('crawl.visits_failed')
  options.telemetry.event('crawl.visit_failed', { url, kind, error: stackOf(error) })
  try {
    await visitor.fail(claim)
  } catch (ending) {
    if (!isLeaseLost(ending)) throw storeFailure(ending) ?? ending
    options.telemetry.count('crawl.leases_lost')
  }
}

const stackChars = 4000

/** Bounded, and sure to be had: what was thrown may be anything. */
function stackOf(error: unknown): string {
  const text = error instanceof Error ? error.stack : inspect(error, { depth: 0 })
  return String(text).slice(0, stackChars).toWellFormed()
}

/** A visit has deadlines of its own; one that outlives them all must not keep the crawl from its end. Its claim comes back by its lease. */
async function within(ms: number, work: Promise<void>): Promise<'late' | void> {
  const { promise, resolve } = Promise.withResolvers<'late'>()
  const timer = setTimeout(resolve, ms, 'late')
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
    // Nobody listens to it any more when it was late.
    work.catch(() => undefined)
  }
}

function tellLate({ telemetry }: VisitorOptions, { url, kind }: Claim): void {
  telemetry.count('crawl.visits_late')
  telemetry.event('crawl.visit_late', { url, kind })
}

/** What a visit ended with. */
interface Ending {
  exchange: Exchange | undefined
  permission: Permission | undefined
}

/** Nobody was asked. */
const blocked = { reason: 'blocked', exchange: undefined, permission: undefined }

type Trouble = Extract<FetchOutcome, { kind: 'trouble' }>

class Visitor {
  readonly #options: VisitorOptions
  readonly #moods: HostMoods
  /** URL → turns of it that went to its host's own files: no attempts at the page. */
  readonly #excused = new Map<string, number>()

  constructor(options: VisitorOptions) {
    this.#options = options
    this.#moods = options.moods
  }

  async visit(claim: Claim): Promise<void> {
    const { signal, blocks } = this.#options
    if (blocks?.(claim.url)) return this.#giveUp(claim, blocked, 'fetch')
    if (await this.#waitsAfterKill(claim)) return
    if (claim.kind === 'page' && (await this.#asksHost(claim))) return
    const outcome = await fetchTarget(claim, claim.previous, this.#options, signal)
    this.#noteMood(claim, outcome)
    switch (outcome.kind) {
      case 'read':
        return this.#read(claim, outcome)
      case 'unchanged':
        return this.#unchanged(claim, outcome)
      case 'moved':
        return this.#moved(claim, outcome)
      case 'refused':
        await this.#addFound(claim, noFinds, outcome.permission)
        return this.#giveUp(claim, outcome, 'fetch')
      case 'trouble':
        return this.#trouble(claim, outcome)
    }
  }

  /** Ends a visit that met something nobody thought of. */
  async fail(claim: Claim): Promise<void> {
    const { frontier, pace, robots, onVisit } = this.#options
    await this.#reject(claim, 'internal', 'visit')
    const known = await robots.of(claim.url).catch(() => undefined)
    const hostDelayMs = this.#restMs(claim, { exchange: notTimed, permission: known?.state === 'unreachable' ? undefined : known })
    await frontier.done(claim, { outcome: 'failed', reason: 'internal', revisitAt: pace.now() + internalRetryMs, hostDelayMs })
    this.#excused.delete(claim.url)
    onVisit(claim, 'failed', 0)
  }

  async #read(claim: Claim, outcome: ReadOutcome): Promise<void> {
    const { keep, remember, policies, signal } = this.#options
    const { isChanged, ...remembered } = remember(claim, outcome.fetched)
    // While the document is made; the visit is not done before what it leads to is durable.
    const adding = this.#addFound(claim, outcome.found, outcome.permission)
    adding.catch(() => undefined)
    const isNew = isChanged || !claim.previous
    const { found, kept, ...result }: Awaited<ReturnType<KeepPage>> = !outcome.isPage
      ? { outcome: 'stored' }
      : isNew
        ? await keep(claim, { ...outcome, policy: policies.of(claim.url) }, signal)
        : { outcome: 'unchanged' }
    if (found) await this.#addFound(claim, found, outcome.permission)
    if (result.outcome === 'rejected') await this.#reject(claim, result.reason, 'extract')
    await adding
    const memory = rememberKept(remembered.memory, kept)
    await this.#finish(claim, result.outcome === 'rejected' ? result : { ...remembered, memory, ...result }, outcome)
  }

  async #unchanged(claim: Claim, outcome: Extract<FetchOutcome, { kind: 'unchanged' }>): Promise<void> {
    const { isChanged: _, ...kept } = this.#options.remember(claim, { headers: outcome.headers, body: undefined })
    await this.#addFound(claim, noFinds, outcome.permission)
    await this.#finish(claim, { outcome: 'unchanged', ...kept }, outcome)
  }

  async #moved(claim: Claim, outcome: Extract<FetchOutcome, { kind: 'moved' }>): Promise<void> {
    const { location } = outcome
    const found = location === undefined ? noFinds : { ...noFinds, [`${claim.kind}s` as const]: [{ url: location }] }
    await this.#addFound(claim, found, outcome.permission)
    await this.#reject(claim, 'redirected', 'fetch', { location: location ?? null })
    await this.#finish(claim, { outcome: 'rejected', reason: 'redirected' }, outcome)
  }

  async #trouble(claim: Claim, outcome: Trouble): Promise<void> {
    const { frontier, telemetry, pace } = this.#options
    const retry = retryAfterTrouble(outcome.reason, claim.attempt - (this.#excused.get(claim.url) ?? 0), outcome.retryAfterMs)
    if (!retry.retry) return this.#giveUp(claim, outcome, 'fetch')
    if (outcome.permission) await this.#addFound(claim, noFinds, outcome.permission)
    telemetry.count('crawl.deferred', 1, { reason: outcome.reason })
    const hostDelayMs = this.#restMs(claim, outcome)
    const until = pace.now() + Math.max(Math.ceil(retry.inMs), hostDelayMs)
    await frontier.defer(claim, { reason: outcome.reason, until, holdHost: outcome.holdHost, hostDelayMs, address: outcome.exchange?.address })
  }

  async #giveUp(claim: Claim, outcome: Ending & { reason: string }, stage: string): Promise<void> {
    await this.#reject(claim, outcome.reason, stage)
    await this.#finish(claim, { outcome: 'failed', reason: outcome.reason }, outcome)
  }

  /** Whatever was asked of a host, the sitemaps its robots.txt names become known with it. */
  async #addFound(claim: Claim, found: Found, { rules }: Permission): Promise<void> {
    const { targets, frontier, rejects } = this.#options
    const named = rules.sitemaps.length === 0 ? found : { ...found, sitemaps: [...found.sitemaps, ...rules.sitemaps.map((url) => ({ url }))] }
    const wanted = targets.found(named, claim)
    try {
      if (wanted.targets.length > 0) await frontier.add(wanted.targets)
    } catch (error) {
      targets.forget()
      throw error
    }
    for (const { url, reason } of wanted.trapped) await rejects.add({ subject: url, reason, stage: 'find', details: { from: claim.url } })
  }

  async #reject({ url, label }: Claim, reason: string, stage: string, details: Record<string, unknown> = {}): Promise<void> {
    await this.#options.rejects.add({ subject: url, reason, stage, details: { label, ...details } })
  }

  async #finish(claim: Claim, visit: Omit<Visit, 'hostDelayMs' | 'address'>, outcome: Ending): Promise<void> {
    const { exchange } = outcome
    this.#excused.delete(claim.url)
    await this.#options.frontier.done(claim, { ...visit, address: exchange?.address, hostDelayMs: this.#restMs(claim, outcome) })
    this.#options.onVisit(claim, visit.outcome, exchange?.wireBytes ?? 0)
  }

  #noteMood(claim: Claim, { kind, exchange }: FetchOutcome): void {
    if (exchange && !this.#isOwn(claim)) this.#moods.note(hostOf(claim.url), { responseMs: exchange.responseMs, isTrouble: kind === 'trouble' })
  }

  /** From the end of the answer on. Hosts that this process serves need none, and neither does one that was not asked. */
  #restMs(claim: Claim, { exchange, permission }: Ending): number {
    if (!exchange) return 0
    const crawlDelayMs = permission?.rules.crawlDelayMs ?? 0
    return this.#isOwn(claim) ? crawlDelayMs : restMs(this.#moods.of(hostOf(claim.url)), this.#options, crawlDelayMs)
  }

  #isOwn({ url }: Claim): boolean {
    return this.#options.http.isVirtual(hostOf(url).replace(/:\d+$/, ''))
  }

  /**
   * Before the first page of a host: the files in which it says what may be learnt from it, each a request like any other, with the host's rest behind it.
   * True when this turn of the host went to one of them.
   */
  async #asksHost(claim: Claim): Promise<boolean> {
    const { policies, robots, frontier, pace, signal } = this.#options
    for (;;) {
      const permission = await robots.of(claim.url, signal)
      if (permission.state === 'unreachable' || !mayFetch(permission, claim.url)) return false
      const [file] = policies.unasked(claim.url, permission.rules)
      if (file === undefined) return false
      const { trouble, ...exchange } = await policies.ask(file, signal)
      if (!this.#isOwn(claim)) this.#moods.note(hostOf(claim.url), { responseMs: exchange.responseMs, isTrouble: trouble !== undefined })
      const hostDelayMs = this.#restMs(claim, { exchange, permission })
      const waitMs = Math.max(hostDelayMs, trouble ? (retryAfterMs(trouble.retryAfter, pace.now()) ?? policyRetryMs) : 0)
      if (waitMs === 0) continue
      this.#excused.set(claim.url, (this.#excused.get(claim.url) ?? 0) + 1)
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
    const permission = await robots.of(claim.url, signal)
    const until = since + Math.max(hostDelayMs, permission.state === 'unreachable' ? 0 : (permission.rules.crawlDelayMs ?? 0))
    if (until <= pace.now()) return false
    await frontier.defer(claim, { reason: 'resting', until, holdHost: true })
    return true
  }
}

/** A page whose visit threw is asked again after this. */
const internalRetryMs = 3_600_000

/** The host was asked, nobody knows for how long. */
const notTimed: Exchange = { address: undefined, responseMs: 0, wireBytes: 0 }

/** A host that could not give one of its files is asked again after this, unless it says when. */
const policyRetryMs = 5000

/** Host name and port of a canonical URL. */
const hostOf = (url: string): string => url.slice(url.indexOf('//') + 2, url.indexOf('/', 8))
