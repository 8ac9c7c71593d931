import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { folderStore } from '#infra/store/folder.ts'
import { canonicalJson } from '#schemas/canonical-json.ts'
import type { Clock } from '#schemas/clock.ts'
import type { ObjectInfo, ObjectStore } from '#schemas/object-store.ts'
import type { Reject, Telemetry } from '#schemas/stage.ts'
import { lineOf, rowOf } from './reject-line.ts'
import { decodeRejects, encodeRejects, sizeOf, type RejectRow } from './rejects-file.ts'

/** What was dropped, and why. */
export interface Rejects extends AsyncDisposable {
  /** Resolves when it is written. */
  add(reject: Reject): Promise<void>
}

interface RejectsParams {
  /** `…/NAME.jsonl` */
  path: string
  telemetry: Telemetry
  /** Stamps the rejects. */
  facts: Clock
  /** Rejects in one file, and files. */
  rowsPerFile?: number
  filesMax?: number
}

const tailBytesMax = 16 * 2 ** 20
const keptBytesMax = 256 * 2 ** 20
/** A file that is larger is not taken into the next. */
const joinedBytesMax = 4 * 2 ** 20
const textChars = 2048

/**
 * Keeps what was dropped in two places, each row once:
 * - `NAME.jsonl`, the open end: a line of JSON per reject (reject-line.ts). Written, not synced: a power cut may cost the last lines, which no artefact depends
 *   on. What comes while a write is on its way goes with the next.
 * - `NAME/FIRST-LAST.parquet`, closed files named after the numbers of their rows (columns: rejects-file.ts, `details` is JSON text). The open end becomes one
 *   at 20,000 rows or 16 MiB, and at the end of a run; it takes the file before in, as long as both make a small one.
 *
 * A file is whole or not there (infra/store/folder.ts), and is written before what it replaces goes: after a crash in between, the wider file
 * and the numbers tell what is there twice. At most 50 files and 256 MiB stay, the oldest go first. Counts `crawl.rejected{reason}`.
 */
export async function openRejects({ path, rowsPerFile = 20_000, filesMax = 50, ...parts }: RejectsParams): Promise<Rejects> {
  await mkdir(dirname(path), { recursive: true })
  const store = folderStore(dirname(path))
  const folder = `${basename(path, '.jsonl')}/`
  await removeReplaced(store, folder)
  const last = (await filesIn(store, folder)).at(-1)?.last ?? 0
  return new RejectsWriter({ ...parts, path, store, folder, rowsPerFile, filesMax }, await readTail(path, last), last)
}

interface WriterParts extends Required<RejectsParams> {
  store: ObjectStore
  /** Of the closed files, in the store. */
  folder: string
}

class RejectsWriter implements Rejects {
  readonly #parts: WriterParts
  /** The rows of the open end. */
  #tail: RejectRow[]
  #tailBytes: number
  #next: number
  #writing = Promise.resolve()
  /** What came since the last write began, and when it will be written. */
  #gathered: RejectRow[] = []
  #round: Promise<void> | undefined

  /** @param last number of the last row of the closed files */
  constructor(parts: WriterParts, tail: RejectRow[], last: number) {
    this.#parts = parts
    this.#tail = tail
    this.#tailBytes = bytesOf(tail)
    this.#next = (tail.at(-1)?.n ?? last) + 1
  }

  add = async (reject: Reject): Promise<void> => {
    const { telemetry, facts } = this.#parts
    telemetry.count('crawl.rejected', 1, { reason: reject.reason })
    this.#gathered.push(rowOfReject(reject, this.#next++, new Date(facts.now())))
    await (this.#round ??= this.#inTurn(() => this.#writeRound()))
  };

  [Symbol.asyncDispose] = (): Promise<void> => this.#inTurn(() => this.#roll())

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(work)
    this.#writing = done.catch(() => undefined)
    return done
  }

