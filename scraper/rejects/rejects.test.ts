import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, onTestFinished, test } from 'vitest'
import { frozenClock } from '#infra/clock.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { listRejects } from './rejects-list.ts'
import { decodeRejects, encodeRejects, openRejectsFile, type RejectRow } from './rejects-file.ts'
import { selectRejects, type RejectsFlags } from './listing.ts'
import { openRejects } from './rejects.ts'

const at = Date.UTC(2026, 0, 20)
const kept = (n: number) => ({ subject: `http://h.example/${n}`, reason: n % 2 === 0 ? 'noindex' : 'gopher_word_count', stage: 'extract', details: { n } })
const reject = (n: number) => ({ ...kept(n), details: { label: 'docs', n } })

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'orrery-rejects-'))
  onTestFinished(() => rm(path, { recursive: true }))
  return path
}

const open = (dir: string, limits: { rowsPerFile?: number; filesMax?: number } = {}) =>
  openRejects({ path: join(dir, 'miner.jsonl'), telemetry: createTelemetry(), facts: frozenClock(at), ...limits })

async function keep(dir: string, first: number, last: number, limits = {}): Promise<void> {
  await using rejects = await open(dir, limits)
  for (let n = first; n <= last; n++) await rejects.add(reject(n))
}

const filesOf = async (dir: string) => (await readdir(join(dir, 'miner'))).toSorted()

/** What DuckDB sees of the closed files. */
async function query(dir: string, sql: string) {
  const database = await DuckDBInstance.create(':memory:')
  const connection = await database.connect()
  const reader = await connection.runAndReadAll(sql.replace('$files', `read_parquet('${join(dir, 'miner', '*.parquet')}')`))
  const rows = reader.getRowObjectsJS()
  connection.closeSync()
  database.closeSync()
  return rows
}

test('what was dropped can be read, line by line, in order, while the run goes on, and is counted by reason', async () => {
  const dir = await folder()
  const telemetry = createTelemetry()
  await using rejects = await openRejects({ path: join(dir, 'deep', 'miner.jsonl'), telemetry, facts: frozenClock(at) })
  await Promise.all(Array.from({ length: 50 }, (_, n) => rejects.add(reject(n))))
  const lines = (await readFile(join(dir, 'deep', 'miner.jsonl'), 'utf8')).trim().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual(
    Array.from({ length: 50 }, (_, n) => ({ ...kept(n), label: 'docs', n: n + 1, at: new Date(at).toISOString() })),
  )
  expect(telemetry.snapshot()).toEqual({ 'crawl.rejected{reason=noindex}': 25, 'crawl.rejected{reason=gopher_word_count}': 25 })
})

test('closed, they are one Parquet file that DuckDB queries by reason and details', async () => {
  const dir = await folder()
  await keep(dir, 1, 5)
  await keep(dir, 6, 9)
  expect(await readdir(dir)).not.toContain('miner.jsonl')
  expect(await filesOf(dir)).toEqual(['0000000001-0000000009.parquet'])
  expect(await query(dir, 'select reason, count(*) as dropped from $files group by all order by all')).toEqual([
    { reason: 'gopher_word_count', dropped: 5n },
    { reason: 'noindex', dropped: 4n },
  ])
  expect(await query(dir, `select * from $files where cast(details->>'n' as integer) = 7`)).toEqual([
    { ...kept(7), n: 7n, label: 'docs', at: new Date(at), details: '{"n":7}', title: null, text: null },
  ])
})

test('files are full before the next begins, and the oldest goes first', async () => {
  const dir = await folder()
  await keep(dir, 1, 35, { rowsPerFile: 10, filesMax: 3 })
  expect(await filesOf(dir)).toEqual(['0000000011-0000000020.parquet', '0000000021-0000000030.parquet', '0000000031-0000000035.parquet'])
})

test('a crash at any step costs no row and doubles none', async () => {
  const dir = await folder()
  await keep(dir, 1, 4)
  const [before = ''] = await filesOf(dir)
  await cp(join(dir, 'miner', before), join(dir, before))
  await using rejects = await open(dir)
  await rejects.add(reject(5))
  const tail = await readFile(join(dir, 'miner.jsonl'), 'utf8')
  await rejects[Symbol.asyncDispose]()
  // Between the new file and the end of what it replaces; and a line torn by a power cut.
  await cp(join(dir, before), join(dir, 'miner', before))
  await writeFile(join(dir, 'miner.jsonl'), tail)
  await appendFile(join(dir, 'miner.jsonl'), '{"n":6,"subject":"http://h.exa')
  await keep(dir, 6, 6)
  expect(await filesOf(dir)).toEqual(['0000000001-0000000006.parquet'])
  expect(await query(dir, 'select n, subject from $files order by n')).toEqual([1, 2, 3, 4, 5, 6].map((n) => ({ n: BigInt(n), subject: reject(n).subject })))
})

test('a file that cannot be read stays, and the next begins beside it', async () => {
  const dir = await folder()
  await keep(dir, 1, 2)
  await writeFile(join(dir, 'miner', '0000000001-0000000002.parquet'), 'not parquet')
  await keep(dir, 3, 4)
  expect(await filesOf(dir)).toEqual(['0000000001-0000000002.parquet', '0000000003-0000000004.parquet'])
})

test('a hostile subject and large details are cut', async () => {
  const dir = await folder()
  await using rejects = await open(dir)
  await rejects.add({ subject: `${'x'.repeat(2047)}😀`, reason: 'r', stage: 's', details: { all: 'y'.repeat(100_000) } })
  await rejects[Symbol.asyncDispose]()
  const [row] = await query(dir, 'select subject, length(details) details from $files')
  expect(row).toEqual({ subject: `${'x'.repeat(2047)}�`, details: BigInt('{"cut":"{\\"all\\":\\""}'.length + 2040) })
})

