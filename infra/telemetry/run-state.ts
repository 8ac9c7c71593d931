import type { DeadSeed } from './crawl-summary.ts'
import type { TelemetryEvent, TelemetryHub } from './telemetry.ts'

type Fields = Readonly<Record<string, unknown>>

/** Rates are those of the last so many ms. */
const windowMs = 5000

/** What the miners of this process do at this moment, together. */
export interface CrawlFigures {
  /** Pages that may be asked for as soon as their hosts are free, of those that wait. */
  ready: number
  waiting: number
  hosts: number
  /** Hosts that rest or are asked. */
  hostsClosed: number
}

/** Why nothing is asked. `until`: ms since epoch; undefined where nobody knows. */
export interface Pause {
  reason: string
  until: number | undefined
}

/** A part that rests after a failure. */
export interface Failing {
  part: string
  says: string
  /** When it is tried again, ms since epoch. */
  next: number
}

/** What is known of a run from its events and counters. It keeps one entry per miner, job and seed, however long it runs. */
export class RunState {
  readonly #hub: TelemetryHub
  readonly #now: () => number
  readonly #last = new Map<string, Fields>()
  readonly #progress = new Map<string, Fields>()
  readonly #cycles = new Map<string, Fields>()
  readonly #shards = { count: 0, rows: 0, bytes: 0 }
  readonly #deadSeeds = new Map<string, DeadSeed>()
  readonly #failing = new Map<string, Failing>()
  #paused: Pause | undefined
  readonly #samples: { at: number; pages: number; bytes: number }[] = []

  /** @param now the clock of the events, ms since epoch */
  constructor(hub: TelemetryHub, now: () => number) {
    this.#hub = hub
    this.#now = now
  }

  note = ({ name, fields }: TelemetryEvent): void => {
    this.#last.set(name, fields)
    const hotkey = String(fields['hotkey'] ?? '')
    if (name === 'crawl.progress') this.#progress.set(hotkey, fields)
    else if (name === 'miner.cycle') this.#cycles.set(hotkey, fields)
    else if (name === 'shard.written') this.#noteShard(fields)
    else if (name === 'shard.merged') this.#shards.rows -= Number(fields['rows'])
    else if (name === 'part.failed') this.#failing.set(String(fields['part']), failingOf(fields))
    else if (name === 'part.recovered') this.#failing.delete(String(fields['part']))
    else if (name === 'crawl.seed') this.#noteSeed(fields)
    else if (name === 'crawl.paused') this.#paused = { reason: String(fields['reason']), until: timeOf(fields['until']) }
    else if (name === 'crawl.resumed') this.#paused = undefined
  }

  /** The fields of the last event of that name; empty before there was one. */
  last(name: string): Fields {
    return this.#last.get(name) ?? {}
  }

  counters(): Readonly<Record<string, number>> {
    return this.#hub.snapshot()
  }

  get crawl(): CrawlFigures | undefined {
    if (this.#progress.size === 0) return undefined
    const sum = (name: string) => this.#progress.values().reduce((all, fields) => all + Number(fields[name] ?? 0), 0)
    return { ready: sum('queue_ready'), waiting: sum('queue_depth'), hosts: sum('hosts'), hostsClosed: sum('hosts_waiting') }
  }

  /** That were written; `rows` are those that came, not those that were only merged. */
  get shards(): Readonly<{ count: number; rows: number; bytes: number }> {
    return this.#shards
  }

  get deadSeeds(): readonly DeadSeed[] {
    return [...this.#deadSeeds.values()]
  }

  /** Parts whose work failed the last time. */
  get failing(): readonly Failing[] {
    return [...this.#failing.values()]
  }

  /** Why nothing is asked now; undefined while something may be. */
  get pause(): Pause | undefined {
    if (this.#paused) return this.#paused
    const first = this.#progress.values().reduce((earliest, fields) => Math.min(earliest, timeOf(fields['waits_until']) ?? 0), Infinity)
    return Number.isFinite(first) && first > this.#now() ? { reason: 'host_rest', until: first } : undefined
  }

  /** Whether a miner has finished a cycle. */
  get hasCycled(): boolean {
    return this.#cycles.size > 0
  }

  /** When a page is due again, by the last cycles; undefined when none is. */
  get nextDueAt(): number | undefined {
    const due = this.#cycles.values().reduce((earliest, fields) => Math.min(earliest, timeOf(fields['next_at']) ?? Infinity), Infinity)
    return Number.isFinite(due) ? due : undefined
  }

  /** Pages and bytes a second over the last seconds. Takes its sample when asked, so it is to be asked again and again. */
  rates(): { pages: number; bytes: number } {
    const counters = this.counters()
    const pages = Object.entries(counters).reduce((all, [name, count]) => (name.startsWith('crawl.pages{') ? all + count : all), 0)
    const newest = { at: this.#now(), pages, bytes: counters['crawl.bytes'] ?? 0 }
    this.#samples.push(newest)
    while (this.#samples.length > 2 && (this.#samples[1]?.at ?? 0) <= newest.at - windowMs) this.#samples.shift()
    const oldest = this.#samples[0] ?? newest
    const seconds = (newest.at - oldest.at) / 1000
    // A clock that was set back begins anew.
    if (seconds < 0) this.#samples.splice(0, this.#samples.length, newest)
    return seconds <= 0 ? { pages: 0, bytes: 0 } : { pages: (newest.pages - oldest.pages) / seconds, bytes: (newest.bytes - oldest.bytes) / seconds }
  }

  #noteShard({ rows, bytes }: Fields): void {
    this.#shards.count++
    this.#shards.rows += Number(rows)
    this.#shards.bytes += Number(bytes)
  }

  #noteSeed({ url, label, state, cause, says }: Fields): void {
    if (state === 'dead') this.#deadSeeds.set(String(url), { url: String(url), label: String(label), cause: String(cause), says: String(says) })
    else this.#deadSeeds.delete(String(url))
  }
}

const failingOf = (fields: Fields): Failing => ({
  part: String(fields['part']),
  says: String(fields['message']).split('\n', 1)[0] ?? '',
  next: Number(fields['next_ms']),
})

function timeOf(value: unknown): number | undefined {
  const at = typeof value === 'string' ? Date.parse(value) : NaN
  return Number.isNaN(at) ? undefined : at
}
