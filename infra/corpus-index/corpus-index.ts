import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { CorpusIndex, IndexChange, KnownRow, NearGroup } from '#schemas/corpus-index.ts'
import { refuse } from '../sqlite/arguments.ts'
import { openDatabase, type Database } from '../sqlite/database.ts'
import { fileSchemas } from '../sqlite/schema.ts'
import { checkChange, checkParagraph, checkSignature } from './check-change.ts'
import { exactKey } from './exact.ts'
import { firstRows } from './first-rows.ts'
import { GoneRows } from './gone-rows.ts'
import { groupsOf } from './groups.ts'
import { HashSets } from './hash-sets.ts'
import { Homes, type Home } from './homes.ts'
import { NearSearch, type Looked } from './near-search.ts'
import { ParagraphTable } from './paragraph-table.ts'
import { RowChange } from './row-change.ts'
import { RowTable } from './row-table.ts'
import { Totals } from './totals.ts'
import { noteDamage, removeDamaged } from './damage.ts'
import { lockFolder } from './writer-lock.ts'

/** Documents that are looked up in one turn of the event loop. */
const turnMax = 1000

type Change = Required<Omit<IndexChange, 'pending'>> & Pick<IndexChange, 'pending'>
type Exact = Awaited<ReturnType<CorpusIndex['exact']>>

/**
 * An index of a corpus in a folder: `rows.sqlite` has the rows, and its commit is that of the whole; `bands/`, `exact/` and `paragraphs/` have sorted runs of
 * hashes. Work of some milliseconds in a row: open it in a thread (threaded.ts) where others wait. One that is found damaged says so, and is empty when it is opened
 * again.
 * @throws OrreryError `conflict` beside another process, `data_unreadable`, `newer_version`, `store_unavailable`
 */
export function folderCorpusIndex(folder: string): CorpusIndex & AsyncDisposable {
  using stack = new DisposableStack()
  stack.use(lockFolder(folder))
  removeDamaged(folder)
  const noting = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw noteDamage(folder, error)
    }
  }
  const { index, whole } = openWhole(folder, stack)
  return {
    exact: (documents) => noting(() => index.exact(documents)),
    near: (signatures, without = []) => noting(() => index.near(signatures, without)),
    paragraphs: (names) => noting(() => index.paragraphs(names)),
    rows: (file, rows) => noting(() => index.rows(file, rows)),
    commit: (change) => noting(() => index.commit(change)),
    pending: () => noting(async () => index.pending()),
    stats: () => noting(async () => index.stats()),
    async [Symbol.asyncDispose]() {
      await index.settled()
      whole.dispose()
    },
  }
}

/** @param stack what is opened goes with, and is taken from it once all of it is */
function openWhole(folder: string, stack: DisposableStack): { index: FolderIndex; whole: DisposableStack } {
  try {
    const db = stack.use(openDatabase(join(folder, 'rows.sqlite'), fileSchemas.corpus))
    const gone = new GoneRows(db)
    const sets = stack.use(new HashSets(folder, db, (ordinal) => gone.has(ordinal)))
    return { index: new FolderIndex(db, gone, sets), whole: stack.move() }
  } catch (error) {
    throw noteDamage(folder, error)
  }
}

class FolderIndex {
  readonly #db: Database
  readonly #gone: GoneRows
  readonly #sets: HashSets
  readonly #rows: RowTable
  readonly #totals: Totals
  readonly #near: NearSearch
  readonly #paragraphs: ParagraphTable
  /** Commits are made one after the other. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(db: Database, gone: GoneRows, sets: HashSets) {
    this.#db = db
    this.#gone = gone
    this.#sets = sets
    this.#rows = new RowTable(db)
    this.#totals = new Totals(db)
    this.#near = new NearSearch(sets.bands, this.#rows, gone)
    this.#paragraphs = new ParagraphTable(sets.paragraphs)
  }

  async exact(documents: Parameters<CorpusIndex['exact']>[0]): Promise<Exact> {
    const matches: Exact = []
    for (let from = 0; from < documents.length; from += turnMax) {
      if (from > 0) await setImmediate()
      for (const match of this.#exactly(documents.slice(from, from + turnMax))) matches.push(match)
    }
    return matches
  }

  async near(signatures: readonly Uint8Array[], without: readonly number[]): Promise<NearGroup[]> {
    for (const signature of signatures) checkSignature(signature)
    const looked = await this.#near.look(signatures)
    const homes = new Homes(this.#db, this.#rows, new Set(without))
    const groups = groupsOf(looked, homes)
    const met = new Set(groups.flatMap((group) => group.homes))
    const broken = new Set<Home>([...homes.parts.values()].flat())
    for (const part of broken) if (!met.has(part)) groups.push({ members: [], homes: [part] })
    return groups.map((group) => {
      const live = group.homes.flatMap((home) => this.#liveOf(home)).toSorted((a, b) => a.ordinal - b.ordinal)
      const members = group.members.filter((at) => looked.isFirst[at] && !looked.kin[at]?.rows.some((ordinal) => homes.of(ordinal)))
      const rows = group.homes.flatMap((home) => (broken.has(home) ? firstRows(home.rows ?? [], homes.posted, this.#rows) : []))
      return { members: group.members, live, firsts: { members, rows } }
    })
  }

  async paragraphs(names: readonly string[]): ReturnType<CorpusIndex['paragraphs']> {
    for (const name of names) checkParagraph(name)
    return this.#paragraphs.facts(names, (ordinal) => this.#live(ordinal))
  }

  async rows(file: string, rows: readonly number[] | undefined): Promise<KnownRow[]> {
    return rows ? this.#rows.atPlaces(file, rows) : this.#rows.inFile(file)
  }

  commit(change: IndexChange): Promise<number[]> {
    const done = this.#last.then(() => this.#commit(change))
    this.#last = done.catch(() => undefined)
    return done
  }

  pending(): string | undefined {
    return this.#db.get<{ value: string }>(`select value from facts where name = 'pending'`)?.value
  }

  stats(): Awaited<ReturnType<CorpusIndex['stats']>> {
    return {
      ...this.#totals.states,
      files: this.#rows.files(),
      memoryBytes: this.#sets.memoryBytes + this.#gone.memoryBytes + this.#rows.cacheBytes,
      diskBytes: this.#sets.diskBytes + this.#rows.diskBytes,
    }
  }

  /** When nothing is being written any more. */
  async settled(): Promise<void> {
    await this.#last
    await this.#sets.settled()
  }

