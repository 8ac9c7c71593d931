import type { Database } from '#infra/sqlite/database.ts'

/** Thirty days of blocks of 12 s: so long a row is paid by its age. */
const monthBlocks = 216_000
const dayBlocks = 7200

/**
 * What a miner shows between two evaluations that it passes is one showing; sights (sights.ts) are noted under its number. It is open until the miner passes with it,
 * and holds then: what was withdrawn before any draw could meet it is nobody's, and who has not passed within a day keeps nobody from anything. A showing that
 * holds is forgotten after two months; rows that are still claimed are noted anew after one, so that they stay their miner's. So what is kept of a miner are some 56 bytes
 * of each row that it showed in two months, and of each that it claims.
 */
export class Showings {
  readonly #db: Database
  /** Number of each showing → its miner. */
  readonly #miners: Map<number, number>
  /** Of the last review. */
  #block: number

  constructor(db: Database) {
    this.#db = db
    this.#miners = new Map(db.all<{ showing: number; miner: number }>('select showing, miner from showings').map(({ showing, miner }) => [showing, miner]))
    this.#block = db.get<{ block: number }>('select block from looks')?.block ?? 0
  }

  minerOf(showing: number): number | undefined {
    return this.#miners.get(showing)
  }

  /** The open one of a miner, or a new one. @param block of the claim of which rows are noted in it */
  open(miner: number, block: number): number {
    const open = this.#openOf(miner)
    if (open !== undefined) {
      this.#db.run('update showings set block = max(block, ?) where showing = ?', block, open)
      return open
    }
    return this.#begin(miner, block)
  }

  /** As at the last review. */
  openNow(miner: number): number {
    return this.open(miner, this.#block)
  }

  /** Rows of its open showing are claimed no more. */
  withdrawn(miner: number): void {
    this.#db.run('update showings set withdrawn = 1 where miner = ? and held = 0', miner)
  }

  /**
   * Where rows of the open showing were withdrawn: ends it, and begins another for those that are left of it.
   * @returns the one that ended, which stands until it is forgotten: what it knows of the rows that are left is to be noted in the other first
   */
  renew(miner: number, block: number): { ended: number; begun: number } | undefined {
    const ended = this.#db.get<{ showing: number }>('select showing from showings where miner = ? and held = 0 and withdrawn = 1', miner)?.showing
    return ended === undefined ? undefined : { ended, begun: this.#begin(miner, block) }
  }

  /** The miner passed: what it shows is its own. */
  hold(miner: number): void {
    this.#db.run('update showings set held = 1 where miner = ? and held = 0', miner)
  }

  forget(showings: Iterable<number>): void {
    for (const showing of showings) {
      this.#db.run('update miners set stale = 1 where miner in (select miner from behind where showing = ?)', showing)
      this.#db.run('delete from behind where showing = ?', showing)
      this.#db.run('update files set showing = 0 where showing = ?', showing)
      this.#db.run('delete from showings where showing = ?', showing)
      this.#miners.delete(showing)
    }
  }

  forgetAllOf(miner: number): void {
    this.forget(this.#db.all<{ showing: number }>('select showing from showings where miner = ?', miner).map(({ showing }) => showing))
    this.#db.run('delete from behind where miner = ?', miner)
  }

  /** These keep a miner from rows: when one of them goes, they are looked up again. */
  noteBehind(miner: number, showings: Iterable<number>): void {
    for (const showing of showings) this.#db.run('insert into behind values (?, ?) on conflict do nothing', showing, miner)
  }

  noteSights(showing: number, count: number): void {
    this.#db.run('update showings set noted = noted + ? where showing = ?', count, showing)
  }

  /** Sights that stand. */
  standing(): number {
    return this.#db.get<{ noted: number | null }>('select sum(noted) as noted from showings')?.noted ?? 0
  }

  /** From this number on a sight is young enough to stand for a row that is claimed. */
  youngFrom(): number {
    const oldest = this.#db.get<{ showing: number | null }>('select min(showing) as showing from showings where block >= ?', this.#block - monthBlocks)
    return oldest?.showing ?? Infinity
  }

  /** Forgets what has had its time, and marks the miners whose rows are to be noted anew. @param block of the look */
  review(block: number): void {
    this.#block = Math.max(this.#block, block)
    const over = this.#db.all<{ showing: number }>(
      `select showing from showings where (held = 0 and opened < ?1) or
         (held = 1 and block < ?2 and not exists (select 1 from files where files.showing = showings.showing))`,
      block - dayBlocks,
      block - 2 * monthBlocks,
    )
    this.forget(over.map(({ showing }) => showing))
    this.#db.run(
      `update miners set stale = 1 where miner in (
         select miner from files where showing = 0 or showing in (select showing from showings where block < ?)
       ) and stale = 0 and liar = 0`,
      block - monthBlocks,
    )
  }

  #openOf(miner: number): number | undefined {
    return this.#db.get<{ showing: number | null }>('select max(showing) as showing from showings where miner = ? and held = 0', miner)?.showing ?? undefined
  }

  #begin(miner: number, block: number): number {
    this.#db.run('insert into showings (miner, opened, block) values (?, ?, ?)', miner, block, block)
    const showing = this.#openOf(miner) as number
    this.#miners.set(showing, miner)
    return showing
  }
}
