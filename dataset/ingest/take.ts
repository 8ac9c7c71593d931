import type { Catalog } from '#schemas/catalog.ts'
import type { CorpusIndex, KnownRow } from '#schemas/corpus-index.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { readForeignFile } from '#infra/corpus/read-data-file.ts'
import type { Allowance } from './allowance.ts'
import { copyFile, copyKey } from './copy-file.ts'
import type { Draft, DraftGroup } from './draft.ts'
import type { DraftFile } from './draft-file.ts'
import { fetchName } from './facts.ts'
import type { GrowingPortion } from './portion.ts'
import type { IngestMemory } from './memory.ts'
import type { Refusals } from './refusals.ts'
import { fileFault, type Source } from './sources.ts'
import { takeRows } from './take-rows.ts'
import { chunksOf, deletedRows, range, rowsAtOnce, type Rows } from './rows.ts'

/** What an ingest works on. Draft and portion are others after each version that is made. */
export interface Work {
  catalog: Catalog
  store: ObjectStore
  index: CorpusIndex
  /** Of the dataset. */
  name: string
  draft: Draft
  portion: GrowingPortion
  /** By ordinal: a version that is made meanwhile may change their state. */
  movers: Map<number, Mover>
  memory: IngestMemory
  refusals: Refusals
  /** Of the hotkey that is being taken from. */
  allowance: Allowance
  /** Hotkeys of the dataset itself. */
  believed: ReadonlySet<string>
  /** By hotkey, of those that are not believed and brought a label that is new to its job. */
  labels: Map<string, Set<string>>
  /** All rows are looked at again, as the rules of cleaning have changed. */
  isRecleaning: boolean
  telemetry: Telemetry
  signal: AbortSignal
}

/** A row that may stand elsewhere now, as the index has it. */
type Mover = Pick<KnownRow, 'ordinal' | 'state' | 'place' | 'seen'>

/** Works until the portion is full, or so much was looked at that it is the turn of another, and goes on when it is called again. */
export type Steps<Result = void> = AsyncGenerator<'full' | 'pause', Result>

/**
 * Takes in what a snapshot has that the dataset has not, and takes out what it has no more. It yields wherever the portion is full: then a version is made of
 * that, and the rest comes with the next.
 *
 * Rows of files that leave are sought in those that come: a fetch that was only written elsewhere moves. While a file of the snapshot cannot be had, none
 * leaves: what it may hold is not lost.
 */
export async function* takeSnapshot(work: Work, source: Source): Steps {
  const taking = { ...source, work, movers: new Map<string, Mover>(), read: new Set<string>(), labels: new Set<string>() }
  const isWhole = yield* takeFiles(taking)
  for (const { ordinal } of taking.movers.values()) work.movers.delete(ordinal)
  const isRead = yield* takeDeleted(taking)
  if (isWhole) yield* takeLeft(taking)
  const group = await groupOf(taking)
  // Else what is deleted is told from the former snapshot once more.
  if (isRead) group.snapshot = source.address
  const rank = new Map(source.manifest.files.map(({ file }, at) => [file.sha256, at]))
  group.files = new Map([...group.files].toSorted(([a], [b]) => (rank.get(a) ?? -1) - (rank.get(b) ?? -1)))
}

/** One snapshot that is taken in. */
export interface Taking extends Source {
  work: Work
  /** Rows of files that leave, by the name of the fetch. */
  movers: Map<string, Mover>
  /** sha256 of files that were read from their first row on, by the vectors of this snapshot. */
  read: Set<string>
  /** Of the job. */
  labels: Set<string>
}

/** Never kept over a step: after that it is another. */
const groupOf = ({ work, manifest }: Taking): Promise<DraftGroup> => work.draft.group(manifest.hotkey, manifest.job_id)

