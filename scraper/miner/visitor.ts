import { setImmediate } from 'node:timers/promises'
import type { Clock } from '#schemas/clock.ts'
import { askedUrl, type Added, type Claim, type Target, type Visit } from '#schemas/frontier.ts'
import { linkedUrl } from '#schemas/identity/canonical-url.ts'
import type { Reject, Telemetry } from '#schemas/stage.ts'
import { fetchTarget, type Exchange, type FetchOutcome, type FetchServices, type Permission, type ReadOutcome } from '../fetch/fetch-target.ts'
import { Detours } from '../fetch/redirect-chain.ts'
import { retryAfterTrouble } from '../fetch/retry.ts'
import type { Lastmods } from '../discovery/lastmods.ts'
import type { Experience } from '../discovery/experience.ts'
import { followed, learn, putOffMs, sameBytes } from '../discovery/lessons.ts'
import { priorities } from '../discovery/priority.ts'
import type { Targets } from '../discovery/targets.ts'
import type { Uplink } from '../limits/uplink.ts'
import { answerDigest, listDigest, textDigest, wordDigest } from '../revisit/digests.ts'
import { stands } from '../revisit/ending.ts'
import type { Reading, Revisits } from '../revisit/revisit.ts'
import { askNobody } from '../robots/host-file.ts'
import { readPageRobots } from '../robots/page-robots.ts'
import type { HostRobots } from '../robots/robots.ts'
import { hostWord, pageRights, rightsRefusal } from '../robots/rights.ts'
import { noFinds, partsOf, type Found } from '../source/found.ts'
import { HostManners, type Ending, type MannersOptions } from './host-manners.ts'
import type { KeepPage, Kept, Withdraw } from './keep-document.ts'
import type { Rejects } from '../rejects/rejects.ts'
import type { SeedBook } from '../seeds/seed-book.ts'

export interface VisitorOptions extends Omit<FetchServices, 'robots'>, Omit<MannersOptions, 'http' | 'pace'> {
  rejects: Pick<Rejects, 'add'>
  telemetry: Telemetry
  targets: Targets
  experience: Pick<Experience, 'contents' | 'shapes'>
  lastmods: Pick<Lastmods, 'recall' | 'believes'>
  keep: KeepPage
  withdraw: Withdraw
  revisits: Revisits
  uplink: Pick<Uplink, 'isDown'>
  /** Told how each visit ended. */
  seeds: Pick<SeedBook, 'note'>
  /** Stamps documents. */
  facts: Clock
  /** Obey what an owner reserves, too. */
  obeyRights: boolean
  /** Told of each visit that has ended. */
  onVisit(claim: Claim, outcome: Visit['outcome'], wireBytes: number): void
  /** What its job leaves out by now; absent: nothing. */
  excludes?: (url: string) => boolean
}

type Trouble = Extract<FetchOutcome, { kind: 'trouble' }>
type NotChanged = Extract<FetchOutcome, { kind: 'unchanged' }>
type Moved = Extract<FetchOutcome, { kind: 'moved' }>
/** What is told of a reject beside its page and its reason. */
type Told = Omit<Reject, 'subject' | 'reason'>

/** Of a sitemap's 50,000, so that none of them holds up everything else. */
const findsAtOnce = 500
/** Nobody was asked. */
const noRequest: Ending = { exchange: undefined, permission: undefined }
/** The host was asked, nobody knows for how long. */
const notTimed: Exchange = { address: undefined, responseMs: 0, wireBytes: 0 }
/** A claim that met our own trouble is not the next to be tried. */
const offlineMs = 1000

const pageAt = ({ location }: Moved) => (location === undefined ? undefined : linkedUrl(location))

/** One visit: fetch, find, keep; and what each way to end it means for the page (scraper/revisit). */
export class Visitor {
  readonly #options: VisitorOptions
  readonly #manners: HostManners
  readonly #detours = new Detours()

  constructor(options: VisitorOptions) {
    this.#options = options
    this.#manners = new HostManners(options)
  }

  async visit(claim: Claim): Promise<void> {
    using hold = new DisposableStack()
    await this.#visit(claim, hold)
  }

