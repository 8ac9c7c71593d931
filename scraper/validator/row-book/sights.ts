import { join } from 'node:path'
import { RunSet, type RunChange, type RunMerge } from '#infra/runs/run-set.ts'
import { entryWords, type RunLayout } from '#infra/runs/run-layout.ts'
import type { Database } from '#infra/sqlite/database.ts'
import { equalBits, nearBitsMin } from '#schemas/row-identity.ts'
import { isGone, isWordless, rowFlags, type BookColumns } from './row-columns.ts'

/** A row is found by its page and by its text. */
const kinds = [nearBitsMin.page, nearBitsMin.text]
/** Hash and kind → two halves of a sketch, number of the showing, block, hour. */
const layout: RunLayout = { keyWords: 2, valueWords: 5, filterBits: 8 }
/** In an entry. */
const showingWord = 4
const folder = 'sights'
/** Rows that are looked up at once, and noted in one run. */
const batchRows = 2 ** 16
/** So many more than twice those that stand are worth no work. */
const tidyEntries = 2 ** 14
/** Of one page or text; more are many versions of it, or were made to be many. */
const sightsMax = 4096
const never = 0xffffffff

export interface Seeing {
  miner: number
  /** In which new rows are noted. */
  showing: number
  /** In which the claim was committed. */
  block: number
  /** Its word is not taken: nothing is noted. */
  isLiar: boolean
  /** Whether a miner shows anything now: who does not keeps nobody from anything. */
  isThere(miner: number): boolean
  /** Whether another miner comes before this one where both claimed in one block. */
  precedes(other: number): boolean
  /** Whether what is noted of a row in a showing of the miner's stands for long enough. */
  isKept(showing: number): boolean
}

/** What came of a look at rows. */
export interface Seen {
  /** Miners that had counted as the first for rows that this one showed before. */
  overtaken: ReadonlySet<number>
  /** Showings of others that keep it from rows. */
  behind: ReadonlySet<number>
  /** Sights that are new. */
  noted: number
}

/**
 * Which miner showed a page with its text first, by block: a row of the same page with mostly the same text, or of another page whose text is nearly the same. On
 * disk in sorted runs (infra/runs), 56 bytes a row that was the first of its kind. They stand as long as the showing they are noted in (showings.ts): two months, so that who
 * withdraws a row cannot show it again as new. What stood in a showing that is forgotten goes when runs are merged.
 */
export class Sights implements Disposable {
  readonly #db: Database
  readonly #runs: RunSet
  readonly #minerOf: (showing: number) => number | undefined

  /** @param minerOf whose a showing is; undefined: it is forgotten */
  constructor(path: string, db: Database, minerOf: (showing: number) => number | undefined) {
    this.#db = db
    this.#minerOf = minerOf
    const keep = (entry: Uint32Array): boolean => minerOf(entry[showingWord] as number) !== undefined
    const names = db.all<{ name: string }>('select name from runs').map(({ name }) => name)
    this.#runs = new RunSet(join(path, folder), { ...layout, keep }, names)
  }

  get memoryBytes(): number {
    return this.#runs.memoryBytes
  }

