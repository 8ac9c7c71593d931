import type { KnownRow } from '#schemas/corpus-index.ts'
import { RefusedRow } from '#schemas/parquet/decode.ts'
import { rowFacts } from '#schemas/row-facts.ts'
import type { FileRow } from '#infra/corpus/read-data-file.ts'
import { takingTurns } from '#dataset/turns.ts'
import { cleanDocument } from './clean.ts'
import type { DraftFile } from './draft-file.ts'
import { fetchName } from './facts.ts'
import type { Rows } from './rows.ts'
import type { Taking } from './take.ts'

/** A job asks for one label or a few; each becomes a stratum of tokens. */
const labelsOfJobMax = 100
/** Of all jobs. */
const labelsMax = 10_000

type ReadRow = FileRow | RefusedRow

/** Looks at the next rows of a file, each for itself: what is no document of the dataset is counted with its reason, what is one is sought in the index with the portion. */
export async function takeRows(taking: Taking, file: DraftFile, rows: readonly ReadRow[], deleted: Rows): Promise<void> {
  const { work, manifest } = taking
  const turn = takingTurns(work.signal)
  const known = await rowsThere(taking, file, rows)
  const { files } = await work.draft.group(manifest.hotkey, manifest.job_id)
  for (const read of rows) {
    const { row } = read
    await turn(read instanceof RefusedRow ? 0 : read.document.text.length)
    const reason = deleted.has(row) ? 'deleted' : takeRow(taking, { file, files }, read, known.get(row))
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
}

/** @returns why the row is no document of the dataset, as a stable code */
function takeRow({ work, manifest, movers, labels }: Taking, { file, files }: FileOfJob, read: ReadRow, former: KnownRow | undefined): string | undefined {
  if (read instanceof RefusedRow) return read.code
  const { row, document } = read
  const facts = rowFacts(document)
  const name = fetchName(facts)
  const mover = movers.get(name)
  const signature = cleanDocument(document, manifest, mover !== undefined && !work.isRecleaning)
  if (typeof signature === 'string') return signature
  if (!labels.has(facts.label) && (labels.size >= labelsOfJobMax || (work.draft.labels.get(facts.label) === 0 && work.draft.labels.size >= labelsMax)))
    return 'too_many_labels'
  labels.add(facts.label)
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
    work.portion.move({ ...facts, ...mover }, place)
  } else work.portion.arrivals.push({ facts, signature, place })
  return undefined
}
