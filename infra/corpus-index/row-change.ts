import type { AddedRow, IndexChange, RowFacts, RowName, RowPlace, RowState } from '#schemas/corpus-index.ts'
import { bandHashes } from '#schemas/identity/signature.ts'
import { refuse } from '../sqlite/arguments.ts'
import type { Database } from '../sqlite/database.ts'
import { exactKey } from './exact.ts'
import { groupsOf, type Group } from './groups.ts'
import { Homes, type Part } from './homes.ts'
import type { Kin, Looked } from './near-search.ts'
import type { NumberedPlace, RowTable } from './row-table.ts'
import type { Totals } from './totals.ts'

/** What a change does to rows: who goes, who moves, who comes, and how they are linked. In this order, within one transaction. */
export class RowChange {
  /** Hash and ordinal, one after the other. */
  readonly bands: number[] = []
  /** Two words of the key and ordinal. */
  readonly exact: number[] = []
  readonly #db: Database
  readonly #rows: RowTable
  readonly #totals: Totals
  readonly #homes: Homes
  readonly #numbers = new Map<string, number>()
  readonly #files = new Map<string, number>()

  /** @param forgotten rows that go @throws OrreryError `invalid_argument` for one that is not known, or twice there */
  constructor(db: Database, rows: RowTable, totals: Totals, forgotten: readonly number[]) {
    this.#db = db
    this.#rows = rows
    this.#totals = totals
    const without = new Set(forgotten)
    if (without.size < forgotten.length) throw refuse('forget', 'a row twice', 'ordinals of rows, each once')
    for (const ordinal of without) if (!rows.links(ordinal)) throw refuse('forget', ordinal, 'ordinals of rows that are known')
    this.#homes = new Homes(db, rows, without)
    this.#forget(without)
  }

  move(changes: NonNullable<IndexChange['change']>): void {
    // What leaves a place goes first, so that another may come to it.
    for (const { ordinal } of changes) this.#rows.move(ordinal, this.#stateOf(ordinal), null)
    for (const { ordinal, state, place } of changes) {
      const former = this.#stateOf(ordinal)
      this.#rows.move(ordinal, state, this.#numbered(place))
      if (former === state) continue
      this.#totals.count(former, -1)
      this.#totals.count(state, 1)
      const row = state === 'live' ? this.#rows.get(ordinal) : undefined
      if (row) this.#enter(row, ordinal)
    }
  }

