import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { compareText } from '#schemas/compare-text.ts'
import { rowOf } from './reject-line.ts'
import { openRejectsFile, wholeRow, type RejectRow, type RejectsFile } from './rejects-file.ts'

/** Which rejects are wanted. */
export interface RejectsWanted {
  reason?: string | undefined
  label?: string | undefined
  /** ms since epoch. */
  since?: number | undefined
}

export interface ListedReject extends RejectRow {
  miner: string
}

type Heads = Pick<RejectRow, 'reason' | 'label' | 'at'>

/**
 * The rejects of all miners of a data folder, the newest first. Reads what it gives and little more, and changes nothing; a miner may be writing meanwhile.
 * @param unreadable told of each file that cannot be read, of which the rest is left out
 */
export async function* listRejects(dataDir: string, wanted: RejectsWanted, unreadable: (path: string) => void): AsyncGenerator<ListedReject, void, undefined> {
  const folder = join(dataDir, 'rejects')
  const miners = await Promise.all((await minersIn(folder)).map(async (miner) => ({ miner, rows: newestFirst(join(folder, miner), wanted, unreadable) })))
  const heads = await Promise.all(miners.map(async ({ miner, rows }) => ({ miner, rows, next: await rows.next() })))
  for (;;) {
    const open = heads.flatMap((head) => (head.next.done ? [] : [{ head, row: head.next.value }]))
    const [first] = open.toSorted((a, b) => b.row.at.getTime() - a.row.at.getTime() || compareText(a.head.miner, b.head.miner))
    if (!first) return
    yield { miner: first.head.miner, ...first.row }
    first.head.next = await first.head.rows.next()
  }
}

/** Each value of the column over all rejects there are. */
export async function valuesOf(dataDir: string, column: 'reason' | 'label'): Promise<Set<string>> {
  const folder = join(dataDir, 'rejects')
  const values = new Set<string>()
  const add = (rows: readonly Partial<Heads>[]) => rows.forEach((row) => row[column] && values.add(row[column]))
  for (const miner of await minersIn(folder)) {
    add(await openEnd(join(folder, miner)))
    for (const file of closedFiles(join(folder, miner), await filesIn(join(folder, miner)))) {
      for await (const rows of columnOf(file, column)) add(rows)
    }
  }
  return values
}

async function* columnOf(file: ClosedFile, column: 'reason' | 'label'): AsyncGenerator<Partial<Heads>[], void, undefined> {
  try {
    const opened = await file.open()
    for (const group of opened?.groups.keys() ?? []) {
      yield (await opened?.read(group, [column])) ?? []
      await setImmediate()
    }
  } catch {
    // The list has told of it.
  }
}

async function minersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const names = entries.map((entry) => (entry.isDirectory() ? entry.name : entry.name.replace(/\.jsonl$/, '')))
  return [...new Set(names)].toSorted(compareText)
}

async function* newestFirst(path: string, wanted: RejectsWanted, unreadable: (path: string) => void): AsyncGenerator<RejectRow, void, undefined> {
  const isWanted = ({ reason, label, at }: Heads) =>
    (wanted.reason === undefined || reason === wanted.reason) &&
    (wanted.label === undefined || label === wanted.label) &&
    (wanted.since === undefined || at.getTime() >= wanted.since)
  // The files first: what becomes one between the two looks is in the open end still, and told by its number.
  const files = await filesIn(path)
  let before = Infinity
  for (const row of (await openEnd(path)).toReversed()) {
    before = row.n
    if (isWanted(row)) yield row
  }
  for (const file of closedFiles(path, files)) {
    try {
      const opened = await file.open()
      if (opened) for await (const row of rowsOf(opened, isWanted, wanted.since)) if (row.n < before) yield row
    } catch {
      unreadable(file.path)
    }
    before = Math.min(before, file.first)
  }
}

async function* rowsOf(file: RejectsFile, isWanted: (heads: Heads) => boolean, since = -Infinity): AsyncGenerator<RejectRow, void, undefined> {
  for (const [group, { latest = Infinity }] of [...file.groups.entries()].toReversed()) {
    if (latest < since) continue
    // Whole rows cost ten times as much.
    if ((await file.read(group, ['reason', 'label', 'at'])).some(isWanted)) yield* (await file.read(group, wholeRow)).filter(isWanted).toReversed()
    await setImmediate()
  }
}

/** The open end; a last line that is torn, or being written, is left out. */
async function openEnd(path: string): Promise<RejectRow[]> {
  const text = await readFile(`${path}.jsonl`, 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => rowOf(line) ?? [])
}

const filesIn = (path: string): Promise<string[]> => readdir(path).catch(() => [])

interface ClosedFile {
  /** Number of its first row. */
  first: number
  path: string
  /** Undefined: it is gone by now. @throws Error when it is no file of ours */
  open(): Promise<RejectsFile | undefined>
}

/** The newest first, without those that a wider one has replaced. */
function closedFiles(folder: string, names: readonly string[]): ClosedFile[] {
  const files = names.flatMap((name) => {
    const [, first, last] = /^(\d+)-(\d+)\.parquet$/.exec(name) ?? []
    return first && last ? [{ name, first: Number(first), last: Number(last) }] : []
  })
  return files
    .filter((file) => !files.some((other) => other !== file && other.first <= file.first && other.last >= file.last))
    .toSorted((a, b) => b.first - a.first)
    .map(({ name, first }) => {
      const path = join(folder, name)
      return { first, path, open: async () => opened(await readFile(path).catch(() => undefined)) }
    })
}

const opened = (bytes: Uint8Array | undefined): RejectsFile | undefined => bytes && openRejectsFile(bytes)
