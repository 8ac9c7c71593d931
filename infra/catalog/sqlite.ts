import { canonicalJson, sha256Hex } from '#schemas/canonical-json.ts'
import { workingKinds, type Catalog, type CatalogEntry } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { Manifest } from '#schemas/manifest.ts'
import { refuse, requireInteger } from '../sqlite/arguments.ts'
import { openDatabase, type Database } from '../sqlite/database.ts'
import { unreadable } from '../sqlite/header.ts'
import { fileSchemas, isWorking } from '../sqlite/schema.ts'

const namePattern = /^[A-Za-z0-9._=@+-]{1,512}(?:\/[A-Za-z0-9._=@+-]{1,512})*$/
const nameCharsMax = 2048
/** Above every character a name may have, so that [prefix, prefix + last) holds all names with the prefix. */
const last = '\u{10ffff}'

const working: ReadonlySet<string> = new Set(workingKinds)

interface EntryRow {
  name: string
  version: number
  sha256: string
  manifest: string
}

/** A Catalog in a SQLite file that processes share. */
export function sqliteCatalog(path: string): Catalog & AsyncDisposable {
  const db = openDatabase(path, fileSchemas.catalog)
  return {
    async commit(name, expected, manifest) {
      requireName(name)
      requireParent(name, expected, manifest)
      const parsed = parse(name, manifest)
      const commit = { name, expected, kind: parsed.kind, text: canonicalJson(parsed) }
      return db.transaction(() => commitEntry(db, path, commit))
    },
    async head(name) {
      requireName(name)
      const [newest] = newestEntries(db, name, 1)
      return newest && toEntry(path, newest)
    },
    async history(name, limit) {
      requireName(name)
      if (limit !== undefined) requireInteger('limit', limit, 1)
      return newestEntries(db, name, limit ?? -1).map((row) => toEntry(path, row))
    },
    async names(prefix) {
      return db.all<{ name: string }>('select name from lines where name >= ? and name < ? order by name', prefix, `${prefix}${last}`).map(({ name }) => name)
    },
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]()
    },
  }
}

const newestEntries = (db: Database, name: string, limit: number): EntryRow[] =>
  db.all<EntryRow>('select * from entries where name = ? order by version desc limit ?', name, limit)

interface Commit {
  name: string
  expected: string | undefined
  kind: Manifest['kind']
  /** The manifest as canonical JSON. */
  text: string
}

function commitEntry(db: Database, path: string, { name, expected, kind, text }: Commit): CatalogEntry {
  const sha256 = sha256Hex(text)
  const [head] = newestEntries(db, name, 1)
  if (head?.sha256 === sha256) return toEntry(path, head)
  if (head?.sha256 !== expected) {
    const message = `The head of "${name}" is ${head?.sha256 ?? 'not there yet'}, not ${expected ?? 'absent'}: another commit came first; read the head and decide again.`
    throw new OrreryError('conflict', message, { name, expected: expected ?? null, head: head?.sha256 ?? null })
  }
  const row = { name, version: (head?.version ?? 0) + 1, sha256, manifest: text }
  db.run('insert into entries (name, version, sha256, manifest) values (?, ?, ?, ?)', name, row.version, sha256, text)
  db.run('insert into lines values (?, ?, ?) on conflict do update set version = excluded.version, sha256 = excluded.sha256', name, row.version, sha256)
  if (working.has(kind)) db.run(`delete from entries where name = ? and version < ? and ${isWorking('manifest')}`, name, row.version - 1)
  return toEntry(path, row)
}

/** What stands in the file is checked by its own address, so that a damaged row is never taken for a manifest. */
function toEntry(path: string, { name, version, sha256, manifest }: EntryRow): CatalogEntry {
  if (sha256Hex(manifest) !== sha256) throw unreadable(path, `version ${version} of "${name}" is not what its sha256 says`)
  return { name, version, sha256, manifest: JSON.parse(manifest) as Manifest }
}

function parse(name: string, manifest: Manifest): Manifest {
  const parsed = Manifest.safeParse(manifest)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'manifest'}: ${issue.message}`)
  throw new OrreryError('invalid_record', `The manifest for "${name}" is not of its kind: ${problems.slice(0, 5).join('; ')}.`, { name, problems })
}

function requireName(name: string): void {
  if (typeof name === 'string' && name.length <= nameCharsMax && namePattern.test(name)) return
  throw refuse('name', name, '"/"-separated segments of 1..512 characters of [A-Za-z0-9._=@+-]')
}

function requireParent(name: string, expected: string | undefined, manifest: Manifest): void {
  if (expected !== undefined && !/^[0-9a-f]{64}$/.test(expected)) throw refuse('expected', expected, 'the sha256 of the head in lower-case hex')
  if ((manifest?.parent ?? undefined) !== expected) throw refuse('expected', expected, `the parent that the manifest for "${name}" names (${manifest?.parent})`)
}
