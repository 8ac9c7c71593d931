import type { FrontierStats, LabelStats, TargetKind, Visit } from '#schemas/frontier.ts'
import { refuse } from '../sqlite/arguments.ts'
import type { Database } from '../sqlite/database.ts'

/** A label with a kind, known by a number: what millions of URLs share. */
export interface TargetClass {
  id: number
  label: string
  kind: TargetKind
  /** What a claim filters by: the first class of the label. */
  lane: number
  /** A sitemap or a feed, no page. */
  isList: boolean
}

/** Two bytes of the seen-set. */
const classesMax = 65_535

/** All classes, in the database and in memory; they only ever become more. */
export class TargetClasses {
  readonly #db: Database
  readonly #byId = new Map<number, TargetClass>()
  readonly #ids = new Map<string, number>()
  readonly #lanes = new Map<string, number>()

  constructor(db: Database) {
    this.#db = db
  }

  of(label: string, kind: TargetKind): TargetClass {
    const known = this.#find(label, kind)
    if (known) return known
    if (this.#byId.size >= classesMax) throw refuse('target.label', label, `one of the ${classesMax} labels that are there, or use another frontier`)
    this.#db.run('insert into classes (label, kind) values (?, ?)', label, kind)
    return this.of(label, kind)
  }

  byId(id: number): TargetClass {
    const known = this.#byId.get(id) ?? this.#load().get(id)
    if (!known) throw new RangeError(`The frontier has no class ${id}.`)
    return known
  }

  /** All when undefined. A label that nothing has is left out. */
  lanes(labels: readonly string[] | undefined): number[] {
    if (labels === undefined || labels.some((label) => !this.#lanes.has(label))) this.#load()
    return labels === undefined ? [...this.#lanes.values()] : [...new Set(labels)].flatMap((label) => this.#lanes.get(label) ?? [])
  }

  forget(): void {
    this.#byId.clear()
    this.#ids.clear()
    this.#lanes.clear()
  }

  #find(label: string, kind: TargetKind): TargetClass | undefined {
    const key = `${kind} ${label}`
    const id = this.#ids.get(key) ?? (this.#load(), this.#ids.get(key))
    return id === undefined ? undefined : this.#byId.get(id)
  }

  #load(): ReadonlyMap<number, TargetClass> {
    for (const row of this.#db.all<Omit<TargetClass, 'lane'>>('select id, label, kind from classes where id > ? order by id', this.#byId.size)) {
      const lane = this.#lanes.get(row.label) ?? row.id
      this.#lanes.set(row.label, lane)
      this.#byId.set(row.id, { ...row, lane, isList: row.kind !== 'page' })
      this.#ids.set(`${row.kind} ${row.label}`, row.id)
    }
    return this.#byId
  }
}

export type TargetState = 'ready' | 'later' | 'leased' | 'finished'
/** How a page's visit ended, or that a list was visited. */
type VisitEnd = Visit['outcome'] | 'lists'
/** `refused:` with a reason counts what was not added. */
type CounterName = 'targets' | 'hosts' | 'hosts_closed' | `refused:${string}`

/** Counts kept beside what they count, gathered in memory and written once a transaction: `stats` never looks at the targets. */
export class Tallies {
  readonly #db: Database
  readonly #counters = new Map<CounterName, number>()
  /** label → state → change. */
  readonly #states = new Map<string, Map<TargetState, number>>()

  /** label → outcome → visits that ended so. */
  readonly #visits = new Map<string, Map<VisitEnd, number>>()

  constructor(db: Database) {
    this.#db = db
  }

  count(name: CounterName, by: number): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + by)
  }

  /** `by` pages of a label came into a state (or left it, below 0). */
  move(label: string, state: TargetState, by: number): void {
    let states = this.#states.get(label)
    if (!states) this.#states.set(label, (states = new Map()))
    states.set(state, (states.get(state) ?? 0) + by)
  }

  visited(label: string, outcome: VisitEnd): void {
    let outcomes = this.#visits.get(label)
    if (!outcomes) this.#visits.set(label, (outcomes = new Map()))
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }

  write(): void {
    for (const [name, by] of this.#counters) {
      if (by !== 0) this.#db.run('insert into counters values (?, ?) on conflict do update set count = count + excluded.count', name, by)
    }
    for (const [label, states] of this.#states) {
      for (const [state, by] of states) {
        if (by !== 0) this.#db.run('insert into tallies values (?, ?, ?) on conflict do update set count = count + excluded.count', label, state, by)
      }
    }
    for (const [label, outcomes] of this.#visits) {
      for (const [outcome, count] of outcomes)
        this.#db.run('insert into visits values (?, ?, ?) on conflict do update set count = count + excluded.count', label, outcome, count)
    }
    this.forget()
  }

  forget(): void {
    this.#counters.clear()
    this.#states.clear()
    this.#visits.clear()
  }

  stats(): FrontierStats {
    this.write()
    const counters = this.#db.all<{ name: string; count: number }>('select name, count from counters order by name')
    const counted = (name: CounterName) => counters.find((counter) => counter.name === name)?.count ?? 0
    const refused = counters.flatMap(({ name, count }) => (name.startsWith('refused:') ? [[name.slice('refused:'.length), count] as const] : []))
    return {
      known: counted('targets'),
      ready: this.#db.get<{ count: number | null }>(`select sum(count) as count from tallies where state = 'ready'`)?.count ?? 0,
      hosts: counted('hosts'),
      hostsClosed: counted('hosts_closed'),
      refused: Object.fromEntries(refused),
      labels: this.#labels(),
    }
  }

  #labels(): Map<string, LabelStats> {
    const labels = new Map<string, LabelStats>()
    const of = (label: string) => {
      let stats = labels.get(label)
      if (!stats) labels.set(label, (stats = { waiting: 0, leased: 0, stored: 0, unchanged: 0, rejected: 0, failed: 0, lists: 0 }))
      return stats
    }
    for (const { label, state, count } of this.#db.all<{ label: string; state: TargetState; count: number }>('select * from tallies order by label, state')) {
      if (state === 'leased') of(label).leased += count
      else if (state !== 'finished') of(label).waiting += count
    }
    for (const { label, outcome, count } of this.#db.all<{ label: string; outcome: VisitEnd; count: number }>('select * from visits order by label, outcome'))
      of(label)[outcome] += count
    return labels
  }
}
