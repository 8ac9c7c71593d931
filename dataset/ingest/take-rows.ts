import type { KnownRow } from '#schemas/corpus-index.ts'
import { RefusedRow } from '#schemas/parquet/decode.ts'
import { rowFacts } from '#schemas/row-facts.ts'
import type { FileRow } from '#infra/corpus/read-data-file.ts'
import { takingTurns } from '#dataset/turns.ts'
import { cleanDocument } from './clean.ts'
import type { DraftFile } from './draft-file.ts'
import { fetchName } from './facts.ts'
import type { Rows } from './rows.ts'
import type { Sights } from './sights.ts'
import type { Taking } from './take.ts'

/** A job asks for one label or a few; each becomes a stratum of tokens. Of a hotkey that is not the dataset's own. */
const labelsOfJobMax = 100
const labelsOfHotkeyMax = 500
/** Of the dataset, before it takes no more from strangers; and from nobody. */
const labelsOfStrangersMax = 5000
const labelsMax = 10_000

type ReadRow = FileRow | RefusedRow

/** Looks at the next rows of a file, each for itself: what is no document of the dataset is counted with its reason, what is one is sought in the index with the portion. */
export async function takeRows(taking: Taking, file: DraftFile, rows: readonly ReadRow[], deleted: Rows): Promise<void> {
  const { work, manifest } = taking
  const turn = takingTurns(work.signal)
  const known = await rowsThere(taking, file, rows)
  const { files } = await work.draft.group(manifest.hotkey, manifest.job_id)
  const sights = await file.sights(work.store)
  await knowLabels(taking, rows)
  // What its own miners say of their pages is believed: among them the better copy is kept.
  const sight = (): number => work.draft.sight(work.believed.has(manifest.hotkey) ? 'own' : taking.line)
  for (const read of rows) {
    const { row } = read
    await turn(read instanceof RefusedRow ? 0 : read.document.text.length)
    work.allowance.lookAtRow(read instanceof RefusedRow ? 0 : read.document.text.length)
    const reason = deleted.has(row) ? 'deleted' : takeRow(taking, { file, files, sights, sight }, read, known.get(row))
    sights.see(row, sight)
    if (reason === undefined) continue
    file.refused.add(reason)
    const former = known.get(row)
    if (former) work.portion.remove(former)
  }
  file.taken += rows.length
}

/** What the index knows of these rows; before a row was looked at that is nothing. */
async function rowsThere({ work, manifest }: Taking, { file }: DraftFile, rows: readonly ReadRow[]): Promise<Map<number, KnownRow>> {
  if (!work.isRecleaning) return new Map()
  const known = await work.index.rows(
    file.sha256,
    rows.map(({ row }) => row),
  )
  const own = known.filter(({ hotkey, jobId }) => hotkey === manifest.hotkey && jobId === manifest.job_id)
  return new Map(own.flatMap((row) => (row.place ? [[row.place.row, row]] : [])))
}

interface FileOfJob {
  file: DraftFile
  /** All of the job, by sha256. */
  files: ReadonlyMap<string, DraftFile>
  /** Of the file. */
  sights: Sights
  /** What is new now is seen first at this one. */
  sight(): number
}

/** @returns why the row is no document of the dataset, as a stable code */
function takeRow(taking: Taking, { file, files, sights, sight }: FileOfJob, read: ReadRow, former: KnownRow | undefined): string | undefined {
  const { work, manifest, movers, labels } = taking
  if (read instanceof RefusedRow) return read.code
  const { row, document } = read
  const facts = rowFacts(document)
  const name = fetchName(facts)
  const mover = movers.get(name)
  const signature = cleanDocument(document, manifest, mover !== undefined && !work.isRecleaning)
  if (typeof signature === 'string') return signature
  if (!labels.has(facts.label) && !hasRoomFor(taking, facts.label)) return 'too_many_labels'
  labels.add(facts.label)
  work.labels.get(manifest.hotkey)?.add(facts.label)
  file.count(document)
  const place = { file: file.file.sha256, row }
  if (former) {
    if (fetchName(former) === name) return undefined
    work.portion.remove(former)
  }
  if (mover) {
    movers.delete(name)
    // Its former file stays until all of this one was taken.
    files.get(mover.place?.file ?? '')?.refused.add('moved')
    work.movers.delete(mover.ordinal)
    sights.see(row, () => mover.seen)
    work.portion.move({ ...facts, ...mover }, place)
  } else work.portion.arrivals.push({ facts: { ...facts, seen: sights.see(row, sight) }, signature, place })
  return undefined
}

/** What labels its other jobs have costs a list of each: it is asked only when one is new to this job. */
async function knowLabels({ work, manifest: { hotkey }, labels }: Taking, rows: readonly ReadRow[]): Promise<void> {
  if (work.believed.has(hotkey) || work.labels.has(hotkey)) return
  if (rows.some((read) => !(read instanceof RefusedRow) && !labels.has(read.document.label))) work.labels.set(hotkey, await work.draft.labelsOf(hotkey))
}

/** Labels are for all: one hotkey, and all strangers together, leave room for others. */
function hasRoomFor({ work, manifest, labels }: Taking, label: string): boolean {
  const { draft, believed } = work
  const isBelieved = believed.has(manifest.hotkey)
  if (draft.labels.get(label) === 0 && draft.labels.size >= (isBelieved ? labelsMax : labelsOfStrangersMax)) return false
  if (isBelieved) return true
  const own = work.labels.get(manifest.hotkey)
  return labels.size < labelsOfJobMax && (own === undefined || own.has(label) || own.size < labelsOfHotkeyMax)
}
