import type { TargetKind } from '#schemas/frontier.ts'
import { refuse } from '../sqlite/arguments.ts'
import type { Database } from '../sqlite/database.ts'

/** A label with a kind, known by a number: what millions of URLs share. */
export interface TargetClass {
  id: number
  label: string
  kind: TargetKind
  /** What a claim filters by: the class itself for pages, `sitemapLane` for sitemaps, which no filter passes over. */
  lane: number
}

const sitemapLane = 0
/** Two bytes of the seen-set. */
const classesMax = 65_535

/** All classes, in the database and in memory; they only ever become more. */
export class TargetClasses {
  readonly #db: Database
  readonly #byId = new Map<number, TargetClass>()
  readonly #ids = new Map<string, number>()

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

  /** Undefined = all. A label that no page has is left out. */
  lanes(labels: readonly string[] | undefined): number[] | undefined {
    return labels && [sitemapLane, ...new Set(labels.flatMap((label) => this.#find(label, 'page')?.lane ?? []))]
  }

  all(): number[] {
    return [sitemapLane, ...[...this.#load().values()].flatMap(({ kind, lane }) => (kind === 'page' ? [lane] : []))]
  }

  forget(): void {
    this.#byId.clear()
    this.#ids.clear()
  }

  #find(label: string, kind: TargetKind): TargetClass | undefined {
    const key = `${kind} ${label}`
    const id = this.#ids.get(key) ?? (this.#load(), this.#ids.get(key))
    return id === undefined ? undefined : this.#byId.get(id)
  }

  #load(): ReadonlyMap<number, TargetClass> {
    for (const row of this.#db.all<Omit<TargetClass, 'lane'>>('select id, label, kind from classes where id > ? order by id', this.#byId.size)) {
      this.#byId.set(row.id, { ...row, lane: row.kind === 'page' ? row.id : sitemapLane })
      this.#ids.set(`${row.kind} ${row.label}`, row.id)
    }
    return this.#byId
  }
}