  #exactly(documents: Parameters<CorpusIndex['exact']>[0]): Exact {
    const keys = new Uint32Array(documents.length * 4)
    for (const [at, { uri, id }] of documents.entries()) {
      keys.set(exactKey.uri(uri), at * 4)
      keys.set(exactKey.text(id), at * 4 + 2)
    }
    const found: (KnownRow | undefined)[] = []
    this.#sets.exact.find(keys, (at, values) => {
      found[at] = this.#live(values[0] as number)
      return true
    })
    return documents.map(({ uri, id }, at) => {
      const [ofUri, ofText] = [found[at * 2], found[at * 2 + 1]]
      return {
        uri: ofUri?.uri === uri ? ofUri : undefined,
        withdrawn: this.#db.get<{ version: number }>('select version from withdrawn where uri = ?', uri)?.version,
        text: ofText?.id === id ? ofText : undefined,
      }
    })
  }

  #live(ordinal: number): KnownRow | undefined {
    const row = this.#rows.get(ordinal)
    return row?.state === 'live' ? row : undefined
  }

  #liveOf({ cluster, rows }: Home): KnownRow[] {
    if (rows) return rows.flatMap((ordinal) => this.#live(ordinal) ?? [])
    return cluster === null ? [] : this.#rows.liveOf(cluster)
  }

  async #commit(change: IndexChange): Promise<number[]> {
    checkChange(change)
    // Merges go on between changes, also of a caller that never waits for anything else.
    await setImmediate()
    const { add = [], change: moved = [], forget = [], withdrawn = [], keepers = [], addFiles = [], dropFiles = [], pending } = change
    const looked = await this.#near.look(add.map(({ signature }) => signature))
    try {
      const whole = { add, change: moved, forget, withdrawn, keepers, addFiles, dropFiles, pending }
      const { ordinals, gone } = this.#db.transaction(() => this.#write(whole, looked))
      this.#gone.apply(gone)
      this.#sets.applied(this.#totals.rows)
      return ordinals
    } catch (cause) {
      this.#sets.discarded()
      this.#totals.load()
      throw isTaken(cause) ? refuse('place', 'a place that another row has', 'one that is free, or move the other row in the same change') : cause
    } finally {
      this.#near.forget()
      this.#paragraphs.forget()
    }
  }

  #write({ add, change, forget, withdrawn, keepers, addFiles, dropFiles, pending }: Change, looked: Looked) {
    const first = this.#totals.next
    const rows = new RowChange(this.#db, this.#rows, this.#totals, forget)
    const gone = this.#gone.write(forget)
    rows.move(change)
    const ordinals = rows.add(add, looked)
    for (const { keeper } of keepers)
      if ('ordinal' in keeper && !this.#rows.links(keeper.ordinal)) throw refuse('keeper', keeper.ordinal, 'a row that is known')
    rows.addFiles(addFiles)
    rows.dropFiles(dropFiles)
    for (const { uri, version } of withdrawn)
      this.#db.run('insert into withdrawn values (?, ?) on conflict do update set version = max(version, excluded.version)', uri, version)
    if (pending === null) this.#db.run(`delete from facts where name = 'pending'`)
    else if (pending !== undefined) this.#db.run(`insert or replace into facts values ('pending', ?)`, pending)
    this.#totals.save()
    this.#sets.write('bands', Uint32Array.from(rows.bands))
    this.#sets.write('exact', Uint32Array.from(rows.exact))
    this.#sets.write('paragraphs', this.#paragraphs.changed({ add, keepers }, first))
    return { ordinals, gone }
  }
}

/** SQLITE_CONSTRAINT_UNIQUE: https://www.sqlite.org/rescode.html */
const isTaken = (cause: unknown): boolean => (cause as { errcode?: number }).errcode === 2067