  /**
   * Looks the rows of a miner up and notes those that are new. Sets `own` of each, and its hour to the first that its miner told of it: who shows a page again with a
   * later date, hardly changed, has the old one. What others tell of its date is theirs.
   */
  see(columns: BookColumns, seeing: Seeing): Seen {
    const [overtaken, behind] = [new Set<number>(), new Set<number>()]
    let noted = 0
    for (let from = 0; from < columns.uri.length; from += batchRows) {
      const looked = this.#look(columns, from, Math.min(columns.uri.length, from + batchRows), seeing)
      const entries: number[] = []
      for (let at = 0; at < looked.rows; at++) {
        const row = from + at
        columns.flags[row] = (columns.flags[row] as number) & ~rowFlags.own
        if (isGone(columns, row) || isWordless(columns, row)) continue
        const [others, mine] = [looked.othersBlock[at] as number, Math.min(looked.ownBlock[at] as number, seeing.block)]
        const other = looked.other[at] as number
        if (others < mine || (others === mine && looked.isPreceded[at] === 1)) {
          behind.add(other)
          continue
        }
        if (others !== never && !seeing.isLiar) overtaken.add(this.#minerOf(other) as number)
        columns.flags[row] = (columns.flags[row] as number) | rowFlags.own
        columns.hour[row] = Math.min(columns.hour[row] as number, looked.hour[at] as number)
        if (seeing.isLiar) continue
        if (looked.noted[at] !== 3 || mine < (looked.ownBlock[at] as number)) pushEntries(entries, columns, row, seeing.showing, mine)
      }
      noted += entries.length / entryWords(layout)
      this.#write(Uint32Array.from(entries))
    }
    return { overtaken, behind, noted }
  }

  /** The block in which the miner showed each row, undefined where it never was the first. */
  blocksOf(columns: BookColumns, rows: readonly number[], seeing: Omit<Seeing, 'block' | 'isLiar' | 'showing'>): (number | undefined)[] {
    return rows.map((row) => {
      const block = this.#look(columns, row, row + 1, seeing).ownBlock[0]
      return block === never ? undefined : block
    })
  }

  [Symbol.dispose](): void {
    this.#runs[Symbol.dispose]()
  }

  #look(columns: BookColumns, from: number, to: number, { miner, isThere, isKept, precedes }: Omit<Seeing, 'block' | 'isLiar' | 'showing'>) {
    const rows = to - from
    const keys = new Uint32Array(2 * kinds.length * rows)
    for (let at = 0; at < rows; at++) keys.set([columns.uri[from + at] as number, 0, columns.text[from + at] as number, 1], 4 * at)
    const looked = {
      rows,
      ownBlock: new Uint32Array(rows).fill(never),
      othersBlock: new Uint32Array(rows).fill(never),
      /** The showing of that. */
      other: new Uint32Array(rows),
      /** By one of those that showed it in that block. */
      isPreceded: new Uint8Array(rows),
      hour: new Uint32Array(rows).fill(never),
      /** Bits of the kinds under which this very row is noted as the miner's, in a showing that is kept. */
      noted: new Uint8Array(rows),
    }
    const left = new Uint16Array(2 * rows).fill(sightsMax)
    this.#runs.find(keys, (place, value) => {
      const [at, kind] = [place >> 1, place & 1]
      const [sketch0 = 0, sketch1 = 0, showing = 0, block = 0, hour = 0] = value
      const owner = this.#minerOf(showing)
      const common = equalBits(columns.sketch0[from + at] as number, sketch0) + equalBits(columns.sketch1[from + at] as number, sketch1)
      if (common >= (kinds[kind] as number)) {
        if (owner === miner) {
          if (common >= nearBitsMin.renewed) looked.hour[at] = Math.min(looked.hour[at] as number, hour)
          looked.ownBlock[at] = Math.min(looked.ownBlock[at] as number, block)
          if (common === 64 && isKept(showing)) looked.noted[at] = (looked.noted[at] as number) | (1 << kind)
        } else if (owner !== undefined && block <= (looked.othersBlock[at] as number) && isThere(owner)) {
          const isEarlier = block < (looked.othersBlock[at] as number)
          if (isEarlier || precedes(owner)) looked.other[at] = showing
          looked.isPreceded[at] = (isEarlier ? 0 : (looked.isPreceded[at] as number)) | Number(precedes(owner))
          looked.othersBlock[at] = block
        }
      }
      left[place] = (left[place] as number) - 1
      return left[place] === 0
    })
    return looked
  }

  #write(entries: Uint32Array): void {
    if (entries.length === 0) return
    this.#commit(() => this.#runs.write(entries))
    for (let merge = this.#runs.merge(); merge; merge = this.#runs.merge()) this.#merge(merge)
  }

  /** Leaves out what stands for nobody any more, once that is more than what stands: it takes a minute for a GB or two. @param standing sights */
  tidy(standing: number): void {
    const merge = this.#runs.entries > 2 * standing + tidyEntries ? this.#runs.merge('all') : undefined
    if (merge) this.#merge(merge)
  }

  #merge(merge: RunMerge): void {
    using merging = merge
    this.#commit(() => {
      for (;;) {
        const change = merging.step()
        if (change) return change
      }
    })
  }

  #commit(work: () => RunChange | undefined): void {
    const change = work()
    if (!change) return
    try {
      this.#db.transaction(() => {
        if (change.came !== null) this.#db.run('insert into runs values (?)', change.came)
        for (const name of change.went) this.#db.run('delete from runs where name = ?', name)
      })
    } catch (error) {
      this.#runs.discard(change)
      throw error
    }
    this.#runs.apply(change)
  }
}

function pushEntries(entries: number[], columns: BookColumns, row: number, showing: number, block: number): void {
  const value = [columns.sketch0[row] as number, columns.sketch1[row] as number, showing, block, columns.hour[row] as number] as const
  for (const [kind, key] of [columns.uri[row] as number, columns.text[row] as number].entries()) {
    entries.push(key, kind)
    for (const word of value) entries.push(word)
  }
}