  /** @param hold as long as the visit lasts */
  async #visit(claim: Claim, hold: DisposableStack): Promise<void> {
    const { signal, blocks, excludes, revisits, uplink, seeds } = this.#options
    const barred = blocks?.(claim.url) ? 'blocked' : claim.kind === 'page' && excludes?.(claim.url) ? 'excluded' : undefined
    if (barred !== undefined) {
      seeds.note(claim.url, { kind: 'refused', reason: barred })
      return this.#giveUp(claim, 'failed', barred, noRequest)
    }
    if (await this.#putOff(claim)) return
    const permission = await this.#manners.permission(claim)
    if (!permission) return
    await this.#options.lastmods.recall([claim.url])
    const word = await this.#wordOf(claim, permission)
    const outcome = await fetchTarget(claim, revisits.conditions(claim, word), this.#fetchServices(claim, permission), signal, hold)
    if (outcome.kind === 'trouble' && uplink.isDown()) return this.#giveBack(claim, outcome)
    await this.#manners.note(claim, { exchange: outcome.exchange, isTrouble: outcome.kind === 'trouble' })
    // What is read may still be rejected.
    if (outcome.kind !== 'read') seeds.note(claim.url, outcome.kind === 'moved' ? { ...outcome, location: pageAt(outcome)?.url } : outcome)
    switch (outcome.kind) {
      case 'read':
        return this.#read(claim, outcome, word)
      case 'unchanged':
        return this.#unchanged(claim, outcome, word)
      case 'moved':
        return this.#moved(claim, outcome)
      case 'refused':
        if (outcome.exchange) learn(claim, {}, [], this.#options.experience)
        if (outcome.permission) await this.#addFound(claim, noFinds, outcome.permission)
        return this.#giveUp(claim, 'failed', outcome.reason, outcome)
      case 'trouble':
        return this.#trouble(claim, outcome)
    }
  }

  /** Ends a visit that met something nobody thought of. */
  async fail(claim: Claim): Promise<void> {
    this.#options.seeds.note(claim.url, { kind: 'refused', reason: 'internal' })
    const known = await this.#options.robots.read(askedUrl(claim), askNobody).catch(() => undefined)
    await this.#giveUp(claim, 'failed', 'internal', { exchange: notTimed, permission: known?.state === 'unreachable' ? undefined : known }, { stage: 'visit' })
  }

  async #read(claim: Claim, outcome: ReadOutcome, word: string | undefined): Promise<void> {
    const { seeds, experience } = this.#options
    const { fetched, permission } = outcome
    const made = outcome.isPage ? await this.#document(claim, outcome, word) : this.#list(claim, outcome)
    const found = followed(claim, outcome.found, made, experience)
    const led: string[] = []
    const added = await this.#addFound(claim, found, permission, led)
    const shown = made.found ? await this.#addFound(claim, made.found, permission, led) : 0
    learn(claim, made, led, experience)
    seeds.note(claim.url, made.outcome === 'unchanged' ? { kind: 'unchanged' } : { ...outcome, rejection: made.refusal })
    await this.#afterReading(claim, { ...made, headers: fetched.headers, hasNews: added + shown > 0, word }, outcome)
  }

  /** A page whose answer is the one that is stored is not read again, nor is one whose answer its host has sent for another. */
  async #document(claim: Claim, outcome: ReadOutcome, word: string | undefined): Promise<Kept & Pick<Reading, 'answer'>> {
    const { keep, revisits, policies, experience, signal } = this.#options
    const answer = answerDigest(outcome.fetched)
    if (revisits.isSameAnswer(claim, answer, word)) return { outcome: 'unchanged', content: undefined, answer }
    if (experience.contents.isSent(claim, answer)) return { outcome: 'rejected', refusal: sameBytes, content: textDigest(`${sameBytes} ${answer}`) }
    const kept = await keep(claim, { ...outcome, policy: await policies.of(claim.url) }, signal)
    // What a browser has filled may be filled otherwise next time, and a date passes by itself.
    const isWhole = kept.found === undefined && kept.goodUntil === undefined
    if (isWhole && !kept.needsBrowser) experience.contents.noteSent(claim, answer)
    return { ...kept, answer: isWhole ? answer : undefined }
  }

