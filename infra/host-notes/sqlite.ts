import type { Clock } from '#schemas/clock.ts'
import { noteCharsMax, type HostNotes } from '#schemas/host-notes.ts'
import { openDatabase } from '../sqlite/database.ts'
import { fileSchemas } from '../sqlite/schema.ts'
import { unlessTaken, waitForNobody } from '../sqlite/when-free.ts'

/** Beyond so many those whose time ends first go. */
const notesDefault = 200_000
/** Puts between two looks at how many there are. */
const puttingsPerLook = 1024

/**
 * HostNotes in a SQLite file. They never wait: what cannot be read or written at once, because another process has the file, is a note that is missing.
 * @param clock ends the time of notes
 * @throws OrreryError `newer_version`, `data_unreadable`
 */
export function sqliteHostNotes(path: string, { clock, notesMax = notesDefault }: { clock: Clock; notesMax?: number }): HostNotes & AsyncDisposable {
  const db = openDatabase(path, fileSchemas.notes)
  // A cache: a power cut may cost the last notes, not the file, and no visit waits for a sync.
  db.run('pragma synchronous = normal')
  waitForNobody(db)
  const prune = (): void => {
    db.run('delete from notes where until <= ?', clock.now())
    const count = db.get<{ count: number }>('select count(*) as count from notes')?.count ?? 0
    if (count > notesMax) db.run('delete from notes where (kind, host) in (select kind, host from notes order by until, host limit ?)', count - notesMax)
  }
  unlessTaken(prune)
  let puttings = 0
  return {
    get: async (kind, host) =>
      unlessTaken(() => db.get<{ text: string }>('select text from notes where kind = ? and host = ? and until > ?', kind, host, clock.now())?.text),
    async put(kind, host, text, until) {
      unlessTaken(() => {
        if (text.length > noteCharsMax) return db.run('delete from notes where kind = ? and host = ?', kind, host)
        return db.run('insert into notes values (?, ?, ?, ?) on conflict do update set text = excluded.text, until = excluded.until', kind, host, text, until)
      })
      if (++puttings % puttingsPerLook === 0) unlessTaken(prune)
    },
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]()
    },
  }
}
