import { NearLinks } from '#schemas/identity/clusters.ts'
import type { Database } from '../sqlite/database.ts'
import type { RowTable } from './row-table.ts'

/** Rows that are linked with each other. */
export interface Home {
  /** null: a row alone, or a part that has no name yet. */
  cluster: number | null
  /** All of them, but for a whole cluster. */
  rows: readonly number[] | undefined
}

/** What is left of a cluster that loses rows, or some of it; at least one row. */
export interface Part extends Home {
  rows: readonly number[]
}

interface Member {
  ordinal: number
  twin: number | null
}

/** Where rows are at home once some of them were forgotten: who is left of a cluster is linked among each other anew. */
export class Homes {
  /** Of a row that is forgotten and stood in the postings → the one of the very same signature that stands there for it. */
  readonly heirs = new Map<number, number>()
  /** Rows to which another stands in the postings than before; null: they do so themselves. */
  readonly retwinned: Member[] = []
  /** Of each row that is left there: the one whose signature stands in the postings for it. */
  readonly posted = new Map<number, number>()
  /** What is left of each cluster that loses rows. */
  readonly parts = new Map<number, readonly Part[]>()
  readonly #db: Database
  readonly #rows: RowTable
  readonly #without: ReadonlySet<number>
  readonly #whole = new Map<number, Home>()
  readonly #alone = new Map<number, Home>()
  readonly #partOf = new Map<number, Home>()

  constructor(db: Database, rows: RowTable, without: ReadonlySet<number>) {
    this.#db = db
    this.#rows = rows
    this.#without = without
    const clusters = new Set<number>()
    for (const ordinal of without) {
      const cluster = rows.links(ordinal)?.cluster ?? null
      if (cluster !== null) clusters.add(cluster)
    }
    for (const cluster of clusters) this.#leave(cluster)
  }

  /** Of a row that is forgotten that of its heir; undefined where there is none. */
  of(ordinal: number): Home | undefined {
    if (this.#without.has(ordinal)) {
      const heir = this.heirs.get(ordinal)
      return heir === undefined ? undefined : this.#partOf.get(heir)
    }
    const known = this.#partOf.get(ordinal) ?? this.#alone.get(ordinal)
    if (known) return known
    const links = this.#rows.links(ordinal)
    if (!links) return undefined
    const { cluster } = links
    const home = (cluster === null ? undefined : this.#whole.get(cluster)) ?? { cluster, rows: cluster === null ? [ordinal] : undefined }
    if (cluster === null) this.#alone.set(ordinal, home)
    else this.#whole.set(cluster, home)
    return home
  }

  #leave(cluster: number): void {
    const members = this.#db.all<Member>('select ordinal, twin from rows where cluster = ? order by ordinal', cluster)
    const joins = this.#db.all<{ a: number; b: number }>('select a, b from joins join rows on ordinal = a where cluster = ?', cluster)
    const left: Member[] = []
    for (const member of members) {
      if (this.#without.has(member.ordinal)) continue
      left.push(member)
      this.posted.set(member.ordinal, member.twin ?? member.ordinal)
      if (member.twin === null || !this.#without.has(member.twin)) continue
      const heir = this.heirs.get(member.twin) ?? member.ordinal
      this.heirs.set(member.twin, heir)
      this.retwinned.push({ ordinal: member.ordinal, twin: heir === member.ordinal ? null : heir })
      this.posted.set(member.ordinal, heir)
    }
    const isMissed = ({ ordinal, twin }: Member): boolean => this.#without.has(ordinal) && twin === null && !this.heirs.has(ordinal)
    const isWhole = !members.some(isMissed) && !joins.some(({ a }) => this.#without.has(a))
    const parts = isWhole ? [left.map(({ ordinal }) => ordinal)] : this.#relinked(left, joins)
    const homes = parts.filter(({ length }) => length > 0).map((rows) => ({ cluster: null, rows }))
    for (const home of homes) for (const ordinal of home.rows) this.#partOf.set(ordinal, home)
    this.parts.set(cluster, homes)
  }

  #relinked(left: readonly Member[], joins: readonly { a: number; b: number }[]): number[][] {
    const placeOf = new Map(left.map(({ ordinal }, at) => [ordinal, at]))
    const posted = left.map(({ ordinal }) => this.posted.get(ordinal) as number)
    const near = new NearLinks(left.length, (at) => this.#rows.signature((left[at] as Member).ordinal))
    const { links } = near
    for (const [at, { ordinal }] of left.entries()) {
      if (posted[at] === ordinal) near.add(this.#rows.signature(ordinal))
      else links.add()
    }
    for (const [at, ordinal] of posted.entries()) links.join(placeOf.get(ordinal) as number, at)
    for (const { a, b } of joins) {
      const [from, to] = [placeOf.get(a), placeOf.get(b)]
      if (from !== undefined && to !== undefined) links.join(from, to)
    }
    return [...Map.groupBy(left.keys(), (at) => links.root(at)).values()].map((part) => part.map((at) => (left[at] as Member).ordinal))
  }
}