/** @returns whether all of them could be had */
async function* takeFiles(taking: Taking): Steps<boolean> {
  const { work, line, manifest } = taking
  const { files } = await groupOf(taking)
  for (const { labels } of files.values()) for (const [label] of labels.counts()) taking.labels.add(label)
  if (manifest.files.some(({ file }) => !files.has(file.sha256))) await findMovers(taking)
  let isWhole = true
  for (const listed of manifest.files) {
    work.signal.throwIfAborted()
    const reason = yield* takeFile(taking, listed)
    if (work.allowance.isTurnOver) yield 'pause'
    if (reason === undefined) continue
    isWhole = false
    // What is missing may come.
    if (reason !== 'missing_object') work.refusals.add(manifest.hotkey, listed, reason)
    work.telemetry.count('dataset.shards_skipped', 1, { reason })
    work.telemetry.event('dataset.shard_skipped', { line, key: listed.file.key.slice(0, 1024), reason })
  }
  return isWhole
}

async function findMovers(taking: Taking): Promise<void> {
  for (const sha256 of await leavingFiles(taking))
    for await (const { own } of knownRows(taking, sha256))
      for (const { ordinal, state, place, seen, ...facts } of own) {
        const mover = { ordinal, state, place, seen }
        taking.movers.set(fetchName(facts), mover)
        taking.work.movers.set(ordinal, mover)
      }
}

/** sha256 of files that the snapshot has no more. */
async function leavingFiles(taking: Taking): Promise<string[]> {
  const listed = new Set(taking.manifest.files.map(({ file }) => file.sha256))
  return [...(await groupOf(taking)).files.keys()].filter((sha256) => !listed.has(sha256))
}

/** Rows of a file that the index knows, those of this job apart: another miner may have the same file. @param positions absent: all */
async function* knownRows(taking: Taking, sha256: string, positions?: Iterable<number>): AsyncGenerator<{ own: KnownRow[]; others: number }> {
  const { work, manifest } = taking
  const rows = (await groupOf(taking)).files.get(sha256)?.file.rows ?? 0
  for (const some of chunksOf(positions ?? range(0, rows), rowsAtOnce)) {
    work.signal.throwIfAborted()
    const known = await work.index.rows(sha256, some)
    const own = known.filter(({ hotkey, jobId }) => hotkey === manifest.hotkey && jobId === manifest.job_id)
    yield { own, others: known.length - own.length }
  }
}

/** @returns why the file is none that can be taken, as a stable code */
async function* takeFile(taking: Taking, listed: ListedFile): Steps<string | undefined> {
  const { work, manifest } = taking
  const { store, name, refusals, signal, isRecleaning } = work
  const known = (await groupOf(taking)).files.get(listed.file.sha256)
  if (known && known.taken === known.file.rows && !isRecleaning) return undefined
  work.allowance.lookAtFile()
  const fault = fileFault(manifest, listed) ?? refusals.reasonOf(manifest.hotkey, listed) ?? (await copyFile(store, name, listed.file, signal))
  if (fault !== undefined) return fault
  const deleted = await deletedRows(store, listed)
  if (typeof deleted === 'string') return deleted
  const file = { ...listed.file, key: copyKey(name, listed.file) }
  const from = isRecleaning ? 0 : (known?.taken ?? 0)
  if (from === 0) taking.read.add(file.sha256)
  if (isRecleaning) known?.begin()
  return yield* readRows(taking, { file, from, deleted })
}

async function* readRows(taking: Taking, { file, from, deleted }: { file: ListedFile['file']; from: number; deleted: Rows }): Steps<string | undefined> {
  const { work } = taking
  const draftFile = async (): Promise<DraftFile> => {
    const group = await groupOf(taking)
    return group.files.get(file.sha256) ?? work.draft.addFile(group, file)
  }
  let taken = from
  work.allowance.lookAtFile(file.bytes)
  try {
    for (let isPaused = true; isPaused;) {
      isPaused = false
      // Begun anew after a pause: what is decoded is not held while others have their turn.
      for await (const rows of readForeignFile(work.store, { file, deletes: null }, { signal: work.signal, from: taken })) {
        for (let at = 0; at < rows.length;) {
          const some = rows.slice(at, at + work.portion.room)
          work.portion.addedFiles.add(file.sha256)
          await takeRows(taking, await draftFile(), some, deleted)
          at += some.length
          taken += some.length
          work.portion.look(some.length)
          if (work.portion.isFull) yield 'full'
        }
        isPaused = work.allowance.isTurnOver
        if (isPaused) break
      }
      if (isPaused) yield 'pause'
    }
  } catch (error) {
    if (!(error instanceof OrreryError && error.code === 'invalid_record')) throw error
    yield* giveBack(taking, file.sha256)
    return 'unreadable'
  }
  return undefined
}