  /** True when the claim was given back unasked. */
  async #putOff(claim: Claim): Promise<boolean> {
    const { experience, frontier, rejects, pace } = this.#options
    const ms = putOffMs(claim, experience)
    if (ms === undefined) return false
    await rejects.add({ subject: claim.url, reason: 'trap_no_news', stage: 'find', details: { label: claim.label } })
    await frontier.defer(claim, { reason: 'trap_no_news', until: pace.now() + ms, holdHost: false })
    return true
  }

  /** What is there for its links alone: another list is another version of it. Where a document stood, there is none any more. */
  #list(
    claim: Claim,
    outcome: ReadOutcome,
  ): Pick<Reading, 'content' | 'answer' | 'refusal'> & Partial<Record<'outcome' | 'found' | 'isLikeAnother', undefined>> {
    const content = listDigest(outcome.found, this.#options.lastmods.believes(claim.url))
    return { content, answer: answerDigest(outcome.fetched), refusal: claim.kind === 'page' && stands(claim.previous) ? 'no_text' : undefined }
  }

  async #unchanged(claim: Claim, outcome: NotChanged, word: string | undefined): Promise<void> {
    const hasNews = (await this.#addFound(claim, noFinds, outcome.permission)) > 0
    const { headers } = outcome
    const refusal = claim.kind === 'page' ? await this.#refusalOf(claim, outcome) : undefined
    const content = undefined
    await this.#afterReading(claim, { outcome: 'unchanged', headers, content, hasNews, word, refusal }, outcome)
  }

  async #afterReading(claim: Claim, { outcome, refused, ...reading }: Reading & Partial<Kept>, ending: Ending): Promise<void> {
    const { isChanged, ...after } = this.#options.revisits.afterReading(claim, reading)
    const { refusal } = reading
    if (refusal !== undefined) {
      const { document, ...scores } = refused ?? {}
      return this.#refuse(claim, { outcome: 'rejected', reason: refusal, ...after }, ending, { stage: 'extract', details: scores, document })
    }
    await this.#finish(claim, { outcome: outcome ?? (isChanged ? 'stored' : 'unchanged'), ...after }, ending)
  }

  async #moved(claim: Claim, outcome: Moved): Promise<void> {
    const { location } = outcome
    const page = pageAt(outcome)
    const found = page ? { ...noFinds, [`${claim.kind}s` as const]: [page] } : noFinds
    // Where a seed lies now is as good as the seed.
    const at = claim.priority >= priorities.seed ? { ...claim, depth: -1 } : claim
    const led: string[] = []
    await this.#addFound(at, found, outcome.permission, led)
    learn(claim, {}, led, this.#options.experience)
    await this.#giveUp(claim, 'rejected', 'redirected', outcome, { stage: 'fetch', details: { location: location ?? null } })
  }

  /** Between two requests of a chain of redirects the host rests as after any. */
  #fetchServices(claim: Claim, permission: HostRobots): FetchServices {
    const { blocks, excludes } = this.#options
    return {
      ...this.#options,
      // No redirect within a visit leaves its origin.
      robots: { of: async () => permission },
      detours: this.#detours,
      mayAsk: (url) => !blocks?.(url) && !excludes?.(url),
      restMs: async (ending) => {
        await this.#manners.note(claim, { ...ending, isTrouble: false })
        return this.#manners.restMs(claim, ending)
      },
    }
  }

  async #trouble(claim: Claim, outcome: Trouble): Promise<void> {
    const { frontier, telemetry, pace } = this.#options
    const kind = outcome.permission ? outcome.reason : 'robots_unreachable'
    const retry = retryAfterTrouble(kind, claim.attempt, outcome.retryAfterMs)
    if (!retry.retry) return this.#giveUp(claim, 'failed', outcome.reason, outcome)
    if (outcome.permission) await this.#addFound(claim, noFinds, outcome.permission)
    telemetry.count('crawl.deferred', 1, { reason: outcome.reason })
    const hostDelayMs = await this.#manners.restMs(claim, outcome)
    const until = pace.now() + Math.max(Math.ceil(retry.inMs), hostDelayMs)
    const { reason, holdHost, exchange } = outcome
    await frontier.defer(claim, { reason, until, isTry: true, holdHost, hostDelayMs, address: exchange?.address })
  }

  /** It is our own way that is gone: no try of the page, and no strain of its host. */
  async #giveBack(claim: Claim, outcome: Trouble): Promise<void> {
    const { frontier, telemetry, pace } = this.#options
    telemetry.count('crawl.deferred', 1, { reason: 'offline' })
    const hostDelayMs = await this.#manners.restMs(claim, outcome)
    await frontier.defer(claim, { reason: 'offline', until: pace.now() + Math.max(offlineMs, hostDelayMs), holdHost: true, hostDelayMs })
  }

  async #giveUp(claim: Claim, outcome: 'failed' | 'rejected', reason: string, ending: Ending, told: Told = { stage: 'fetch' }): Promise<void> {
    await this.#refuse(claim, { outcome, reason, ...this.#options.revisits.afterEnding(claim, reason) }, ending, told)
  }

  /** Ends a visit that kept nothing. What was stored of a page that was taken back has left before the frontier hears of it. */
  async #refuse(claim: Claim, visit: Omit<Visit, 'hostDelayMs' | 'address'> & { reason: string }, ending: Ending, { details, ...told }: Told): Promise<void> {
    const { rejects, withdraw, experience } = this.#options
    await rejects.add({ subject: claim.url, reason: visit.reason, details: { label: claim.label, ...details }, ...told })
    if (visit.isWithdrawn) experience.contents.forget(claim)
    if (visit.isWithdrawn) await withdraw(claim, visit.reason)
    await this.#finish(claim, visit, ending)
  }

  /**
   * Whatever was asked of a host, the sitemaps its robots.txt names become known with it.
   * @param led takes the pages that were not known to this process
   * @returns how many of all were new, but for those with a query: a token that is drawn for each visit is no news
   */
  async #addFound(claim: Claim, found: Found, { rules }: Permission, led: string[] = []): Promise<number> {
    const { targets, rejects, lastmods } = this.#options
    const named = rules.sitemaps.length === 0 ? found : { ...found, sitemaps: [...found.sitemaps, ...rules.sitemaps] }
    let added = 0
    for (const part of partsOf(named, findsAtOnce)) {
      await lastmods.recall(datedIn(part))
      const wanted = targets.found(part, claim)
      for (const { url, kind } of wanted.targets) if (kind === 'page') led.push(url)
      const { added: news, refused } = await this.#add(wanted.targets)
      added += news
      for (const { url, reason } of [...wanted.trapped, ...refused]) await rejects.add({ subject: url, reason, stage: 'find', details: { from: claim.url } })
      if (part.pages.length === findsAtOnce) await setImmediate()
    }
    return added
  }

  async #add(wanted: readonly Target[]): Promise<Added> {
    const { targets, frontier } = this.#options
    const { plain = [], queried = [] } = Object.groupBy(wanted, ({ url }) => (url.includes('?') ? 'queried' : 'plain'))
    const adding = [plain, queried].map((found) => (found.length > 0 ? frontier.add(found) : { added: 0, refused: [] }))
    const outcomes = await Promise.all(adding).catch((error: unknown) => {
      targets.forget()
      throw error
    })
    return { added: outcomes[0]?.added ?? 0, refused: outcomes.flatMap(({ refused }) => refused) }
  }

  async #finish(claim: Claim, visit: Omit<Visit, 'hostDelayMs' | 'address'>, ending: Ending): Promise<void> {
    const { exchange } = ending
    await this.#options.frontier.done(claim, { ...visit, address: exchange?.address, hostDelayMs: await this.#manners.restMs(claim, ending) })
    this.#options.onVisit(claim, visit.outcome, exchange?.wireBytes ?? 0)
  }

  /** What the host of a page says of it beside it. */
  async #wordOf(claim: Claim, permission: HostRobots): Promise<string | undefined> {
    if (claim.kind !== 'page') return undefined
    const url = askedUrl(claim)
    return wordDigest(hostWord(await this.#options.policies.of(url), permission.state === 'unreachable' ? undefined : permission.rules, url))
  }

  /** A page that has not changed may be taken back by the headers of the answer that says so. */
  async #refusalOf(claim: Claim, { headers, permission }: NotChanged): Promise<string | undefined> {
    const url = askedUrl(claim)
    const { policies, obeyRights, facts } = this.#options
    const robots = readPageRobots(headers, { robots: [] }, url)
    const rights = pageRights({
      robotsTxt: permission.state,
      host: hostWord(await policies.of(url), permission.rules, url),
      robots,
      licence: undefined,
      licenceScope: undefined,
    })
    return rightsRefusal(rights, robots, { obey: obeyRights, nowMs: facts.now() })
  }
}

/** Whose word it is to believe. */
const datedIn = ({ pages, sitemaps, feeds }: Found): string[] =>
  [pages, sitemaps, feeds].flatMap((list) => list.flatMap(({ url, modifiedAt }) => (modifiedAt === undefined ? [] : [url])))
