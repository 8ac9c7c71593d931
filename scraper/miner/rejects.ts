import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { z } from 'zod'
import { folderStore } from '#infra/store/folder.ts'
import { canonicalJson } from '#schemas/canonical-json.ts'
import type { Clock } from '#schemas/clock.ts'
import type { ObjectInfo, ObjectStore } from '#schemas/object-store.ts'
import type { Reject, Telemetry } from '#schemas/stage.ts'
import { decodeRejects, encodeRejects, type RejectRow } from './rejects-file.ts'

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
const textChars = 2048

/**
 * Keeps what was dropped in two places, each row once:
 * - `NAME.jsonl`, the open end: a line of JSON per reject, `{n, subject, reason, stage, at, details?}`. Written, not synced: a power cut may cost the
 *   last lines, which no artefact depends on.
 * - `NAME/FIRST-LAST.parquet`, closed files named after the numbers of their rows, with the columns `n, subject, reason, stage, at, details` (JSON text).
 *   The open end becomes one at 20,000 rows or 16 MiB, and at the end of a run; it takes the file before in, as long as both fit into one.
 *
 * A file is whole or not there (infra/store/folder.ts), and is written before what it replaces goes: after a crash in between, the wider file
 * and the numbers tell what is there twice. At most 50 files and 256 MiB stay, the oldest go first. Counts `crawl.rejected{reason}`.
 */
export async function openRejects({ path, telemetry, facts, rowsPerFile = 20_000, filesMax = 50 }: RejectsParams): Promise<Rejects> {
  await mkdir(dirname(path), { recursive: true })
  const store = folderStore(dirname(path))
  const folder = `${basename(path, '.jsonl')}/`
  await removeReplaced(store, folder)
  const last = (await filesIn(store, folder)).at(-1)?.last ?? 0
  let tail = await readTail(path, last)
  let tailBytes = tail.reduce((sum, row) => sum + Buffer.byteLength(lineOf(row)), 0)
  let next = (tail.at(-1)?.n ?? last) + 1
  let writing = Promise.resolve()

  const roll = async (): Promise<void> => {
    if (tail.length === 0) return
    await rollFile(store, folder, tail, rowsPerFile)
    await rm(path, { force: true })
    tail = []
    tailBytes = 0
    await removeOldest(store, folder, filesMax)
  }
  const write = async (row: RejectRow): Promise<void> => {
    const line = lineOf(row)
    if (tail.length >= rowsPerFile || tailBytes + Buffer.byteLength(line) > tailBytesMax) await roll()
    await appendFile(path, line)
    tail.push(row)
    tailBytes += Buffer.byteLength(line)
  }
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = writing.then(work)
    writing = done.catch(() => undefined)
    return done
  }
  return {
    async add({ subject, reason, stage, details }) {
      telemetry.count('crawl.rejected', 1, { reason })
      const row = { n: next++, subject: cut(subject), reason, stage, at: new Date(facts.now()), details: details ? boundedJson(details) : null }
      await inTurn(() => write(row))
    },
    [Symbol.asyncDispose]: () => inTurn(roll),
  }
}

/** A cut through a pair of surrogates must not leave half of it. */
const cut = (text: string): string => text.slice(0, textChars).toWellFormed()

function boundedJson(details: Readonly<Record<string, unknown>>): string {
  const json = canonicalJson(JSON.parse(JSON.stringify(details)))
  return json.length <= 2 * textChars ? json : canonicalJson({ cut: cut(json) })
}

const Line = z.object({
  n: z.int().positive(),
  subject: z.string(),
  reason: z.string(),
  stage: z.string(),
  at: z.iso.datetime().transform((text) => new Date(text)),
  details: z.json().optional(),
})

const lineOf = ({ details, ...row }: RejectRow): string =>
  `${JSON.stringify({ ...row, ...(details === null ? {} : { details: JSON.parse(details) as unknown }) })}\n`

/** The rows of the open end that no file has, without a line a crash tore; the file then holds just them. */
async function readTail(path: string, rolled: number): Promise<RejectRow[]> {
  const before = await readFile(path, 'utf8').catch(() => '')
  const rows = before.split('\n').flatMap((line) => {
    const { data } = Line.safeParse(parsed(line))
    return data && data.n > rolled ? [{ ...data, details: data.details === undefined ? null : canonicalJson(data.details) }] : []
  })
  const after = rows.map(lineOf).join('')
  if (after !== before) await writeFile(path, after)
  return rows
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown
  } catch {
    return undefined
  }
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
  const joins = before && before.last - before.first + 1 + tail.length <= rowsPerFile
  // A file that cannot be read stays as it is, for people.
  const former = joins ? await decodeRejects(await store.get(before.key)).catch(() => []) : []
  const rows = [...former, ...tail]
  const name = [rows[0]?.n, rows.at(-1)?.n].map((n) => String(n).padStart(10, '0')).join('-')
  await store.put(`${folder}${name}.parquet`, encodeRejects(rows))
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