/** A file that turns out not to be readable to its end is no file of the dataset: other readers would stumble over it. What moved to it before the last version is lost. */
async function* giveBack(taking: Taking, sha256: string): Steps {
  const { work } = taking
  const { files } = await groupOf(taking)
  for (const { place } of work.portion.undo(sha256, taking.manifest)) files.get(place?.file ?? '')?.refused.add('moved', -1)
  if (files.has(sha256)) yield* takeFileOut(taking, sha256)
}

/**
 * Takes out the rows that the miner deleted since its last snapshot, of files that were in the dataset before.
 * @returns whether all vectors could be read
 */
async function* takeDeleted(taking: Taking): Steps<boolean> {
  const { work, line, manifest } = taking
  const former = await formerDeletes(taking)
  let isRead = true
  for (const listed of manifest.files) {
    const { file, deletes } = listed
    if (taking.read.has(file.sha256) || !deletes || deletes.sha256 === former.get(file.sha256)?.deletes?.sha256) continue
    if (!(await groupOf(taking)).files.has(file.sha256)) continue
    if (work.allowance.isTurnOver) yield 'pause'
    work.allowance.lookAtFile(deletes.bytes)
    const now = await deletedRows(work.store, listed)
    if (typeof now === 'string') {
      work.telemetry.event('dataset.shard_skipped', { line, key: file.key.slice(0, 1024), reason: now })
      isRead = false
      continue
    }
    const known = former.get(file.sha256)
    const before = known && (await deletedRows(work.store, known))
    for await (const { own } of knownRows(taking, file.sha256, newRows(now, typeof before === 'string' ? undefined : before))) {
      for (const row of own) work.portion.remove(row)
      ;(await groupOf(taking)).files.get(file.sha256)?.refused.add('deleted', own.length)
      work.portion.look(own.length)
      if (work.portion.isFull) yield 'full'
    }
  }
  return isRead
}

function* newRows(now: Rows, before: Rows | undefined): Generator<number> {
  for (const row of now) if (!before?.has(row)) yield row
}

/** What the snapshot that was taken in last had of each file; nothing where it is no longer kept: then all deleted rows are looked up again. */
async function formerDeletes(taking: Taking): Promise<Map<string, ListedFile>> {
  const { snapshot, hotkey, job_id } = await groupOf(taking)
  const entry = snapshot === null ? undefined : await taking.work.catalog.get(lineage.snapshot(hotkey, job_id), { sha256: snapshot })
  return new Map((entry?.manifest.files ?? []).map((listed) => [listed.file.sha256, listed]))
}

/** Takes out the files that the snapshot has no more, and what did not move from them. */
async function* takeLeft(taking: Taking): Steps {
  for (const sha256 of await leavingFiles(taking)) yield* takeFileOut(taking, sha256)
}

async function* takeFileOut(taking: Taking, sha256: string): Steps {
  const { work } = taking
  let strangers = 0
  for await (const { own, others } of knownRows(taking, sha256)) {
    strangers += others
    const left = own.filter((row) => !work.portion.has(row))
    for (const row of left) work.portion.remove(row)
    ;(await groupOf(taking)).files.get(sha256)?.refused.add('deleted', left.length)
    work.portion.look(own.length)
    if (work.portion.isFull) yield 'full'
  }
  ;(await groupOf(taking)).files.delete(sha256)
  // One that came with this portion is not in the index yet.
  work.portion.addedFiles.delete(sha256)
  if (strangers === 0) work.portion.leftFiles.push(sha256)
}
