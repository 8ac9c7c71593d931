import type { Clock } from '#schemas/clock.ts'
import type { Claim, Visit } from '#schemas/frontier.ts'
import type { Telemetry } from '#schemas/stage.ts'

const progressMs = 1000

/** What a cycle has visited; tells the telemetry, at most once a second in events. */
export class Tally {
  readonly #hotkey: string
  readonly #telemetry: Telemetry
  readonly #pace: Clock
  readonly #visits: Record<Visit['outcome'], number> = { stored: 0, unchanged: 0, rejected: 0, failed: 0 }
  #sitemaps = 0
  #bytes = 0
  #toldAt = 0

  constructor(hotkey: string, telemetry: Telemetry, pace: Clock) {
    this.#hotkey = hotkey
    this.#telemetry = telemetry
    this.#pace = pace
  }

  add = ({ kind }: Claim, outcome: Visit['outcome'], wireBytes: number): void => {
    this.#bytes += wireBytes
    this.#telemetry.count('crawl.bytes', wireBytes)
    if (kind === 'sitemap') this.#sitemaps++
    else this.#visits[outcome]++
    this.#telemetry.count(kind === 'sitemap' ? 'crawl.sitemaps' : 'crawl.pages', 1, { outcome })
    if (this.#pace.now() - this.#toldAt < progressMs) return
    this.#toldAt = this.#pace.now()
    this.#telemetry.event('crawl.progress', this.report())
  }

  report() {
    const visits = { ...this.#visits }
    return { hotkey: this.#hotkey, visits, sitemaps: this.#sitemaps, documents: visits.stored, bytes: this.#bytes }
  }
}
