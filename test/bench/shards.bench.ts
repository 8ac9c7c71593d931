import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Document } from '#schemas/document.ts'
import { decodeDocuments } from '#schemas/parquet/decode.ts'
import { encodeDocuments } from '#schemas/parquet/encode.ts'
import { testDocuments } from '../golden/documents.ts'
import { median, medianRatio, type Bench, type Sample } from './bench.ts'

/** Writing and reading a shard, beside DuckDB on the same rows with the same codec. */
let folder = ''
let documents: Document[] = []
let connection: DuckDBConnection
const rowsOf = (quick: boolean) => (quick ? 2_000 : 20_000)

async function prepare(quick: boolean): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
  documents = testDocuments(rowsOf(quick))
  await writeFile(join(folder, 'rows.parquet'), encodeDocuments(documents, { codec: 'zstd' }))
}

async function prepareDuckdb(quick: boolean): Promise<void> {
  await prepare(quick)
  connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  await connection.run(`create table rows as from '${join(folder, 'rows.parquet')}'`)
}

const remove = () => rm(folder, { recursive: true })

export const bench: Bench = {
  contestants: {
    write: {
      setUp: prepare,
      run: async () => {
        const bytes = encodeDocuments(documents, { codec: 'zstd' })
        await writeFile(join(folder, 'out.parquet'), bytes)
        return { rows: documents.length, bytes: bytes.length }
      },
      tearDown: remove,
    },
    duckdb_write: {
      setUp: prepareDuckdb,
      run: async () => {
        const path = join(folder, 'out.parquet')
        await connection.run(`copy rows to '${path}' (format parquet, compression zstd, compression_level 3, row_group_size 10000)`)
        return { rows: documents.length, bytes: (await readFile(path)).length }
      },
      tearDown: remove,
    },
    read: {
      setUp: prepare,
      run: async () => ({ rows: (await decodeDocuments(await readFile(join(folder, 'rows.parquet')))).length }),
      tearDown: remove,
    },
  },
  summarize({ write = [], duckdb_write = [], read = [] }) {
    return {
      figures: {
        write_rows_per_cpu_s: rowsPerCpuSecond(write),
        read_rows_per_cpu_s: rowsPerCpuSecond(read),
        write_speed_vs_duckdb: medianRatio(duckdb_write, write, (s) => s.cpuSeconds),
        bytes_vs_duckdb: medianRatio(write, duckdb_write, (s) => s.counts['bytes'] ?? 0),
      },
    }
  },
}

const rowsPerCpuSecond = (samples: readonly Sample[]) => median(samples.map((s) => (s.counts['rows'] ?? 0) / s.cpuSeconds))
