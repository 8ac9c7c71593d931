import { compareText } from '#schemas/compare-text.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Claim, FrontierStats, Visit } from '#schemas/frontier.ts'
import type { Reject, Telemetry } from '#schemas/stage.ts'

const progressMs = 1000
const reasonsMax = 3

const add = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1)

/**
 * What a cycle has visited; tells the telemetry, about once a second while something goes on and when a wait or the crawl ends it, as `crawl.progress`: totals
 * of the cycle, rates since the last event, `queue_depth` (pages that wait), `queue_ready` (those of them that only wait for their host), `hosts_waiting`
 * (hosts that are asked or rest, of `hosts`), `pages_asked` (pages that are lent), the rejects by reason, and `waits_until`, when nothing can be asked before.
 */
export class Tally {
  readonly #hotkey: string
  readonly #telemetry: Telemetry
  readonly #pace: Clock
  readonly #visits: Record<Visit['outcome'], number> = { stored: 0, unchanged: 0, rejected: 0, failed: 0 }
  readonly #rejects = new Map<string, number>()
  /** label → reason → pages. */
  readonly #byLabel = new Map<string, Map<string, number>>()
  #sitemaps = 0
  #bytes = 0
  #queue = { ready: 0, waiting: 0, leased: 0, hosts: 0, hostsClosed: 0 }
  /** ms since epoch. */
  #waitsUntil: number | undefined
  /** At the last event. */
  #told = { at: 0, pages: 0, bytes: 0 }

  constructor(hotkey: string, telemetry: Telemetry, pace: Clock) {
    this.#hotkey = hotkey
    this.#telemetry = telemetry
    this.#pace = pace
    this.#told.at = pace.now()
  }

  add = ({ kind }: Claim, outcome: Visit['outcome'], wireBytes: number): void => {
    this.#bytes += wireBytes
    this.#telemetry.count('crawl.bytes', wireBytes)
    if (kind === 'page') this.#visits[outcome]++
    else this.#sitemaps++
    this.#telemetry.count(kind === 'page' ? 'crawl.pages' : 'crawl.sitemaps', 1, { outcome })
    this.#waitsUntil = undefined
    this.#tellInTime()
  }

  reject = ({ reason, details }: Reject): void => {
    add(this.#rejects, reason)
    const label = details?.['label']
    if (typeof label !== 'string') return
    const ofLabel = this.#byLabel.get(label) ?? new Map<string, number>()
    this.#byLabel.set(label, ofLabel)
    add(ofLabel, reason)
  }

  /** Why pages of a label were dropped in this cycle, the most frequent first: `12 × noindex`. */
  reasonsOf = (label: string): string[] =>
    [...(this.#byLabel.get(label) ?? [])]
      .toSorted(([a, pages], [b, others]) => others - pages || compareText(a, b))
      .slice(0, reasonsMax)
      .map(([reason, pages]) => `${pages} × ${reason}`)

  noteStats = ({ ready, labels, hosts, hostsClosed }: FrontierStats): void => {
    const sum = (count: 'waiting' | 'leased') => labels.values().reduce((all, stats) => all + stats[count], 0)
    this.#queue = { ready, waiting: sum('waiting'), leased: sum('leased'), hosts, hostsClosed }
    this.#tellInTime()
  }

  /** Nothing can be asked before that time (ms since epoch). */
  noteWait = (until: number): void => {
    this.#waitsUntil = until
    if (until - this.#pace.now() >= progressMs) this.tell()
    else this.#tellInTime()
  }

  report() {
    const visits = { ...this.#visits }
    return { hotkey: this.#hotkey, visits, sitemaps: this.#sitemaps, documents: visits.stored, bytes: this.#bytes }
  }

  #tellInTime(): void {
    if (this.#pace.now() - this.#told.at >= progressMs) this.tell()
  }

  tell(): void {
    const now = this.#pace.now()
    const pages = Object.values(this.#visits).reduce((a, b) => a + b, 0)
    const perSecond = (count: number) => Math.round((count * 1000) / Math.max(1, now - this.#told.at))
    this.#telemetry.event('crawl.progress', {
      ...this.report(),
      pages_per_second: perSecond(pages - this.#told.pages),
      bytes_per_second: perSecond(this.#bytes - this.#told.bytes),
      queue_depth: this.#queue.waiting,
      queue_ready: this.#queue.ready,
      hosts: this.#queue.hosts,
      hosts_waiting: this.#queue.hostsClosed,
      pages_asked: this.#queue.leased,
      waits_until: this.#waitsUntil === undefined ? null : new Date(this.#waitsUntil).toISOString(),
      rejects: Object.fromEntries([...this.#rejects].toSorted(([a], [b]) => compareText(a, b))),
    })
    this.#told = { at: now, pages, bytes: this.#bytes }
  }
}
