import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { bandKeys } from '#schemas/identity/signature.ts'
import { RunSet, type RunChange } from '../runs/run-set.ts'
import type { Database } from '../sqlite/database.ts'

/** Words of a paragraph's value: eight tags of 16 bits of pages (0: none), ordinal of the keeper + 1 (0: none). */
export const paragraphWords = 5

/** So few are not worth a merge. */
const rowsMin = 1000

type Name = 'bands' | 'exact' | 'paragraphs'

const newest = (): void => undefined

/**
 * What is looked up by hash, in sorted runs (infra/runs): the 28 keys of a signature (schemas/identity/signature.ts) → ordinals; 64 bits of a uri or a text → the
 * row that became live last; 64 bits of a paragraph's name → what is known of it. Which runs count stands in the database.
 */
export class HashSets implements Disposable {
  readonly bands: RunSet
  readonly exact: RunSet
  readonly paragraphs: RunSet
  readonly #db: Database
  readonly #stack = new DisposableStack()
  #written: { folder: Name; change: RunChange }[] = []
  #rowsThere = 0
  #merging: Promise<void> | undefined
  #isClosing = false
  #damage: unknown

  /** @param isGone rows whose entries count no more @throws OrreryError `data_unreadable` */
  constructor(folder: string, db: Database, isGone: (ordinal: number) => boolean, use: 'writer' | 'reader' = 'writer') {
    this.#db = db
    const namesOf = (name: Name): string[] => db.all<{ name: string }>('select name from runs where folder = ?', name).map((run) => run.name)
    const open = (name: Name, layout: ConstructorParameters<typeof RunSet>[1]): RunSet =>
      this.#stack.use(new RunSet(join(folder, name), layout, namesOf(name), use))
    try {
      this.bands = open('bands', { keyWords: 1, valueWords: 1, filterBits: 4, keep: (entry) => !isGone(entry[1] as number) })
      this.exact = open('exact', { keyWords: 2, valueWords: 1, filterBits: 10, combine: newest, keep: (entry) => !isGone(entry[2] as number) })
      this.paragraphs = open('paragraphs', { keyWords: 2, valueWords: paragraphWords, filterBits: 4, combine: newest })
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  get memoryBytes(): number {
    return this.bands.memoryBytes + this.exact.memoryBytes + this.paragraphs.memoryBytes
  }

  get diskBytes(): number {
    return this.bands.diskBytes + this.exact.diskBytes + this.paragraphs.diskBytes
  }

  /** Within a transaction, to be followed by `applied` or `discarded`. @throws OrreryError `store_unavailable`, `data_unreadable` when a merge found damage */
  write(folder: Name, entries: Uint32Array): void {
    if (this.#damage !== undefined) throw this.#damage
    const change = this[folder].write(entries)
    if (!change) return
    this.#written.push({ folder, change })
    this.#list(folder, change)
  }

  /** The transaction was committed. @param rows that there are now */
  applied(rows: number): void {
    for (const { folder, change } of this.#written) this[folder].apply(change)
    this.#written = []
    this.#rowsThere = rows
    this.#merging ??= this.#merge().finally(() => (this.#merging = undefined))
  }

  /** The transaction was not committed. */
  discarded(): void {
    for (const { folder, change } of this.#written) this[folder].discard(change)
    this.#written = []
  }

  /** Leaves what is being merged. */
  async settled(): Promise<void> {
    this.#isClosing = true
    await this.#merging
  }

  [Symbol.dispose](): void {
    this.#stack.dispose()
  }

  #list(folder: Name, { came, went }: RunChange): void {
    if (came !== null) this.#db.run('insert into runs values (?, ?)', folder, came)
    for (const name of went) this.#db.run('delete from runs where folder = ? and name = ?', folder, name)
  }

  /** Merges what is due, some milliseconds in each turn of the event loop. A full disk is no damage: it is tried again after the next change. */
  async #merge(): Promise<void> {
    try {
      for (const folder of ['bands', 'exact', 'paragraphs'] as const) while (await this.#mergeNext(folder));
    } catch (error) {
      if ((error as { code?: string }).code !== 'store_unavailable') this.#damage = error
    }
  }

  async #mergeNext(folder: Name): Promise<boolean> {
    using merge = this.#isClosing ? undefined : this[folder].merge(this.#isMostlyDead(folder) ? 'all' : 'due')
    if (!merge) return false
    for (;;) {
      const change = merge.step()
      if (change) {
        this.#commitMerge(folder, change)
        return true
      }
      await setImmediate()
      if (this.#isClosing) return false
    }
  }

  /** Whether more than half of the entries are of rows that were forgotten: they go when all runs are merged. */
  #isMostlyDead(folder: Name): boolean {
    const perRow = { bands: bandKeys, exact: 2, paragraphs: Infinity }[folder]
    return this[folder].entries > 2 * perRow * (this.#rowsThere + rowsMin)
  }

  #commitMerge(folder: Name, change: RunChange): void {
    try {
      this.#db.transaction(() => this.#list(folder, change))
    } catch (error) {
      this[folder].discard(change)
      throw error
    }
    this[folder].apply(change)
  }
}
