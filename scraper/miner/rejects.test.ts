import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, onTestFinished, test } from 'vitest'
import { frozenClock } from '#infra/clock.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { openRejects } from './rejects.ts'

const at = Date.UTC(2026, 0, 20)
const reject = (n: number) => ({ subject: `http://h.example/${n}`, reason: n % 2 === 0 ? 'noindex' : 'gopher_word_count', stage: 'extract', details: { n } })

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
  expect(lines.map((line) => JSON.parse(line))).toEqual(Array.from({ length: 50 }, (_, n) => ({ ...reject(n), n: n + 1, at: new Date(at).toISOString() })))
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
    { ...reject(7), n: 7n, at: new Date(at), details: '{"n":7}' },
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
