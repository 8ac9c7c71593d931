import { closeSync, openSync, readSync } from 'node:fs'
import { localChainSchema } from '#infra/chain/local-schema.ts'
import { OrreryError } from '#schemas/errors.ts'
import { fileSchemas, type FileSchema } from './schema.ts'

/** https://www.sqlite.org/fileformat2.html#the_database_header: 100 bytes, big-endian. */
const headerBytes = 100
const magic = 'SQLite format 3\0'
/** Every kind of SQLite file this program writes. */
const knownSchemas: readonly FileSchema[] = [...Object.values(fileSchemas), localChainSchema]
const offsets = { schemaCookie: 40, userVersion: 60, applicationId: 68 }

/**
 * Whether this program can use the database file, judged by its header alone: nothing is written, created or locked. A missing or empty file is fine.
 * @param schema what the file should hold; without it, any kind this program writes
 * @throws OrreryError `newer_version`, `data_unreadable`
 */
export function inspectDatabase(path: string, schema?: FileSchema): void {
  const header = readHeader(path)
  if (!header) return
  if (header.length < headerBytes || header.toString('latin1', 0, magic.length) !== magic) throw unreadable(path, 'it is not a SQLite database')
  const applicationId = header.readUInt32BE(offsets.applicationId)
  const version = header.readUInt32BE(offsets.userVersion)
  if (version > 0 || applicationId > 0 || header.readUInt32BE(offsets.schemaCookie) > 0) checkIdentity(path, { applicationId, version }, schema)
}

/** Of a database that is not new. @throws OrreryError `newer_version`, `data_unreadable` for a file of another kind or another program */
export function checkIdentity(path: string, found: { applicationId: number; version: number }, expected?: FileSchema): void {
  const actual = [...knownSchemas, ...(expected ? [expected] : [])].find((known) => known.applicationId === found.applicationId)
  const supported = (actual ?? expected)?.steps.length ?? 0
  const isNewer = found.version > supported
  if (!actual && !(found.applicationId === 0 && isNewer)) throw unreadable(path, 'it is the database of another program')
  if (actual && expected && actual.applicationId !== expected.applicationId) throw unreadable(path, `it is a ${actual.kind} file, not a ${expected.kind} file`)
  if (!isNewer) return
  const message = `The ${actual?.kind ?? 'database'} file ${path} has version ${found.version}; this program knows versions up to ${supported}. Use the newer program that wrote it, or another data folder (--data).`
  throw new OrreryError('newer_version', message, { path, version: found.version, supported })
}

/** What to say of a file that cannot be used as it is. */
export function unreadable(path: string, why: string, cause?: unknown): OrreryError {
  const message = `The file ${path} cannot be used: ${why}. Restore it from a backup, mend its permissions, move it away, or choose another data folder (--data).`
  return new OrreryError('data_unreadable', message, { path, why }, cause)
}

/** The first bytes of the file; undefined when there are none. */
function readHeader(path: string): Buffer | undefined {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unreadable(path, `it cannot be opened (${(cause as NodeJS.ErrnoException).code})`, cause)
  }
  try {
    const header = Buffer.alloc(headerBytes)
    const bytes = readSync(file, header, 0, headerBytes, 0)
    return bytes === 0 ? undefined : header.subarray(0, bytes)
  } catch (cause) {
    throw unreadable(path, `it cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause)
  } finally {
    closeSync(file)
  }
}
