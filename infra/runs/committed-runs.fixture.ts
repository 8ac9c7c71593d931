import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { fmix32 } from '#schemas/fmix32.ts'
import type { RunLayout } from './run-layout.ts'
import { RunSet, type RunChange } from './run-set.ts'

export const layout: RunLayout = { keyWords: 1, valueWords: 1, filterBits: 6 }

/** A set of the numbers from 0 on, each under its hash, as an index keeps one: what counts is a transaction of SQLite. */
export function committedRuns(folder: string) {
  const db = new DatabaseSync(join(folder, 'list.sqlite'))
  db.exec('pragma journal_mode = wal; pragma synchronous = full; create table if not exists runs (name text primary key, count integer not null)')
  const rows = db.prepare('select name, count from runs').all() as { name: string; count: number }[]
  const set = new RunSet(
    join(folder, 'runs'),
    layout,
    rows.map(({ name }) => name),
  )
  let count = rows.reduce((sum, row) => sum + row.count, 0)
  const commit = (change: RunChange, added: number): void => {
    db.exec('begin immediate')
    for (const name of change.went) {
      added += (db.prepare('select count from runs where name = ?').get(name) as { count: number }).count
      db.prepare('delete from runs where name = ?').run(name)
    }
    db.prepare('insert into runs values (?, ?)').run(change.came, added)
    db.exec('commit')
    set.apply(change)
  }
  return {
    set,
    get count(): number {
      return count
    },
    add(numbers: number): void {
      const entries = new Uint32Array(numbers * 2)
      for (let at = 0; at < numbers; at++) entries.set([fmix32(count + at), count + at], at * 2)
      commit(set.write(entries) as RunChange, numbers)
      count += numbers
    },
    merge(): void {
      for (let merge = set.merge(); merge; merge = set.merge()) {
        let change: RunChange | undefined
        while (!change) change = merge.step()
        commit(change, 0)
      }
    },
    [Symbol.dispose](): void {
      set[Symbol.dispose]()
      db.close()
    },
  }
}
