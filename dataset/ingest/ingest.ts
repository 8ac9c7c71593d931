import { tellCurrent } from '#infra/corpus/current.ts'
import { canonicalJson } from '#schemas/canonical-json.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import { lineage } from '#schemas/lineage.ts'
import type { VersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { datasetFolder } from '../sweep-scope.ts'
import type { DatasetEntry, Outcome } from '../versions.ts'
import { cleaningVersion } from './clean.ts'
import { decide } from './decide.ts'
import { Draft } from './draft.ts'
import { IngestMemory } from './memory.ts'
import { GrowingPortion, portionRowsDefault } from './portion.ts'
import { compareIndex, finishPending } from './recover.ts'
import { findSources } from './sources.ts'
import { takeSnapshot, type Work } from './take.ts'

export interface IngestRequest {
  catalog: Catalog
  store: ObjectStore
  /** Of this dataset alone. */
  index: CorpusIndex
  /** Name of the dataset. */
  name: string
  origin: VersionManifest['origin']
  telemetry: Telemetry
  signal: AbortSignal
  /** What an earlier ingest on this index found out. */
  memory?: IngestMemory
  /** Rows of which a version is made, at most. */
  portionRows?: number
}

/**
 * Makes the next version of a dataset of the snapshots that miners have made since: each new file is verified and read once, its rows are looked up in the
 * index of the dataset, and what follows is written as deletion vectors, lists and a manifest. Nothing new → no version. A version is made of some 20,000
 * rows, so that what is in memory at a time is bounded; several may follow from one ingest.
 *
 * The index is committed with the manifest as `pending`, and then the manifest: a run that is cut off before the first has done nothing, one that is cut off
 * after it is finished by the next.
 * @throws OrreryError `conflict` when another process committed in between (retryable)
 */
export async function ingest(request: IngestRequest): Promise<Outcome<DatasetEntry>> {
  const { catalog, store, index, name, signal, memory = new IngestMemory(), portionRows = portionRowsDefault } = request
  await finishPending(request)
  const draft = new Draft(store, name, await catalog.head(lineage.dataset(name)))
  if (!memory.isCompared) await compareIndex({ catalog, store, index, draft, signal })
  memory.isCompared = true

  const isRecleaning = draft.head?.kind === 'version' && draft.head.manifest.cleaning !== cleaningVersion
  const work: Work = { ...request, draft, memory, isRecleaning, portion: new GrowingPortion(portionRows), movers: new Map() }
  const isKnown = (line: string, address: string) => !isRecleaning && (work.draft.snapshotOf(line) === address || memory.hasSeen(line, address))
  let changed = false
  const seen: { line: string; address: string }[] = []
  for await (const source of findSources(catalog, isKnown)) {
    signal.throwIfAborted()
    seen.push(source)
    if ('reason' in source) skip(request, source)
    else for await (const _ of takeSnapshot(work, source)) changed = (await makeVersion(work, request)) || changed
  }
  work.isRecleaning = false
  changed = (await makeVersion(work, request)) || changed
  for (const { line, address } of seen) memory.see(line, address)
  return { changed, entry: work.draft.head }
}

function skip({ telemetry }: IngestRequest, { line, reason }: { line: string; reason: string }): void {
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
  work.draft = new Draft(store, name, draft.head)
  if (!manifest) return false
  work.signal.throwIfAborted()
  // From here on index and head are one only when both commits are done.
  memory.isCompared = false
  await index.commit({ ...decision.change, addFiles: [...portion.addedFiles], dropFiles: portion.droppedFiles, pending: canonicalJson(manifest) })
  const entry = await catalog.commit(lineage.dataset(name), draft.head?.sha256, manifest)
  await tellCurrent(store, datasetFolder(name), entry, manifest)
  await index.commit({ pending: null })
  memory.isCompared = true
  work.draft = new Draft(store, name, entry)
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
  const { name, documents, text_bytes, dropped, groups } = manifest
  const files = groups.reduce((sum, group) => sum + group.files, 0)
  telemetry.event('dataset.version', { name, version, sha256, documents, text_bytes, dropped: Object.fromEntries(dropped), files })
}
