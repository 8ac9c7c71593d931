import type { Catalog } from '#schemas/catalog.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { Hub, type RepoFile, type RepoState } from './hub.ts'
import { refusalOf } from './hub-error.ts'
import { differenceOf, type Difference, type Shipment } from './difference.ts'
import { publishedFiles, publishedLayout } from './layout.ts'
import { holdingOf, type Holding } from './ownership.ts'
import type { Progress } from './progress.ts'
import { send } from './send.ts'
import { survey } from './survey.ts'

export interface PublishRequest {
  catalog: Catalog
  store: ObjectStore
  telemetry: Telemetry
  pace: Clock
  /** Name of the dataset. */
  name: string
  /** `user/name` on the hub. */
  repo: string
  /** Origin of the hub. */
  hubUrl: string
  /** Access token, `hf_…`. */
  token: string
  /** Whether everybody may read it; a repository that is made otherwise is private. */
  isPublic: boolean
  /** Asked before the first publication that everybody may read. */
  mayBePublic: () => Promise<boolean>
  /** Whether what the repository holds, and is not of this dataset, may be replaced. */
  replaces: boolean
  /** Whether the column `minhash` is published too. */
  withSignature: boolean
  /** Sends nothing. */
  isDry: boolean
  /** A folder on disk, for files that are made. */
  spool: string
  progress: Progress
  signal: AbortSignal
}

export interface Publication {
  version: number
  url: string
  /** undefined when the hub had this version already, and in a dry run. */
  commit: string | undefined
  /** The tag of the version, and the commit it is at; undefined where there is none. */
  tag: { name: string; commit: string } | undefined
  /** Of the version. */
  files: number
  /** Files that were sent, in a dry run would be, and files that were taken away. */
  sent: number
  removed: number
}

/** As huggingface_hub takes them (validate_repo_id); which there may be is the hub's to say. */
const isRepo = (repo: string): boolean => /^\w(?:[\w.-]{0,94}\w)?\/\w(?:[\w.-]{0,94}\w)?$/.test(repo) && !/--|[.]{2}|[.]git$/.test(repo)

/** So often the difference is made anew because somebody else committed, and nothing of ours came between. */
const movedMax = 6

/**
 * Publishes the newest version in the Hugging Face layout: the card, Croissant, a marker, and Parquet files in the nested layout, by content. Files the hub has
 * already are not made and not sent again; a hub that has all gets no commit. Each commit (at most 100 files) names the one it follows: when somebody else came
 * between, the difference is made again, so that in the end the files are those of one version. The commit is tagged `v{version}`; a tag that is there stays.
 * A version with a page whose owner does not want it learnt from is not published at all.
 * @throws OrreryError `invalid_argument` (repo, visibility), `invalid_record` (such a page), `not_found` (no dataset yet, no such user), `conflict` (what the
 *   repository holds is not this dataset's), `unauthorized`, `forbidden`, `rate_limited`, `timed_out`, `upstream_failed`
 */