  /** @returns their ordinals @throws OrreryError `invalid_argument`, `too_large` */
  add(added: readonly AddedRow[], looked: Looked): number[] {
    const first = this.#totals.take(added.length)
    const ordinalOf = (name: RowName): number => ('added' in name ? first + name.added : name.ordinal)
    for (const [at, { joins = [] }] of added.entries()) {
      for (const name of joins) {
        if ('added' in name) looked.links.join(name.added, at)
        else if (!this.#rows.links(name.ordinal)) throw refuse('joins', name.ordinal, 'ordinals of rows that are known')
      }
    }
    const groups = groupsOf(looked, this.#homes, (at) => (added[at]?.joins ?? []).flatMap((name) => ('ordinal' in name ? name.ordinal : [])))
    const clusters = added.map((): number | null => null)
    for (const group of groups) {
      const cluster = this.#unite(group)
      for (const at of group.members) clusters[at] = cluster
    }
    for (const [at, row] of added.entries()) {
      const kin = looked.kin[at] as Kin
      const twin = this.#twin(kin) ?? (looked.first[at] === at ? null : first + (looked.first[at] as number))
      this.#insert(first + at, row, { cluster: clusters[at] ?? null, twin })
      if (twin === null) this.#post(first + at, row.signature, (looked.keys[at] as number) & ~kin.full)
      for (const name of row.joins ?? []) this.#join(first + at, ordinalOf(name))
    }
    return Array.from(added, (_, at) => first + at)
  }

  addFiles(files: readonly string[]): void {
    for (const file of files) this.#rows.addFile(file)
  }

  /** @throws OrreryError `invalid_argument` while a row stands there */
  dropFiles(files: readonly string[]): void {
    for (const file of files) if (!this.#rows.dropFile(file)) throw refuse('dropFiles', file, 'files in which no row stands any more')
  }

  #forget(without: ReadonlySet<number>): void {
    for (const ordinal of without) {
      this.#totals.count(this.#stateOf(ordinal), -1)
      this.#rows.remove(ordinal)
    }
    for (const { ordinal, twin } of this.#homes.retwinned) {
      this.#db.run('update rows set twin = ? where ordinal = ?', twin, ordinal)
      if (twin === null) this.#post(ordinal, this.#rows.signature(ordinal), -1)
    }
    for (const [cluster, parts] of this.#homes.parts) {
      const [largest, ...others] = parts.toSorted((a, b) => b.rows.length - a.rows.length)
      if (largest) this.#name(largest, cluster)
      for (const part of others) this.#name(part, part.rows.length > 1 ? this.#totals.takeCluster() : null, true)
    }
  }

  #name(part: Part, cluster: number | null, isNew = false): void {
    const name = part.rows.length > 1 ? cluster : null
    if (isNew || name === null) for (const ordinal of part.rows) this.#db.run('update rows set cluster = ? where ordinal = ?', name, ordinal)
    part.cluster = name
  }

  /** The smaller ones become part of the largest; what was alone joins it. @returns the cluster of the group; null for one row */
  #unite({ members, homes }: Group): number | null {
    const clusters = homes.flatMap(({ cluster }) => cluster ?? [])
    const alone = homes.flatMap(({ cluster, rows }) => (cluster === null ? (rows ?? []) : []))
    if (clusters.length === 0 && alone.length + members.length === 1) return null
    const target = clusters.length > 0 ? this.#largest(clusters) : this.#totals.takeCluster()
    for (const cluster of clusters) if (cluster !== target) this.#db.run('update rows set cluster = ? where cluster = ?', target, cluster)
    for (const ordinal of alone) this.#db.run('update rows set cluster = ? where ordinal = ?', target, ordinal)
    return target
  }

  /** Costs what all but the largest have. */
  #largest(clusters: readonly number[]): number {
    let left = clusters
    for (let size = 1; left.length > 1; size *= 2) {
      const larger = left.filter((cluster) => this.#db.get('select 1 from rows where cluster = ? limit 1 offset ?', cluster, size) !== undefined)
      if (larger.length === 0) break
      left = larger
    }
    return left[0] as number
  }

  #twin({ twin }: Kin): number | undefined {
    if (twin === undefined) return undefined
    return this.#rows.links(twin) ? twin : this.#homes.heirs.get(twin)
  }

  #insert(ordinal: number, { facts, signature, state, place }: AddedRow, links: { cluster: number | null; twin: number | null }): void {
    this.#rows.insert(ordinal, facts, { state, place: this.#numbered(place), ...links }, (text) => this.#numberOf(text))
    this.#rows.sign(ordinal, signature)
    this.#totals.count(state, 1)
    if (state === 'live') this.#enter(facts, ordinal)
  }

  #join(a: number, b: number): void {
    this.#db.run('insert into joins values (?, ?), (?, ?) on conflict do nothing', a, b, b, a)
  }

  #enter({ uri, id }: Pick<RowFacts, 'uri' | 'id'>, ordinal: number): void {
    for (const [high, low] of [exactKey.uri(uri), exactKey.text(id)]) this.exact.push(high, low, ordinal)
  }

  #post(ordinal: number, signature: Uint8Array, keys: number): void {
    for (const [key, hash] of bandHashes(signature).entries()) if ((keys & (1 << key)) !== 0) this.bands.push(hash, ordinal)
  }

  /** @throws OrreryError `invalid_argument` */
  #stateOf(ordinal: number): RowState {
    const state = this.#rows.state(ordinal)
    if (state) return state
    throw refuse('change', ordinal, 'ordinals of rows that are known')
  }

  #numberOf(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const number = this.#rows.textNumber(text)
    this.#numbers.set(text, number)
    return number
  }

  #numbered(place: RowPlace | null): NumberedPlace | null {
    if (!place) return null
    let file = this.#files.get(place.file)
    if (file === undefined) this.#files.set(place.file, (file = this.#rows.addFile(place.file)))
    return { file, row: place.row }
  }
}