test('what comes while a write is on its way goes with the next, whole and in order, over the end of a file', async () => {
  const dir = await folder()
  await using rejects = await open(dir, { rowsPerFile: 10 })
  await Promise.all(Array.from({ length: 34 }, (_, i) => rejects.add(reject(i + 1))))
  expect(await filesOf(dir)).toEqual(['0000000001-0000000010.parquet', '0000000011-0000000020.parquet', '0000000021-0000000030.parquet'])
  const lines = (await readFile(join(dir, 'miner.jsonl'), 'utf8')).trim().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { n: number }).n)).toEqual([31, 32, 33, 34])
})

test('a file of any size is written and read a megabyte at a time, so that others get their turn', async () => {
  const rows = Array.from({ length: 400 }, (_, i) => row(i + 1, { text: `${i} `.repeat(3000) }))
  let turns = 0
  const counting = setInterval(() => turns++, 0)
  const bytes = await encodeRejects(rows)
  const written = turns
  const all = await decodeRejects(bytes)
  clearInterval(counting)
  expect(all).toEqual(rows)
  expect(openRejectsFile(bytes).groups.length).toBeGreaterThanOrEqual(4)
  expect(Math.min(written, turns - written)).toBeGreaterThanOrEqual(1)
})

const row = (n: number, more: Partial<RejectRow> = {}): RejectRow => ({
  n,
  subject: `http://h.example/${n}`,
  reason: 'noindex',
  stage: 'extract',
  label: null,
  at: new Date(at + n),
  details: null,
  title: null,
  text: null,
  ...more,
})

/** Rejects 1 to 25 of one miner, in two closed files and an open end, and 3 of another; a second apart. */
async function data(): Promise<string> {
  const dir = await folder()
  let now = at
  const facts = { ...frozenClock(at), now: () => now }
  const add = async (name: string, first: number, last: number) => {
    const rejects = await openRejects({ path: join(dir, 'rejects', `${name}.jsonl`), telemetry: createTelemetry(), facts, rowsPerFile: 10 })
    for (let n = first; n <= last; n++, now += 1000) {
      const document = n === 25 ? { title: 'A title', text: 'One line.\nAnother.' } : undefined
      await rejects.add({ ...reject(n), details: { label: n > 23 ? 'rare' : 'docs', n }, document })
    }
  }
  await add('miner-1', 1, 25)
  await add('miner-2', 101, 103)
  return dir
}

const numbers = (rows: { n: number; miner: string }[]) => rows.filter(({ miner }) => miner === 'miner-1').map(({ n }) => n)

describe('the list', () => {
  const flags: RejectsFlags = { limit: '20' }
  const select = (data: string, more: Partial<RejectsFlags>, now = at) => Array.fromAsync(selectRejects(data, { ...flags, ...more }, now))

  test('is of all miners, the newest first, while they write', async () => {
    const dir = await data()
    const all = await select(dir, { limit: '100' })
    expect(all.map(({ details }) => (JSON.parse(details ?? '') as { n: number }).n)).toEqual([103, 102, 101, ...Array.from({ length: 25 }, (_, i) => 25 - i)])
    expect(all[0]).toMatchObject({ miner: 'miner-2', label: 'rare', reason: 'gopher_word_count' })
    expect(await select(dir, { limit: '2' })).toEqual(all.slice(0, 2))
  })

  test('by reason, label and time; with the document where it was kept', async () => {
    const dir = await data()
    expect(numbers(await select(dir, { reason: 'noindex' }))).toEqual([24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2])
    expect(numbers(await select(dir, { label: 'rare', reason: 'noindex' }))).toEqual([24])
    expect(numbers(await select(dir, { since: new Date(at + 21_000).toISOString() }))).toEqual([25, 24, 23, 22])
    expect(numbers(await select(dir, { since: '5s' }, at + 28_000))).toEqual([25, 24])
    const [first] = await select(dir, { label: 'rare', since: new Date(at + 24_000).toISOString(), limit: '5' }).then((rows) =>
      rows.filter(({ miner }) => miner === 'miner-1'),
    )
    expect(first).toMatchObject({ n: 25, title: 'A title', text: 'One line.\nAnother.' })
    expect(await select(dir, { label: 'docs', since: new Date(at + 27_000).toISOString() })).toEqual([])
  })

  test.each([
    [{ reason: 'no_index' }, /nearest: noindex/],
    [{ label: 'doc' }, /nearest: docs/],
    [{ since: 'yesterday' }, /--since/],
    [{ since: '2026-13-45' }, /--since/],
    [{ limit: '0' }, /--limit/],
    [{ limit: 'all' }, /--limit/],
  ])('%j is refused with what would do', async (more, message) => {
    await expect(select(await data(), more)).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringMatching(message) })
  })

  test('changes nothing, needs no folder, and leaves out what cannot be read', async () => {
    expect(await select(await folder(), { reason: 'anything' })).toEqual([])
    const dir = await data()
    const [torn = ''] = (await readdir(join(dir, 'rejects', 'miner-1'))).toSorted()
    await writeFile(join(dir, 'rejects', 'miner-1', torn), 'not parquet')
    await appendFile(join(dir, 'rejects', 'miner-1.jsonl'), '{"n":26,"subj')
    const before = await readdir(dir, { recursive: true })
    const unreadable: string[] = []
    const rows = await Array.fromAsync(listRejects(dir, {}, (path) => unreadable.push(path)))
    expect(rows.length).toBe(18)
    expect(unreadable).toEqual([join(dir, 'rejects', 'miner-1', torn)])
    expect(await readdir(dir, { recursive: true })).toEqual(before)
  })
})