  async #writeRound(): Promise<void> {
    const rows = this.#gathered
    this.#gathered = []
    this.#round = undefined
    let [from, bytes] = [0, 0]
    for (const [at, row] of rows.entries()) {
      if (this.#tail.length + at - from >= this.#parts.rowsPerFile || this.#tailBytes + bytes + sizeOf(row) > tailBytesMax) {
        await this.#append(rows.slice(from, at))
        await this.#roll()
        ;[from, bytes] = [at, 0]
      }
      bytes += sizeOf(row)
    }
    await this.#append(rows.slice(from))
  }

  async #append(rows: readonly RejectRow[]): Promise<void> {
    if (rows.length === 0) return
    await appendFile(this.#parts.path, rows.map(lineOf).join(''))
    for (const row of rows) this.#tail.push(row)
    this.#tailBytes += bytesOf(rows)
  }

  async #roll(): Promise<void> {
    if (this.#tail.length === 0) return
    const { store, folder, path, rowsPerFile, filesMax } = this.#parts
    await rollFile(store, folder, this.#tail, rowsPerFile)
    await rm(path, { force: true })
    this.#tail = []
    this.#tailBytes = 0
    await removeOldest(store, folder, filesMax)
  }
}

const bytesOf = (rows: readonly RejectRow[]): number => rows.reduce((sum, row) => sum + sizeOf(row), 0)

function rowOfReject({ subject, reason, stage, details, document }: Reject, n: number, at: Date): RejectRow {
  const { label, ...more } = details ?? {}
  return {
    n,
    subject: cut(subject),
    reason,
    stage,
    label: typeof label === 'string' ? cut(label) : null,
    at,
    details: Object.keys(more).length > 0 ? boundedJson(more) : null,
    title: document ? cut(document.title) : null,
    text: document ? document.text.toWellFormed() : null,
  }
}

/** A cut through a pair of surrogates must not leave half of it. */
const cut = (text: string): string => text.slice(0, textChars).toWellFormed()

function boundedJson(details: Readonly<Record<string, unknown>>): string {
  const json = canonicalJson(JSON.parse(JSON.stringify(details)))
  return json.length <= 2 * textChars ? json : canonicalJson({ cut: cut(json) })
}

/** The rows of the open end that no file has, without a line a crash tore; the file then holds just them. */
async function readTail(path: string, rolled: number): Promise<RejectRow[]> {
  const before = await readFile(path, 'utf8').catch(() => '')
  const rows = before.split('\n').flatMap((line) => {
    const row = rowOf(line)
    return row && row.n > rolled ? [row] : []
  })
  const after = rows.map(lineOf).join('')
  if (after !== before) await writeFile(path, after)
  return rows
}

interface RolledFile extends ObjectInfo {
  first: number
  last: number
}

/** In the order of their rows. */
async function filesIn(store: ObjectStore, folder: string): Promise<RolledFile[]> {
  const files: RolledFile[] = []
  for await (const info of store.list(folder)) {
    const [, first, last] = /\/(\d+)-(\d+)\.parquet$/.exec(info.key) ?? []
    if (first && last) files.push({ ...info, first: Number(first), last: Number(last) })
  }
  return files.toSorted((a, b) => a.first - b.first || a.last - b.last)
}

async function rollFile(store: ObjectStore, folder: string, tail: readonly RejectRow[], rowsPerFile: number): Promise<void> {
  const before = (await filesIn(store, folder)).at(-1)
  const joins = before && before.bytes <= joinedBytesMax && before.last - before.first + 1 + tail.length <= rowsPerFile
  // A file that cannot be read stays as it is, for people.
  const former = joins ? await decodeRejects(await store.get(before.key)).catch(() => []) : []
  const rows = [...former, ...tail]
  const name = [rows[0]?.n, rows.at(-1)?.n].map((n) => String(n).padStart(10, '0')).join('-')
  await store.put(`${folder}${name}.parquet`, await encodeRejects(rows))
  if (before && former.length > 0) await store.delete(before.key)
}

/** Deletes files whose rows all stand in a wider one: a crash came before their end. */
async function removeReplaced(store: ObjectStore, folder: string): Promise<void> {
  const files = await filesIn(store, folder)
  for (const file of files) {
    if (files.some((other) => other.key !== file.key && other.first <= file.first && other.last >= file.last)) await store.delete(file.key)
  }
}

async function removeOldest(store: ObjectStore, folder: string, filesMax: number): Promise<void> {
  const files = await filesIn(store, folder)
  let bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  for (const [at, file] of files.entries()) {
    if (files.length - at <= filesMax && bytes <= keptBytesMax) return
    await store.delete(file.key)
    bytes -= file.bytes
  }
}
