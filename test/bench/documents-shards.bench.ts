import { closeSync, openSync, writeSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { Document } from '#schemas/document.ts'
import { documentColumns } from '#schemas/parquet/columns.ts'
import { decodeDocuments } from '#schemas/parquet/decode.ts'
import { DocumentEncoder, encodeDocuments } from '#schemas/parquet/encode.ts'
import { median, medianRatio, type Bench, type Sample } from './bench.ts'
import { findPython, runPython } from './python.ts'
import { zipfDocuments } from './zipf-documents.ts'

/**
 * Writing and reading a shard, beside pyarrow on the same rows: zstd level 3, row groups of 10,000, dictionaries on the same columns,
 * the same bloom filters and page indexes. It begins with columns in memory, we with Document objects, once the code is warm: a miner writes all its life.
 * A second figure has it begin with rows as well: dicts, of which it makes its columns first. All of it several times, so that what the collector of
 * garbage takes is in the figure, and what the compiler takes once is not.
 */
const times = 10
let folder = ''
let documents: Document[] = []
let python: string | undefined
const inFolder = (name: string) => join(folder, name)

async function prepare(quick: boolean): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
  documents = zipfDocuments(quick ? 5_000 : 20_000)
  for (let n = 0; n < 3; n++) await decodeDocuments(encodeDocuments(documents.slice(0, 1_000), { codec: 'zstd' }))
  for (let n = 0; n < 2; n++) write()
  await writeFile(inFolder('rows.parquet'), encodeDocuments(documents, { codec: 'zstd' }))
}

/** To a file, as pyarrow does. @returns its bytes */
function write(): number {
  using encoder = new DocumentEncoder({ codec: 'zstd' })
  const file = openSync(inFolder('out.parquet'), 'w')
  let bytes = 0
  for (const part of [encoder.append(documents), encoder.finish()]) for (const piece of part) bytes += writeSync(file, piece)
  closeSync(file)
  return bytes
}

const read = async (): Promise<number> => (await decodeDocuments(await readFile(inFolder('rows.parquet')))).length

async function repeat<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  for (let n = 1; n < times; n++) await work()
  return work()
}

async function preparePyarrow(quick: boolean): Promise<void> {
  python = await findPython({ packages: ['pyarrow'], install: true })
  await prepare(quick)
}

const Measured = z.record(z.string(), z.number())

/** Its own CPU seconds of writing, from columns and from rows, and of reading: the mean, without the first time, which is cold. */
async function runPyarrow(): Promise<Record<string, number>> {
  if (!python) return {}
  const dictionaries = documentColumns.filter(({ repeats }) => repeats).map(({ name }) => name)
  return Measured.parse(await runPython(python, script, [inFolder('rows.parquet'), inFolder('out.parquet'), dictionaries.join(), `${times}`]))
}

const script = `
import json, os, sys, time, pyarrow as pa, pyarrow.parquet as pq
rows, out, dictionaries, times = sys.argv[1:]
def measure(work):
  work()
  start = time.process_time()
  for _ in range(int(times)): result = work()
  return (time.process_time() - start) / int(times), result
read, table = measure(lambda: pq.read_table(rows, use_threads=False))
options = dict(compression='zstd', compression_level=3, row_group_size=10000, use_dictionary=dictionaries.split(','), write_page_index=True)
blooms = dict(bloom_filter_options={name: dict(ndv=10000, fpp=0.01) for name in ('id', 'uri')})
write = lambda options: measure(lambda: pq.write_table(table, out, **options))[0]
try: pq.write_table(table, out, **options, **blooms)
except TypeError: blooms = {}
from_columns = write({**options, **blooms})
dicts, schema = table.to_pylist(), table.schema
from_rows, table = measure(lambda: pa.Table.from_pylist(dicts, schema=schema))
from_rows += write({**options, **blooms})
print(json.dumps(dict(rows=table.num_rows, bytes=os.path.getsize(out), write_cpu_s=from_columns, write_from_rows_cpu_s=from_rows, read_cpu_s=read)))`

const tearDown = () => rm(folder, { recursive: true })

export const bench: Bench = {
  contestants: {
    write: {
      setUp: prepare,
      run: async () => ({ rows: times * documents.length, bytes: await repeat(write) }),
      tearDown,
    },
    pyarrow: { setUp: preparePyarrow, run: runPyarrow, tearDown },
    read: {
      setUp: prepare,
      run: async () => ({ rows: times * (await repeat(read)) }),
      tearDown,
    },
  },
  summarize({ write = [], pyarrow = [], read = [] }) {
    const figures = {
      shard_write_vs_pyarrow: medianRatio(pyarrow, write, (sample) => sample.counts['write_cpu_s'] ?? sample.cpuSeconds / times),
      shard_write_vs_pyarrow_from_rows: medianRatio(pyarrow, write, (sample) => sample.counts['write_from_rows_cpu_s'] ?? sample.cpuSeconds / times),
      shard_size_vs_pyarrow: medianRatio(write, pyarrow, (sample) => sample.counts['bytes'] ?? 0),
      shard_read_vs_pyarrow: medianRatio(pyarrow, read, (sample) => sample.counts['read_cpu_s'] ?? sample.cpuSeconds / times),
      shard_write_rows_per_cpu_s: rowsPerCpuSecond(write),
      shard_read_rows_per_cpu_s: rowsPerCpuSecond(read),
    }
    if (pyarrow.some(({ counts }) => counts['bytes'])) return { figures }
    const note = 'there is no pyarrow, and none could be installed; name a Python that has it in PYARROW_PYTHON'
    return {
      figures: {
        ...figures,
        shard_write_vs_pyarrow: null,
        shard_write_vs_pyarrow_from_rows: null,
        shard_size_vs_pyarrow: null,
        shard_read_vs_pyarrow: null,
      },
      notes: { shard_write_vs_pyarrow: note },
    }
  },
}

const rowsPerCpuSecond = (samples: readonly Sample[]) => median(samples.map((sample) => (sample.counts['rows'] ?? 0) / sample.cpuSeconds))
