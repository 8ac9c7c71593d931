import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findPython, runPython } from '#test/bench/python.ts'
import { shardCases } from '#test/golden/shard-cases.ts'
import { testDocuments } from '#test/golden/documents.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Document } from '#schemas/document.ts'
import { documentColumns, toCell } from '#schemas/parquet/columns.ts'
import { DocumentEncoder } from '#schemas/parquet/encode.ts'

/** One Python for each release of `datasets` that must read a shard. */
const datasetsPythons = process.env['DATASETS_PYTHONS']?.split(':') ?? []
if (datasetsPythons.length === 0) console.warn('no release of `datasets` reads the shards: name Pythons that have one in DATASETS_PYTHONS, with colons between')
const readers = ['pyarrow', 'polars', 'datafusion'] as const
const pythons = new Map(await Promise.all(readers.map(async (reader) => [reader, await findPython({ packages: [reader], install: false })] as const)))
for (const [reader, python] of pythons) if (!python) console.warn(`${reader} reads no shards: no Python has it; name one in PYARROW_PYTHON`)

/** As a stream of pages gives it: in portions, over a row group's end, with dictionaries and without. */
function writtenInPortions() {
  const some = testDocuments(7)
  const documents = Array.from({ length: 10_300 }, (_, n) => ({ ...some[n % 7]!, title: `Page ${n}`, host: `host${n % 2 === 0 ? n : 0}.example` }))
  using encoder = new DocumentEncoder({ codec: 'zstd' })
  const pieces: Buffer[] = []
  const take = (part: Iterable<Uint8Array>) => {
    for (const piece of part) pieces.push(Buffer.from(piece))
  }
  for (let from = 0; from < documents.length; from += 777) take(encoder.append(documents.slice(from, from + 777)))
  take(encoder.finish())
  return { documents, bytes: Buffer.concat(pieces) }
}
const cases: { documents: readonly Document[]; bytes: Uint8Array }[] = [...shardCases, writtenInPortions()]

let folder: string
let paths: string[]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-foreign-readers-'))
  paths = cases.map((_, n) => join(folder, `${n}.parquet`))
  await Promise.all(cases.map(({ bytes }, n) => writeFile(paths[n]!, bytes)))
})
afterAll(() => rm(folder, { recursive: true }))

/** Rows with their cells in one spelling: times as milliseconds, bytes as hex, doubles in millionths. */
const cells = (documents: readonly Document[]): unknown[][] =>
  documents.map((document) =>
    documentColumns.map((column) => {
      const cell = toCell(column, document)
      if (cell instanceof Date) return cell.getTime()
      if (cell instanceof Uint8Array) return Buffer.from(cell).toString('hex')
      return column.kind === 'double' ? Math.round((cell as number) * 1e6) : cell
    }),
  )
const expectedDigests = cases.map(({ documents }) => [documents.length, sha256Hex(JSON.stringify(cells(documents)))])

/** The same in Python, of rows as dictionaries. */
const digestOfRows = `
import sys, json, hashlib, datetime
epoch = datetime.datetime(1970, 1, 1)
def spell(value):
  if isinstance(value, bytes): return value.hex()
  if isinstance(value, datetime.datetime): return (value.replace(tzinfo=None) - epoch) // datetime.timedelta(milliseconds=1)
  return round(value * 1e6) if isinstance(value, float) else value
def digest(rows):
  text = json.dumps([[spell(cell) for cell in row.values()] for row in rows], ensure_ascii=False, separators=(',', ':'))
  return [len(rows), hashlib.sha256(text.encode()).hexdigest()]
`

