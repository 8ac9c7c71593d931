import { canonicalJson, sha256Hex } from '#schemas/canonical-json.ts'
import { historyPageMax, manifestBytesMax, workingKinds, type Catalog, type CatalogEntry, type EntryName, type Expiry } from '#schemas/catalog.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Line, LineFamily, ManifestKind } from '#schemas/lineage.ts'
import { Manifest } from '#schemas/manifest.ts'
import { refuse, requireInteger } from '../sqlite/arguments.ts'
import { openDatabase, type Database } from '../sqlite/database.ts'
import { unreadable } from '../sqlite/header.ts'
import { fileSchemas } from '../sqlite/schema.ts'

const namePattern = /^[A-Za-z0-9._=@+-]{1,512}(?:\/[A-Za-z0-9._=@+-]{1,512})*$/
const addressPattern = /^[0-9a-f]{64}$/
const nameCharsMax = 2048
/** Above every character a name may have, so that [prefix, prefix + last) holds all names with the prefix. */
const last = '\u{10ffff}'

const working: ReadonlySet<string> = new Set(workingKinds)

type AnyLine = Line<ManifestKind, ManifestKind>
type AnyFamily = LineFamily<ManifestKind, ManifestKind>

interface EntryRow {
  name: string
  version: number
  sha256: string
  committed_at: number
  manifest: string
}

/**
 * A Catalog in a SQLite file that processes share.
 * @param clock says when an entry was committed
 */
export function sqliteCatalog(path: string, { clock }: { clock: Pick<Clock, 'now'> }): Catalog & AsyncDisposable {
  const db = openDatabase(path, fileSchemas.catalog)
  const read = (line: AnyLine, row: EntryRow | undefined): CatalogEntry | undefined => row && toEntry(path, line, row)
  const port = {
    async commit(line: AnyLine, expected: string | undefined, manifest: Manifest): Promise<CatalogEntry> {
      requireName(line.name)
      requireParent(line, expected, manifest)
      const text = canonicalJson(parse(line, manifest))
      if (Buffer.byteLength(text) > manifestBytesMax) throw tooLarge(line, Buffer.byteLength(text))
      return toEntry(
        path,
        line,
        db.transaction(() => commitEntry(db, { line, expected, text, now: clock.now() })),
      )
    },
    async head(line: AnyLine): Promise<CatalogEntry | undefined> {
      requireName(line.name)
      return read(line, headOf(db, line.name))
    },
    async get(line: AnyLine, name: EntryName): Promise<CatalogEntry | undefined> {
      requireName(line.name)
      return read(line, find(db, line.name, name))
    },
    async history(line: AnyLine, { before = Number.MAX_SAFE_INTEGER, limit }: { before?: number; limit: number }): Promise<CatalogEntry[]> {
      requireName(line.name)
      requireInteger('before', before, 1)
      requireInteger('limit', limit, 1, historyPageMax)
      const rows = db.all<EntryRow>('select * from entries where name = ? and version < ? order by version desc limit ?', line.name, before, limit)
      return rows.map((row) => toEntry(path, line, row))
    },
    async lines({ prefix, kind, former }: AnyFamily): Promise<(AnyLine & { head: string })[]> {
      const rows = db.all<{ name: string; head: string }>(
        'select name, sha256 as head from lines where name >= ? and name < ? order by name',
        prefix,
        `${prefix}${last}`,
      )
      return rows.map(({ name, head }) => ({ name, kind, former, head }))
    },
    async expire(line: AnyLine, { keepNewest, before, keep = [] }: Expiry): Promise<number> {
      requireName(line.name)
      requireInteger('keepNewest', keepNewest, 1)
      requireInteger('before', before, 0)
      return db.transaction(() => forget(db, line.name, { keepNewest, before, keep }))
    },
    async remove({ name }: AnyLine, expected: string): Promise<void> {
      requireName(name)
      requireAddress('expected', expected)
      db.transaction(() => {
        const head = db.get<{ sha256: string }>('select sha256 from lines where name = ?', name)
        if (!head) return
        if (head.sha256 !== expected) throw conflict(name, expected, head.sha256)
        // An entry that is the head of a line cannot be deleted.
        db.run('delete from lines where name = ?', name)
        db.run('delete from entries where name = ?', name)
      })
    },
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]()
    },
  }
  // Each entry is checked to be of a kind of its line, which is all that the types of the port say more.
  return port as unknown as Catalog & AsyncDisposable
}

const headOf = (db: Database, name: string): EntryRow | undefined =>
  db.get<EntryRow>('select * from entries where name = ? order by version desc limit 1', name)

function find(db: Database, name: string, wanted: EntryName): EntryRow | undefined {
  if ('version' in wanted) {
    requireInteger('version', wanted.version, 1)
    return db.get<EntryRow>('select * from entries where name = ? and version = ?', name, wanted.version)
  }
  requireAddress('sha256', wanted.sha256)
  return db.get<EntryRow>('select * from entries where name = ? and sha256 = ?', name, wanted.sha256)
}

