import { join } from 'node:path'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Clock } from '#schemas/clock.ts'
import type { NamedCounts } from '#schemas/data-file.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ImportReader } from '#schemas/import-reader.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { Tally } from '#dataset/ingest/tally.ts'
import { importJob, ImportLine, type LineParts } from './import-line.ts'
import type { Importing } from './imported-document.ts'
import { ImportProgress, type SourceProgress } from './progress.ts'
import { Portion } from './portion.ts'
import { openRows, type OpenRows } from './read-rows.ts'
import type { SchemaName } from './foreign-schema.ts'
import { filesOfSource, type SourceFile } from './source-files.ts'
import { sha256OfFile } from './source-bytes.ts'

/** What is said of what is imported. */
export interface ImportChoice {
  /** Label of all; undefined: their own, and the word of their schema where they have none. */
  label?: string | undefined
  licence?: string | undefined
  lang?: string | undefined
  /** Undefined: told by the columns. */
  schema?: SchemaName | undefined
  /** Of a folder's card. */
  config?: string | undefined
  isJudged?: boolean | undefined
}

export interface ImportRequest extends LineParts {
  dataset: string
  /** Files and folders. */
  sources: readonly string[]
  choice: ImportChoice
  reader: ImportReader
  /** Of notes how far each file was read. */
  folder: string
  facts: Clock
  telemetry: Telemetry
  signal: AbortSignal
}

/** What became of a file. */
export interface ImportedFile {
  path: string
  schema: string
  rows: number
  taken: number
  /** Rows that are no documents, by reason. */
  rejected: NamedCounts
  /** It was imported before, all of it. */
  isKnown: boolean
  /** Why it could not be read on. */
  problem: string | null
}

/** Rejects of one file that are kept with their place; more are counted. */
const rejectsToldMax = 1000

/**
 * Takes documents out of files of others: each row by itself, read as a miner reads, in files that a dataset takes in like those of its own miners. Files are known
 * by their bytes: the same again brings nothing new, and one that was cut off goes on where it stood. What is in memory is a portion of documents, and the rows
 * that are being read. One file that cannot be read costs itself.
 * @throws OrreryError `not_found`, `invalid_argument` before anything is read; `conflict`, `store_unavailable`; the signal's reason
 */
export async function* importSources(request: ImportRequest): AsyncGenerator<ImportedFile> {
  const { sources, choice, signal } = request
  const files: SourceFile[] = []
  for (const source of sources) for (const file of await filesOfSource(source, choice.config)) files.push(file)
  const jobs = new Map<string, Job>()
  for (const file of files) {
    signal.throwIfAborted()
    yield await unlessDamaged(file, () => importFile(request, file, jobs))
  }
  for (const job of jobs.values()) await job.end(request.facts.now())
}

/** Imports of one schema, which share files of the dataset. */
class Job {
  readonly id: string
  readonly #line: ImportLine
  readonly progress: ImportProgress
  #portion = new Portion()

  private constructor(id: string, line: ImportLine, progress: ImportProgress) {
    this.id = id
    this.#line = line
    this.progress = progress
  }

  static async open(request: ImportRequest, schema: string): Promise<Job> {
    const id = importJob(request.dataset, schema)
    const line = await ImportLine.open(request, id)
    return new Job(id, line, await ImportProgress.open(join(request.folder, request.dataset, `${schema}.json`), (file) => line.has(file), request.facts.now()))
  }

  get portion(): Portion {
    return this.#portion
  }

  /** Makes a file of what was taken, and notes where its sources stand. */
  async flush(): Promise<void> {
    const { documents, sources, begunAt } = this.#portion
    this.#portion = new Portion()
    if (documents.length > 0) {
      const file = await this.#line.write(documents, begunAt)
      await this.progress.announce(file.sha256, sources)
      await this.#line.add(file)
    }
    if (sources.size > 0) await this.progress.note(sources)
  }

  /** @param now ms since epoch */
  async end(now: number): Promise<void> {
    await this.flush()
    await this.progress.end()
    await this.#line.expire(now)
  }
}

async function unlessDamaged(file: SourceFile, work: () => Promise<ImportedFile>): Promise<ImportedFile> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof OrreryError && (error.code === 'invalid_record' || error.code === 'not_found'))) throw error
    return { path: file.path, schema: file.kind, rows: 0, taken: 0, rejected: [], isKnown: false, problem: error.message }
  }
}

async function importFile(request: ImportRequest, file: SourceFile, jobs: Map<string, Job>): Promise<ImportedFile> {
  const { choice, signal } = request
  await using opened = await openRows(file, choice.schema, signal)
  const job = jobs.get(opened.schema) ?? (await Job.open(request, opened.schema))
  jobs.set(opened.schema, job)
  const name = sha256Hex(JSON.stringify([await sha256OfFile(file.path, signal), choice]))
  const former = job.progress.of(name)
  if (former?.isDone) return { path: file.path, schema: opened.schema, rows: 0, taken: 0, rejected: [], isKnown: true, problem: null }
  const progress = former ?? { next: 0, isDone: false, begunAt: job.progress.begunAt }
  return await takeRows(request, { opened, job, name, progress })
}

interface Taking {
  opened: OpenRows
  job: Job
  /** What the file is known by. */
  name: string
  progress: SourceProgress
}

async function takeRows(request: ImportRequest, { opened, job, name, progress }: Taking): Promise<ImportedFile> {
  const { signer, choice, reader, telemetry, signal } = request
  const begunAt = new Date(progress.begunAt)
  const label = { name: choice.label ?? opened.schema, isForced: choice.label !== undefined }
  const importing: Importing = { hotkey: signer.address, jobId: job.id, label, licence: choice.licence, lang: choice.lang, isJudged: choice.isJudged, begunAt }
  const [rejected, told] = [new Tally(), { left: rejectsToldMax }]
  let [rows, taken] = [0, 0]
  let problem: string | null = null
  job.portion.begin(name, progress)
  try {
    for await (const { at, where, document } of opened.documents(importing, progress.next, reader, signal)) {
      rows++
      if ('id' in document) {
        taken++
        job.portion.add(document)
      } else {
        rejected.add(document.code)
        if (told.left-- > 0) await reader.reject(rejectOf(opened.path, where, document, label.name))
      }
      job.portion.reach(name, { ...progress, next: at + 1 })
      if (!job.portion.isFull) continue
      await job.flush()
      job.portion.begin(name, { ...progress, next: at + 1 })
    }
    job.portion.reach(name, { ...progress, next: 0, isDone: true })
  } catch (error) {
    if (!(error instanceof OrreryError && error.code === 'invalid_record')) throw error
    problem = error.message
    await reader.reject({ subject: opened.path, reason: error.code, stage: 'import', details: { message: error.message, label: label.name } })
  }
  telemetry.event('dataset.file_imported', { path: opened.path, job_id: job.id, rows, taken, problem })
  return { path: opened.path, schema: opened.schema, rows, taken, rejected: rejected.counts(), isKnown: false, problem }
}

const rejectOf = (path: string, where: string, { code, column }: { code: string; column?: string }, label: string) => ({
  subject: `${path}#${where}`,
  reason: code,
  stage: 'import',
  details: { label, ...(column !== undefined && { column }) },
})
