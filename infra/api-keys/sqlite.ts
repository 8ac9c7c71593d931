import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { apiScopes, type Admission, type ApiKey, type ApiKeys, type ApiKeyWish, type ApiScope, type NewApiKey } from '#schemas/api-keys.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { openDatabase, type Database } from '../sqlite/database.ts'
import { fileSchemas } from '../sqlite/schema.ts'

interface Row {
  id: string
  name: string
  sha256: Uint8Array
  former_sha256: Uint8Array | null
  former_until: number | null
  scopes: string
  requests_per_minute: number | null
  bytes_per_day: number | null
  created_at: number
  expires_at: number | null
  revoked_at: number | null
  last_used_at: number | null
  minute: number
  requests: number
  day: number
  bytes: number
}

const spelling = /^orr_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/
const nameCharsMax = 100
const minuteMs = 60_000
const dayMs = 86_400_000
/** How far ahead the end of a key may lie, and that of a secret that another took the place of. */
const lifeMsMax = 36_500 * dayMs
const graceMsMax = 366 * dayMs

/**
 * ApiKeys in a SQLite file.
 * @throws OrreryError `newer_version`, `data_unreadable`
 */
export function sqliteApiKeys(path: string, { clock }: { clock: Clock }): ApiKeys & AsyncDisposable {
  const db = openDatabase(path, fileSchemas.keys)
  const find = (id: string) => db.get<Row>('select * from keys where id = ?', id)
  const require = (id: string): Row => {
    const row = find(id)
    if (row) return row
    throw new OrreryError('not_found', `There is no key "${id}"; \`orrery dataset key list\` says which there are.`, { id })
  }
  return {
    create: async (wish) =>
      durably(db, () => {
        requireWish(wish, clock.now())
        const { name, scopes, requestsPerMinute, bytesPerDay, expiresAt } = wish
        const id = randomBytes(6).toString('hex')
        const { secret, sha256 } = newSecret(id)
        db.run(
          `insert into keys (id, name, sha256, scopes, requests_per_minute, bytes_per_day, created_at, expires_at) values (?, ?, ?, ?, ?, ?, ?, ?)`,
          id,
          name,
          sha256,
          scopes.join(' '),
          requestsPerMinute,
          bytesPerDay,
          clock.now(),
          expiresAt,
        )
        return { key: keyOf(require(id)), secret } satisfies NewApiKey
      }),
    list: async () => db.all<Row>('select * from keys order by created_at, id').map(keyOf),
    revoke: async (id) =>
      durably(db, () => {
        require(id)
        db.run('update keys set revoked_at = coalesce(revoked_at, ?) where id = ?', clock.now(), id)
        return keyOf(require(id))
      }),
    rotate: async (id, graceMs) =>
      durably(db, () => {
        if (!(graceMs >= 0 && graceMs <= graceMsMax))
          throw new OrreryError('invalid_argument', 'A secret is taken beside the next for at most 366 days; say fewer.', { graceMs })
        const { revoked_at, expires_at, sha256: former } = require(id)
        const why = revoked_at !== null ? 'was revoked' : expires_at !== null && clock.now() >= expires_at ? 'has expired' : undefined
        if (why) throw new OrreryError('conflict', `The key "${id}" ${why}; make a new one with \`orrery dataset key create\`.`, { id })
        const { secret, sha256 } = newSecret(id)
        db.run('update keys set sha256 = ?, former_sha256 = ?, former_until = ? where id = ?', sha256, former, clock.now() + graceMs, id)
        return { key: keyOf(require(id)), secret }
      }),
    admit: async (secret) => {
      const [, id] = spelling.exec(secret) ?? []
      return id === undefined ? { outcome: 'unknown' } : db.transaction(() => admit(db, find(id), secret, clock.now()))
    },
    charge: async (id, bytes) => {
      const day = Math.floor(clock.now() / dayMs)
      db.run('update keys set bytes = case when day = ? then bytes + ? else ? end, day = ? where id = ?', day, bytes, bytes, day, id)
    },
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]()
    },
  }
}

/** What changes a key is synced; counting is not, so that no request waits for a disk. */
function durably<T>(db: Database, work: () => T): T {
  db.run('pragma synchronous = full')
  try {
    return db.transaction(work)
  } finally {
    db.run('pragma synchronous = normal')
  }
}

function admit(db: Database, row: Row | undefined, secret: string, now: number): Admission {
  if (!row || !isSecretOf(row, secret, now)) return { outcome: 'unknown' }
  if (row.revoked_at !== null) return { outcome: 'revoked' }
  if (row.expires_at !== null && now >= row.expires_at) return { outcome: 'expired' }
  const [minute, day] = [Math.floor(now / minuteMs), Math.floor(now / dayMs)]
  const requests = row.minute === minute ? row.requests : 0
  const refuse = (quota: 'requests_per_minute' | 'bytes_per_day', untilMs: number): Admission => ({
    outcome: 'quota',
    quota,
    retrySeconds: Math.max(1, Math.ceil((untilMs - now) / 1000)),
  })
  if (row.requests_per_minute !== null && requests >= row.requests_per_minute) return refuse('requests_per_minute', (minute + 1) * minuteMs)
  if (row.bytes_per_day !== null && row.day === day && row.bytes >= row.bytes_per_day) return refuse('bytes_per_day', (day + 1) * dayMs)
  db.run('update keys set minute = ?, requests = ?, last_used_at = ? where id = ?', minute, requests + 1, now, row.id)
  return { outcome: 'admitted', key: keyOf({ ...row, last_used_at: now }) }
}

function isSecretOf({ sha256, former_sha256, former_until }: Row, secret: string, now: number): boolean {
  const given = hashOf(secret)
  const isFormer = former_sha256 !== null && timingSafeEqual(given, former_sha256) && now < (former_until ?? 0)
  return timingSafeEqual(given, sha256) || isFormer
}

function newSecret(id: string): { secret: string; sha256: Uint8Array } {
  const secret = `orr_${id}_${randomBytes(32).toString('base64url')}`
  return { secret, sha256: hashOf(secret) }
}

/** Of 256 random bits: nobody finds them by trying, so that a slow hash would protect nothing. */
const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()

const keyOf = (row: Row): ApiKey => ({
  id: row.id,
  name: row.name,
  scopes: row.scopes.split(' ').filter((scope): scope is ApiScope => apiScopes.some((known) => known === scope)),
  requestsPerMinute: row.requests_per_minute,
  bytesPerDay: row.bytes_per_day,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
  lastUsedAt: row.last_used_at,
})

const refuse = (problem: string): OrreryError => new OrreryError('invalid_argument', `A key cannot be made: ${problem}.`)

function requireWish({ name, scopes, requestsPerMinute, bytesPerDay, expiresAt }: ApiKeyWish, now: number): void {
  if (name.trim() === '' || name.length > nameCharsMax || /\p{Cc}/u.test(name)) throw refuse(`its name is one line of 1..${nameCharsMax} characters`)
  if (scopes.length === 0 || scopes.some((scope) => !apiScopes.includes(scope))) throw refuse(`its scopes are some of ${apiScopes.join(', ')}`)
  for (const quota of [requestsPerMinute, bytesPerDay])
    if (quota !== null && (!Number.isSafeInteger(quota) || quota < 1)) throw refuse('a quota is a whole number of at least 1')
  if (expiresAt === null) return
  if (!(expiresAt > now)) throw refuse('it would have expired already')
  if (expiresAt > now + lifeMsMax) throw refuse('it would end in more than 36,500 days; say fewer, or none for one that does not end')
}
