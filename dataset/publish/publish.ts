import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commit, createRepo, listFiles, repoExists, type CommitOperation, type ListFileEntry } from '@huggingface/hub'
import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { datasetCard } from './card.ts'
import { hubError } from './hub-error.ts'
import { isOurs, materialize, publishedFiles, type PublishedFile } from './layout.ts'
import { survey } from './survey.ts'

export interface PublishRequest {
  catalog: Catalog
  store: ObjectStore
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

const repoPattern = /^[A-Za-z0-9][A-Za-z0-9-]{0,95}\/[A-Za-z0-9_](?:[A-Za-z0-9_-]|[.](?![.])){0,95}$/

/**
 * Publishes the newest version in the Hugging Face layout: the card, and the Parquet files as `data/train-{16 hex digits of what is in it}.parquet`, those with
 * deleted rows written anew without them. Files the hub has already are not sent again; a hub that has all of them gets no commit. Mostly that is one commit;
 * what is too much for the disk at once is sent in several, the card and what goes with the last. A version with a page whose owner does not want it learnt
 * from is not published at all.
 * @throws OrreryError `invalid_argument` (repo name), `invalid_record` (such a page), `not_found` (no dataset yet, no such user), `unauthorized`, `forbidden`, `conflict`, `rate_limited`,
 *   `timed_out`, `upstream_failed`
 */
export async function publish(request: PublishRequest): Promise<Publication> {
  const { repo, hubUrl, name, telemetry } = request
  if (!repoPattern.test(repo)) throw new OrreryError('invalid_argument', `--repo "${repo}" is not of the form user/name; for example alice/${name}.`, { repo })
  const entry = await request.catalog.head(lineage.dataset(name))
  if (!entry) throw new OrreryError('not_found', `There is no dataset "${name}" to publish yet; make one with \`orrery dataset ingest\`.`, { name })
  const { store, signal } = request
  const { languages, refused } = await survey(store, entry.manifest, signal)
  if (refused.size > 0) throw reserved(entry, refused)
  const files = await publishedFiles(store, entry.manifest)
  try {
    const present = await filesOfRepo(request)
    const oid = await send(request, entry, { files, present, card: new Blob([datasetCard(entry, languages)]) })
    const publication = { version: entry.version, url: `${hubUrl}/datasets/${repo}`, commit: oid }
    telemetry.event('dataset.published', { name, ...publication, files: files.length })
    return publication
  } catch (cause) {
    request.signal.throwIfAborted()
    throw hubError(cause, request)
  }
}

/** Ingest leaves such pages out, by the rules of its day. */
function reserved({ version, manifest: { name } }: DatasetEntry, refused: ReadonlyMap<string, number>): OrreryError {
  const reasons = [...refused].map(([reason, documents]) => `${reason} ${documents}`).join(', ')
  const remedy = 'make a new one with `orrery dataset ingest`, which leaves them out, then publish that'
  const message = `Version ${version} of dataset "${name}" holds pages that their owners do not want used (${reasons}): ${remedy}.`
  return new OrreryError('invalid_record', message, { name, version })
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

interface Shipment {
  files: readonly PublishedFile[]
  present: ReadonlyMap<string, ListFileEntry>
  card: Blob
}

/** Bytes of files that lie on disk for one commit. */
const commitBytesMax = 8 * 2 ** 30

/** Turns the repository into the wanted one; only our own paths are touched. @returns the last commit, undefined when there was nothing to do */
async function send(request: PublishRequest, entry: DatasetEntry, { files, present, card }: Shipment): Promise<string | undefined> {
  const wanted = new Set(files.map(({ path }) => path))
  const gone = [...present.keys()].filter((path) => isOurs(path) && !wanted.has(path))
  const loads = loadsOf(files.filter(({ path }) => !present.has(path)))
  const last: CommitOperation[] = gone.map((path) => ({ operation: 'delete', path }))
  if (!(await isSameCard(card, present.get('README.md')))) last.push({ operation: 'addOrUpdate', path: 'README.md', content: card })
  let oid: string | undefined
  for (const [at, load] of loads.entries()) {
    const folder = await mkdtemp(join(tmpdir(), 'orrery-publish-'))
    try {
      const operations: CommitOperation[] = at === loads.length - 1 ? [...last] : []
      for (const file of load)
        operations.push({ operation: 'addOrUpdate', path: file.path, content: await materialize(request.store, file, folder, request.signal) })
      if (operations.length > 0) oid = await commitTo(request, entry, operations)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
  return oid
}

/** At least one, maybe empty. */
function loadsOf(files: readonly PublishedFile[]): PublishedFile[][] {
  const loads: PublishedFile[][] = [[]]
  let bytes = 0
  for (const file of files) {
    if (bytes > 0 && bytes + file.bytes > commitBytesMax) {
      loads.push([])
      bytes = 0
    }
    loads.at(-1)?.push(file)
    bytes += file.bytes
  }
  return loads
}

/** A small file is known by its Git blob id. */
async function isSameCard(card: Blob, found: ListFileEntry | undefined): Promise<boolean> {
  if (found?.size !== card.size) return false
  const oid = createHash('sha1')
    .update(`blob ${card.size}\0`)
    .update(await card.bytes())
    .digest('hex')
  return found.oid === oid
}

async function commitTo(request: PublishRequest, { version, sha256 }: DatasetEntry, operations: CommitOperation[]): Promise<string> {
  const { name, hubUrl, signal } = request
  const title = `Publish version ${version} of ${name}`
  const done = await commit({ ...access(request), operations, title, description: `Manifest ${sha256}.`, abortSignal: signal })
  if (done) return done.commit.oid
  throw new OrreryError('upstream_failed', `${hubUrl} took the commit but gave no id; look at the repository, then publish again.`)
}
