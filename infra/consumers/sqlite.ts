import type { Clock } from '#schemas/clock.ts'
import { staleMs, stateBytesMax, statesMax, type Consumers, type ConsumerState } from '#schemas/consumers.ts'
import { OrreryError } from '#schemas/errors.ts'
import { requireInteger, requireText } from '../sqlite/arguments.ts'
import { openDatabase, type Database } from '../sqlite/database.ts'
import { fileSchemas } from '../sqlite/schema.ts'

interface Row {
  owner: string
  state: string
  version: number
  updated_at: number
}

interface Change {
  job: string
  name: string
  state: string
  owner: string
  expected: number | undefined
}

/** Consumers in a SQLite file that processes share. @throws OrreryError `newer_version`, `data_unreadable` */
export function sqliteConsumers(path: string, { clock }: { clock: Clock }): Consumers & AsyncDisposable {
  const db = openDatabase(path, fileSchemas.consumers)
  return {
    get: async (job, name) => stateOf(find(db, job, name)),
    async put(job, name, state, { owner, expected }) {
      for (const [argument, value] of Object.entries({ job, name, owner })) requireText(argument, value, 256)
      if (expected !== undefined) requireInteger('expected', expected, 0)
      if (Buffer.byteLength(state) > stateBytesMax)
        throw new OrreryError('too_large', `The state of "${name}" has more than ${stateBytesMax} bytes; keep less in it.`, { bytesMax: stateBytesMax })
      requireText('state', state, stateBytesMax)
      return db.transaction(() => put(db, { job, name, state, owner, expected }, clock.now()))
    },
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]()
    },
  }
}

const find = (db: Database, job: string, name: string): Row | undefined => db.get<Row>('select * from consumers where job = ? and name = ?', job, name)

const stateOf = (row: Row | undefined): ConsumerState | undefined => row && { state: row.state, version: row.version, updatedAt: row.updated_at }

function put(db: Database, { job, name, state, owner, expected }: Change, now: number): ConsumerState {
  const known = find(db, job, name)
  if (known && known.owner !== owner) throw new OrreryError('forbidden', `The state "${name}" is another's; keep yours under a name of your own.`, { name })
  if (expected !== undefined && expected !== (known?.version ?? 0))
    throw new OrreryError('precondition_failed', `The state "${name}" was changed since; read it again.`, { version: known?.version ?? 0 })
  if (!known) makeRoom(db, owner, now)
  const version = (known?.version ?? 0) + 1
  db.run(
    `insert into consumers values (?, ?, ?, ?, ?, ?) on conflict do update set state = excluded.state, version = excluded.version, updated_at = excluded.updated_at`,
    job,
    name,
    owner,
    state,
    version,
    now,
  )
  return { state, version, updatedAt: now }
}

function makeRoom(db: Database, owner: string, now: number): void {
  const { states } = db.get<{ states: number }>('select count(*) as states from consumers where owner = ?', owner) ?? { states: 0 }
  if (states < statesMax) return
  const oldest = db.get<{ job: string; name: string }>(
    'select job, name from consumers where owner = ? and updated_at < ? order by updated_at limit 1',
    owner,
    now - staleMs,
  )
  if (!oldest) throw new OrreryError('rate_limited', `There are ${statesMax} states of this owner already; use their names again.`, { statesMax })
  db.run('delete from consumers where job = ? and name = ?', oldest.job, oldest.name)
}
