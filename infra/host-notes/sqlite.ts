import type { Clock } from '#schemas/clock.ts'
import type { HostNotes } from '#schemas/host-notes.ts'
import { openDatabase } from '../sqlite/database.ts'
import { fileSchemas } from '../sqlite/schema.ts'

const textCharsMax = 65_536
/** Beyond so many those whose time ends first go. */
const notesDefault = 200_000
/** Puts between two looks at how many there are. */
const puttingsPerLook = 1024

/** HostNotes in a SQLite file. @param clock ends the time of notes */
export function sqliteHostNotes(path: string, { clock, notesMax = notesDefault }: { clock: Clock; notesMax?: number }): HostNotes & Disposable {
  const db = openDatabase(path, fileSchemas.notes)
  // A cache: a power cut may cost the last notes, not the file, and no visit waits for a sync.
  db.run('pragma synchronous = normal')
  const prune = (): void => {
    db.run('delete from notes where until <= ?', clock.now())
    const count = db.get<{ count: number }>('select count(*) as count from notes')?.count ?? 0
    if (count > notesMax) db.run('delete from notes where (kind, host) in (select kind, host from notes order by until, host limit ?)', count - notesMax)
  }
  prune()
  let puttings = 0
  return {
    get: (kind, host) => db.get<{ text: string }>('select text from notes where kind = ? and host = ? and until > ?', kind, host, clock.now())?.text,
    put(kind, host, text, until) {
      if (text.length > textCharsMax) return void db.run('delete from notes where kind = ? and host = ?', kind, host)
      db.run('insert into notes values (?, ?, ?, ?) on conflict do update set text = excluded.text, until = excluded.until', kind, host, text, until)
      if (++puttings % puttingsPerLook === 0) prune()
    },
    [Symbol.dispose]: () => db[Symbol.dispose](),
  }
}