export async function publish(request: PublishRequest): Promise<Publication> {
  const { repo, hubUrl, name, telemetry, catalog, store, signal, pace, progress } = request
  if (!isRepo(repo))
    throw new OrreryError(
      'invalid_argument',
      `--repo "${repo}" is not of the form user/name (letters, digits, "_", and "-" or "." between them, no ".git"); for example alice/${name}.`,
      { repo },
    )
  const entry = await catalog.head(lineage.dataset(name))
  if (!entry) throw new OrreryError('not_found', `There is no dataset "${name}" to publish yet; make one with \`orrery dataset ingest\`.`, { name })
  const facts = await survey(store, entry.manifest, signal)
  if (facts.refused.size > 0) throw reserved(entry, facts.refused)
  const layout = publishedLayout(request)
  const shipment = { entry, layout, facts, files: await Array.fromAsync(publishedFiles(store, entry.manifest, layout)) }
  const hub = new Hub({ repo, hubUrl, token: request.token, pace, signal, onRetry: (why, waitMs) => progress.say(`${why}: again in ${waitMs / 1000} s`) })
  const isMade = await made(hub, request)
  for (let moved = 0; moved < movedMax; moved++) {
    if (moved > 0) await pace.sleep(250 * 2 ** moved, signal)
    const state = await hub.state()
    const files = state ? await hub.files() : []
    const holding = await heldIn(hub, files, request, { entry, isClaimed: moved > 0 })
    if (state && !isMade && moved === 0) await checkVisibility(request, state, holding)
    const difference = differenceOf(files, shipment.files)
    if (request.isDry) return { ...publicationOf(request, shipment, difference), commit: undefined, tag: undefined }
    if (!state) throw refusalOf(hub.requests.access, 404, '')
    const sent = await send({ ...request, hub, shipment, difference, head: state.head })
    // The files that were listed are those of the commit that is tagged.
    if (sent.isMoved || (sent.commit === undefined && (await hub.state())?.head !== state.head)) {
      // What was done is not to be done again.
      if (sent.commits > 0) moved = 0
      progress.say('somebody else changed the repository: comparing again')
      continue
    }
    const publication = { ...publicationOf(request, shipment, difference), commit: sent.commit, tag: await tagged(hub, entry, sent.commit ?? state.head) }
    telemetry.event('dataset.published', { name, ...publication })
    return publication
  }
  throw new OrreryError('conflict', `Others keep changing the repository "${repo}" on ${hubUrl}; publish again when they are done.`, { repo, hub: hubUrl })
}

/** Makes the repository where there is none. @returns whether it did */
async function made(hub: Hub, request: PublishRequest): Promise<boolean> {
  if (request.isDry || (await hub.state())) return false
  if (request.isPublic) await askPublic(request)
  return hub.create(!request.isPublic)
}

/** What is to be replaced may be anything. */
async function heldIn(
  hub: Hub,
  files: readonly RepoFile[],
  { catalog, replaces }: PublishRequest,
  what: { entry: DatasetEntry; isClaimed: boolean },
): Promise<Holding> {
  try {
    return await holdingOf(hub, files, { catalog, ...what })
  } catch (cause) {
    if (replaces && cause instanceof OrreryError && cause.code === 'conflict') return 'nothing'
    throw cause
  }
}

/** Ingest leaves such pages out, by the rules of its day. */
function reserved({ version, manifest: { name } }: DatasetEntry, refused: ReadonlyMap<string, number>): OrreryError {
  const reasons = [...refused].map(([reason, documents]) => `${reason} ${documents}`).join(', ')
  const remedy = 'make a new one with `orrery dataset ingest`, which leaves them out, then publish that'
  const message = `Version ${version} of dataset "${name}" holds pages that their owners do not want used (${reasons}): ${remedy}.`
  return new OrreryError('invalid_record', message, { name, version })
}

/** What is public is so by somebody's wish. */
async function checkVisibility(request: PublishRequest, { isPrivate }: RepoState, holding: Holding): Promise<void> {
  const { repo, isPublic } = request
  if (isPublic && isPrivate === true)
    throw new OrreryError('invalid_argument', `The repository "${repo}" is private; leave --public out, or make it public in its settings on the hub.`, {
      repo,
    })
  if (holding === 'ours' || isPrivate !== false) return
  if (!isPublic)
    throw new OrreryError('invalid_argument', `The repository "${repo}" is public; pass --public to publish there, or make it private in its settings.`, {
      repo,
    })
  await askPublic(request)
}

async function askPublic({ repo, mayBePublic, isDry }: PublishRequest): Promise<void> {
  if (isDry || (await mayBePublic())) return
  throw new OrreryError('invalid_argument', `Nothing was published to "${repo}": everybody could read it there; leave --public out for a private repository.`, {
    repo,
  })
}

/** The tag of a version: made where there is none, left where it is. */
async function tagged(hub: Hub, { version }: DatasetEntry, commit: string): Promise<Publication['tag']> {
  const name = `v${version}`
  if (!(await hub.tags()).has(name)) await hub.tag(name, commit)
  const at = (await hub.tags()).get(name)
  return at === undefined ? undefined : { name, commit: at }
}

const publicationOf = ({ hubUrl, repo }: PublishRequest, { entry, files }: Shipment, { missing, gone }: Difference) => ({
  version: entry.version,
  url: `${hubUrl}/datasets/${repo}`,
  files: files.length,
  sent: missing.length,
  removed: gone.length,
})
