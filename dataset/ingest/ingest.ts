import { tellCurrent } from '#infra/corpus/current.ts'
import { canonicalJson } from '#schemas/canonical-json.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import { lineage } from '#schemas/lineage.ts'
import type { VersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { datasetFolder } from '../dataset-folder.ts'
import { fileCount, type DatasetEntry, type Outcome } from '../versions.ts'
import { Allowance, strangersBudget, type Budget } from './allowance.ts'
import { cleaningVersion } from './clean.ts'
import { decide } from './decide.ts'
import { Draft } from './draft.ts'
import { groupLimits, groupRoom, type GroupLimits } from './group-room.ts'
import { IngestMemory } from './memory.ts'
import { GrowingPortion, portionRowsDefault } from './portion.ts'
import { compareIndex, finishPending } from './recover.ts'
import { Refusals } from './refusals.ts'
import { takeInRounds } from './rounds.ts'
import { findSources, readSource, withFormer, type Source, type SourceName } from './sources.ts'
import { takeSnapshot, type Work } from './take.ts'
import type { Trust } from './trust.ts'

export interface IngestRequest {
  catalog: Catalog
  store: ObjectStore
  /** Of this dataset alone. */
  index: CorpusIndex
  /** Name of the dataset. */
  name: string
  origin: VersionManifest['origin']
  /** Whom it believes; asked once. */
  trust(): Promise<Trust>
  telemetry: Telemetry
  signal: AbortSignal
  /** What an earlier ingest on this index found out. */
  memory?: IngestMemory
  /** Rows of which a version is made, at most. */
  portionRows?: number
  /** Of each hotkey that is not its own. */
  budget?: Budget
  limits?: GroupLimits
}

/** Once, when the rules changed. */
const noBudget: Budget = { turnBytes: Infinity, turnCpuMs: Infinity, bytes: Infinity, cpuMs: Infinity }

/**
 * Makes the next version of a dataset of the snapshots that miners have made since: each new file is verified and read once, its rows are looked up in the
 * index of the dataset, and what follows is written as deletion vectors, lists and a manifest. Nothing new → no version. A version is made of some 20,000
 * rows, so that what is in memory at a time is bounded; several may follow from one ingest. Hotkeys have their turns, and strangers a budget (allowance.ts).
 *
 * The index is committed with the manifest as `pending`, and then the manifest: a run that is cut off before the first has done nothing, one that is cut off
 * after it is finished by the next.
 * @throws OrreryError `conflict` when another process committed in between (retryable)
 */
export async function ingest(request: IngestRequest): Promise<Outcome<DatasetEntry>> {
  const {
    catalog,
    store,
    index,
    name,
    signal,
    memory = new IngestMemory(),
    portionRows = portionRowsDefault,
    budget = strangersBudget,
    limits = groupLimits,
    telemetry,
  } = request
  await finishPending(request)
  const draft = await Draft.after(store, name, await catalog.head(lineage.dataset(name)))
  const trust = await request.trust()
  const found = await findSources({ ...request, trust, verdicts: memory.verdicts })
  if (!memory.isCompared) await compareIndex({ catalog, store, index, draft, counting: withFormer(found, draft.lines(), trust), signal })
  memory.isCompared = true

  const isRecleaning = draft.head?.kind === 'version' && draft.head.manifest.cleaning !== cleaningVersion
  const refusals = (memory.refusals ??= await Refusals.read(catalog, name))
  const work: Work = {
    ...request,
    draft,
    memory,
    refusals,
    isRecleaning,
    believed: trust.hotkeys,
    allowance: new Allowance(),
    portion: new GrowingPortion(portionRows),
    movers: new Map(),
    labels: new Map(),
  }
  let changed = false
  const onFull = async (): Promise<void> => {
    changed = (await makeVersion(work, request)) || changed
  }
  for (const { hotkey, job_id } of draft.lines())
    if (trust.withdrawn.has(hotkey)) for await (const _ of takeSnapshot(work, leaving(hotkey, job_id))) await onFull()
  if (trust.policy === 'verified' && found.length === 0) tellUnjudged(request, memory, trust)
  const isKnown = ({ line, address }: SourceName) => work.draft.snapshotOf(line) === address || memory.hasSeen(line, address)
  const hasRoomFor = groupRoom(draft, trust, limits)
  const seen: SourceName[] = []
  await takeInRounds(isRecleaning ? withFormer(found, draft.lines(), trust) : found.filter((each) => !isKnown(each)), {
    ...work,
    budget: isRecleaning ? noBudget : budget,
    async begin(named) {
      if (!hasRoomFor(named)) return void skip(request, named, 'too_many_jobs')
      const source = await readSource(request, named, work.draft.snapshotOf(named.line))
      if (!('reason' in source)) return takeSnapshot(work, source)
      skip(request, named, source.reason)
      return undefined
    },
    allow: (allowance) => void (work.allowance = allowance),
    onFull,
    onTaken: (named) => void seen.push(named),
    onSpent: (hotkey) => telemetry.event('dataset.miner_waits', { hotkey, reason: 'it has taken all it may of this ingest; the rest comes with the next' }),
  })
  work.isRecleaning = false
  changed = (await makeVersion(work, request)) || changed
  for (const { line, address } of seen) memory.see(line, address)
  await refusals.save(catalog)
  return { changed, entry: work.draft.head }
}

/** Of a hotkey that was withdrawn: nothing is left of a job. */
const leaving = (hotkey: string, jobId: string): Source => ({
  line: lineage.snapshot(hotkey, jobId).name,
  address: null,
  manifest: { hotkey, job_id: jobId, files: [] },
})

/** Once: who waits for documents that nobody judges has to know. */
function tellUnjudged({ telemetry }: IngestRequest, memory: IngestMemory, { validators }: Trust): void {
  if (memory.isUnjudgedTold) return
  memory.isUnjudgedTold = true
  telemetry.event('dataset.nothing_judged', {
    validators: validators.size,
    consequence: 'no shard counts before a trusted validator has passed its miner: start `orrery validator run`, or set dataset.trust to own or open',
  })
}

function skip({ telemetry }: IngestRequest, { line }: SourceName, reason: string): void {
  telemetry.count('dataset.shards_skipped', 1, { reason })
  telemetry.event('dataset.shard_skipped', { line, reason })
}

/** Of what was looked at since the last. @returns false when there is nothing to make one of */
async function makeVersion(work: Work, { origin, portionRows = portionRowsDefault }: IngestRequest): Promise<boolean> {
  const { catalog, store, index, name, memory, portion, draft } = work
  const decision = await decide(index, portion)
  await draft.apply(decision)
  const former = draft.head?.kind === 'version' ? draft.head.manifest : undefined
  const cleaning = work.isRecleaning && former ? former.cleaning : cleaningVersion
  const manifest = await draft.manifest({ origin, cleaning })
  work.portion = new GrowingPortion(portionRows)
  work.draft = await Draft.after(store, name, draft.head)
  if (!manifest) return false
  work.signal.throwIfAborted()
  // From here on index and head are one only when both commits are done.
  memory.isCompared = false
  await index.commit({ ...decision.change, addFiles: [...portion.addedFiles], dropFiles: portion.droppedFiles, pending: canonicalJson(manifest) })
  const entry = await catalog.commit(lineage.dataset(name), draft.head?.sha256, manifest)
  await tellCurrent(store, datasetFolder(name), entry, manifest)
  await index.commit({ pending: null })
  memory.isCompared = true
  work.draft = await Draft.after(store, name, entry)
  for (const { ordinal, state } of decision.change.change) Object.assign(work.movers.get(ordinal) ?? {}, { state })
  announce(work.telemetry, entry.version, entry.sha256, manifest, former)
  return true
}

function announce(telemetry: Telemetry, version: number, sha256: string, manifest: VersionManifest, former: VersionManifest | undefined): void {
  const before = new Map(former?.dropped)
  for (const [reason, count] of manifest.dropped) {
    const more = count - (before.get(reason) ?? 0)
    if (more > 0 && reason !== 'not_taken') telemetry.count('dataset.rejects', more, { reason })
  }
  const { name, documents, text_bytes, dropped } = manifest
  const files = fileCount(manifest)
  telemetry.event('dataset.version', { name, version, sha256, documents, text_bytes, dropped: Object.fromEntries(dropped), files })
}