/** Prints everything its reader knows of each file, in a process that dies of what it cannot print. */
const scripts: Record<(typeof readers)[number], string> = {
  pyarrow: `
import pyarrow.parquet as pq, pyarrow.dataset as ds
def key(value): return value.encode() if isinstance(value, str) else value
def read(path):
  file = pq.ParquetFile(path, page_checksum_verification=True)
  print(file.metadata, file.schema, file.schema_arrow, file.metadata.to_dict())
  for fragment in ds.dataset(path).get_fragments():
    for group in fragment.row_groups: print(group.statistics)
  rows = file.read().to_pylist()
  first = 0
  for g in range(file.metadata.num_row_groups):
    group = file.metadata.row_group(g)
    for c in range(group.num_columns):
      column = group.column(c)
      print(column)
      name = column.path_in_schema
      values = [key(row[name]) for row in rows[first:first + group.num_rows] if row[name] is not None]
      statistics = column.statistics
      assert statistics.null_count == group.num_rows - len(values), name
      if not statistics.has_min_max: continue
      low, high = key(statistics.min), key(statistics.max)
      assert low <= min(values) and max(values) <= high, name
    first += group.num_rows
  return rows`,
  polars: `
import polars
def read(path):
  print(polars.read_parquet_schema(path), polars.read_parquet_metadata(path))
  table = polars.read_parquet(path)
  for name in table.columns:
    values = table[name].to_list()
    value = next((value for value in values if value is not None), None)
    if value is not None: assert polars.scan_parquet(path).filter(polars.col(name) == value).collect().height == values.count(value), name
  return table.to_dicts()`,
  datafusion: `
import datafusion
from datafusion import col, literal
def read(path):
  context = datafusion.SessionContext()
  context.register_parquet('shard', path)
  table = context.table('shard')
  print(table.schema())
  rows = table.to_pylist()
  # By bloom filters, and by the bounds of row groups and pages.
  for name in ('id', 'uri', 'host', 'title', 'author', 'etag', 'label', 'version', 'minhash'):
    values = [row[name] for row in rows if row[name] is not None]
    for value in set(values[:1] + values[-1:]):
      assert table.filter(col(name) == literal(value)).count() == values.count(value), name
  return rows`,
}

describe.each(readers)('%s', (reader) => {
  const python = pythons.get(reader)
  test.skipIf(!python)('prints all metadata of every shard, finds rows by its bounds, and reads every cell', async () => {
    const script = `${digestOfRows}${scripts[reader]}\nprint(json.dumps([digest(read(path)) for path in sys.argv[1:]]))`
    expect(await runPython(python as string, script, paths)).toEqual(expectedDigests)
  })
})

test.each(datasetsPythons)('the `datasets` of %s loads and streams every shard that has rows', async (python) => {
  const script = `${digestOfRows}
import os
os.environ.update(HF_HOME=sys.argv[1], HF_HUB_OFFLINE='1', HF_HUB_DISABLE_TELEMETRY='1')
import datasets
def load(path, streaming):
  rows = datasets.load_dataset('parquet', data_files=path, split='train', streaming=streaming, cache_dir=sys.argv[1])
  assert rows.features['minhash'].dtype == 'binary'
  return digest(list(rows))
print(json.dumps([load(path, streaming) for path in sys.argv[2:] for streaming in (False, True)]))`
  const withRows = paths.filter((_, n) => cases[n]!.documents.length > 0)
  const expected = expectedDigests.filter(([rows]) => rows !== 0).flatMap((digest) => [digest, digest])
  expect(await runPython(python, script, [join(folder, 'datasets'), ...withRows])).toEqual(expected)
})

test('DuckDB lists the metadata of every shard', async () => {
  const database = await DuckDBInstance.create(':memory:')
  const connection = await database.connect()
  const count = async (source: string) => Number((await connection.runAndReadAll(`select count(*) as n from ${source}`)).getRowObjectsJS()[0]!['n'])
  for (const [n, { documents }] of cases.entries()) {
    const groups = Math.ceil(documents.length / 10_000)
    expect([
      await count(`parquet_metadata('${paths[n]}')`),
      await count(`parquet_schema('${paths[n]}')`),
      await count(`read_parquet('${paths[n]}')`),
      await count(`parquet_file_metadata('${paths[n]}') where num_row_groups = ${groups}`),
    ]).toEqual([groups * documentColumns.length, documentColumns.length + 1, documents.length, 1])
  }
  connection.closeSync()
  database.closeSync()
})
