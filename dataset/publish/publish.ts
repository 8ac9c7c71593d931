import { createHash } from 'node:crypto'
import { commit, createRepo, listFiles, repoExists, type CommitOperation, type ListFileEntry } from '@huggingface/hub'
import type { Catalog } from '#schemas/catalog.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { StoredFile } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Sql } from '#schemas/sql.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { datasetCard } from './card.ts'
import { hubError } from './hub-error.ts'
import { refusedRows } from './refused-rows.ts'

export interface PublishRequest {
  catalog: Catalog
  store: ObjectStore
  sql: Sql
  telemetry: Telemetry
  /** Name of the dataset. */
  name: string
  /** `user/name` on the hub. */
  repo: string
  /** Origin of the hub. */
  hubUrl: string
  /** Access token, `hf_…`. */
  token: string
  /** Whether a repository that does not exist yet is made private. */
  isPrivate: boolean
  signal: AbortSignal
}

export interface Publication {
  version: number
  url: string
  /** undefined when the hub had this version already. */
  commit: string | undefined
}

/** A file as it shall lie in the repository. */
interface Wanted {
  path: string
  bytes: number
  sha256: string
  read(): Promise<Uint8Array>
}

const repoPattern = /^[A-Za-z0-9][A-Za-z0-9-]{0,95}\/[A-Za-z0-9_](?:[A-Za-z0-9_-]|[.](?![.])){0,95}$/

/**
 * Publishes the newest version in the Hugging Face layout, as one commit: the card, and the Parquet files as `data/train-00000-of-0000N.parquet`.
 * Files the hub has already are not sent again; a hub that has all of them gets no commit. A version with a page whose owner does not want it learnt from is
 * not published at all.
 * @throws OrreryError `invalid_argument` (repo name), `invalid_record` (such a page), `not_found` (no dataset yet, no such user), `unauthorized`, `forbidden`, `conflict`, `rate_limited`,
 *   `timed_out`, `upstream_failed`
 */
export async function publish(request: PublishRequest): Promise<Publication> {
  const { repo, hubUrl, name, telemetry } = request
  if (!repoPattern.test(repo)) throw new OrreryError('invalid_argument', `--repo "${repo}" is not of the form user/name; for example alice/${name}.`, { repo })
  const entry = await request.catalog.head(lineage.dataset(name))
  if (!entry) throw new OrreryError('not_found', `There is no dataset "${name}" to publish yet; make one with \`orrery dataset ingest\`.`, { name })
  await refuseReserved(request, entry)
  const wanted = await layout(request, entry)
  try {
    const operations = await difference(wanted, await filesOfRepo(request))
    const oid = operations.length === 0 ? undefined : await send(request, entry, operations)
    const publication = { version: entry.version, url: `${hubUrl}/datasets/${repo}`, commit: oid }
    telemetry.event('dataset.published', { name, ...publication, files: wanted.length, changed: operations.length })
    return publication
  } catch (cause) {
    request.signal.throwIfAborted()
    throw hubError(cause, request)
  }
}

/** Ingest leaves such pages out, by the rules of its day. */
async function refuseReserved({ sql, name, signal }: PublishRequest, { version, manifest }: DatasetEntry): Promise<void> {
  const keys = manifest.files.map(({ key }) => key)
  const refused = await refusedRows(sql, keys, signal)
  if (refused.size === 0) return
  const reasons = [...refused].map(([reason, documents]) => `${reason} ${documents}`).join(', ')
  const remedy = 'make a new one with `orrery dataset ingest`, which leaves them out, then publish that'
  throw new OrreryError('invalid_record', `Version ${version} of dataset "${name}" holds pages that their owners do not want used (${reasons}): ${remedy}.`, {
    name,
    version,
  })
}

async function layout({ store, sql, signal }: PublishRequest, entry: DatasetEntry): Promise<Wanted[]> {
  const { files } = entry.manifest
  const card = Buffer.from(datasetCard(entry, await languagesOf(sql, files, signal)))
  return [
    { path: 'README.md', bytes: card.length, sha256: sha256Hex(card), read: async () => card },
    ...files.map(({ key, bytes, sha256 }, n) => ({
      path: `data/train-${digits(n)}-of-${digits(files.length)}.parquet`,
      bytes,
      sha256,
      read: () => store.get(key),
    })),
  ]
}

const digits = (n: number): string => String(n).padStart(5, '0')

async function languagesOf(sql: Sql, files: readonly StoredFile[], signal: AbortSignal): Promise<string[]> {
  if (files.length === 0) return []
  const rows = await sql.run(
    'SELECT lang, COUNT(*) AS documents FROM documents GROUP BY lang ORDER BY documents DESC, lang',
    { documents: files.map(({ key }) => key) },
    { signal },
  )
  return rows.map(({ lang }) => String(lang)).filter((lang) => /^[a-z]{2,3}$/.test(lang))
}

const access = ({ repo, hubUrl, token, signal }: PublishRequest) => ({
  repo: { type: 'dataset', name: repo } as const,
  hubUrl,
  accessToken: token,
  fetch: (url: string | URL | Request, init?: RequestInit) => fetch(url, { ...init, signal: init?.signal ? AbortSignal.any([init.signal, signal]) : signal }),
})

/** Path → file of the repository's main branch; a repository that is not there is made. */
async function filesOfRepo(request: PublishRequest): Promise<Map<string, ListFileEntry>> {
  const hub = access(request)
  if (!(await repoExists(hub))) {
    await createRepo({ ...hub, visibility: request.isPrivate ? 'private' : 'public' })
    return new Map()
  }
  const files = new Map<string, ListFileEntry>()
  for await (const file of listFiles({ ...hub, recursive: true })) if (file.type === 'file') files.set(file.path, file)
  return files
}

/** What turns the repository into the wanted one: only our own paths are touched. */
async function difference(wanted: readonly Wanted[], present: ReadonlyMap<string, ListFileEntry>): Promise<CommitOperation[]> {
  const operations: CommitOperation[] = []
  for (const file of wanted) {
    if (await isThere(file, present.get(file.path))) continue
    operations.push({ operation: 'addOrUpdate', path: file.path, content: new Blob([(await file.read()) as Uint8Array<ArrayBuffer>]) })
  }
  const paths = new Set(wanted.map(({ path }) => path))
  for (const path of present.keys()) if (/^data\/train-\d{5}-of-\d{5}\.parquet$/.test(path) && !paths.has(path)) operations.push({ operation: 'delete', path })
  return operations
}

/** A large file is known by its sha256 (LFS), a small one by its Git blob id. */
async function isThere(file: Wanted, found: ListFileEntry | undefined): Promise<boolean> {
  if (!found) return false
  if (found.lfs) return found.lfs.oid === file.sha256
  if (found.size !== file.bytes) return false
  return (
    found.oid ===
    createHash('sha1')
      .update(`blob ${file.bytes}\0`)
      .update(await file.read())
      .digest('hex')
  )
}

async function send(request: PublishRequest, { version, sha256 }: DatasetEntry, operations: CommitOperation[]): Promise<string> {
  const { name, hubUrl, signal } = request
  const title = `Publish version ${version} of ${name}`
  const done = await commit({ ...access(request), operations, title, description: `Manifest ${sha256}.`, abortSignal: signal })
  if (done) return done.commit.oid
  throw new OrreryError('upstream_failed', `${hubUrl} took the commit but gave no id; look at the repository, then publish again.`)
}