interface Commit {
  line: AnyLine
  expected: string | undefined
  /** The manifest as canonical JSON. */
  text: string
  now: number
}

function commitEntry(db: Database, { line: { name, kind }, expected, text, now }: Commit): EntryRow {
  const sha256 = sha256Hex(text)
  const head = headOf(db, name)
  if (head?.sha256 === sha256) return head
  if (head?.sha256 !== expected) throw conflict(name, expected, head?.sha256)
  const after = head && head.committed_at > now + aheadMs ? setBack(db, head, Math.floor(now)) : (head?.committed_at ?? 0)
  const row = { name, version: (head?.version ?? 0) + 1, sha256, committed_at: Math.max(Math.floor(now), after), manifest: text }
  db.run('insert into entries (name, version, sha256, committed_at, manifest) values (?, ?, ?, ?, ?)', name, row.version, sha256, row.committed_at, text)
  db.run('insert into lines values (?, ?, ?) on conflict do update set version = excluded.version, sha256 = excluded.sha256', name, row.version, sha256)
  if (working.has(kind)) db.run('delete from entries where name = ? and version < ?', name, row.version - 1)
  return row
}

/** A head that lies so far ahead of who commits next was committed by a wrong clock, ms. */
const aheadMs = 86_400_000

/**
 * Sets back to now what lies ahead, so that a line goes on in time whose clock was a year ahead for a moment: else nothing of it would be forgotten until then. Only where
 * the line has something from before: a clock that is behind all of it is the wrong one itself.
 * @returns the time of the head
 */
function setBack(db: Database, { name, committed_at }: EntryRow, now: number): number {
  if (!db.get('select 1 from entries where name = ? and committed_at <= ? limit 1', name, now)) return committed_at
  db.run('update entries set committed_at = ? where name = ? and committed_at > ?', now, name, now)
  return now
}

function conflict(name: string, expected: string | undefined, head: string | undefined): OrreryError {
  const message = `The head of "${name}" is ${head ?? 'not there yet'}, not ${expected ?? 'absent'}: another commit came first; read the head and decide again.`
  return new OrreryError('conflict', message, { name, expected: expected ?? null, head: head ?? null })
}

/** Times do not fall along a line, so that what was the head at `before` is the newest that was committed by then. */
function forget(db: Database, name: string, { keepNewest, before, keep }: Required<Expiry>): number {
  for (const address of keep) requireAddress('keep', address)
  const then = db.get<{ version: number }>('select version from entries where name = ? and committed_at <= ? order by version desc limit 1', name, before)
  const head = db.get<{ version: number }>('select version from lines where name = ?', name)
  if (!then || !head) return 0
  const below = Math.min(then.version, head.version - keepNewest + 1)
  return db.run('delete from entries where name = ? and version < ? and sha256 not in (select value from json_each(?))', name, below, JSON.stringify(keep))
}

/** What stands in the file is checked by its own address, so that a damaged row is never taken for a manifest. */
function toEntry(path: string, line: AnyLine, { name, version, sha256, committed_at, manifest: text }: EntryRow): CatalogEntry {
  if (sha256Hex(text) !== sha256) throw unreadable(path, `version ${version} of "${name}" is not what its sha256 says`)
  const manifest = JSON.parse(text) as Manifest
  const { kind } = manifest
  if (kind !== line.kind && !line.former.includes(kind))
    throw unreadable(path, `version ${version} of "${name}" is of kind "${kind}", written by another program`)
  return { name, kind, version, sha256, committedAt: committed_at, manifest } as CatalogEntry
}

function parse({ name, kind }: AnyLine, manifest: Manifest): Manifest {
  const parsed = Manifest.safeParse(manifest)
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'manifest'}: ${issue.message}`)
    throw new OrreryError('invalid_record', `The manifest for "${name}" is not of its kind: ${problems.slice(0, 5).join('; ')}.`, { name, problems })
  }
  if (parsed.data.kind !== kind) throw refuse('manifest', parsed.data.kind, `one of kind "${kind}" for the line "${name}"`)
  return parsed.data
}

const tooLarge = ({ name, kind }: AnyLine, bytes: number): OrreryError =>
  new OrreryError(
    'too_large',
    `The manifest of kind "${kind}" for "${name}" has ${bytes} bytes, more than ${manifestBytesMax}; put its long lists into objects.`,
    {
      name,
      bytes,
    },
  )

function requireName(name: string): void {
  if (typeof name === 'string' && name.length <= nameCharsMax && namePattern.test(name)) return
  throw refuse('name', name, '"/"-separated segments of 1..512 characters of [A-Za-z0-9._=@+-]')
}

function requireAddress(argument: string, address: string): void {
  if (typeof address !== 'string' || !addressPattern.test(address)) throw refuse(argument, address, 'a sha256 in lower-case hex')
}

function requireParent({ name }: AnyLine, expected: string | undefined, manifest: Manifest): void {
  if (expected !== undefined) requireAddress('expected', expected)
  if ((manifest?.parent ?? undefined) !== expected) throw refuse('expected', expected, `the parent that the manifest for "${name}" names (${manifest?.parent})`)
}
