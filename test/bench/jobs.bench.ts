import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalJson } from '#schemas/canonical-json.ts'
import { IcebergTables } from '#dataset/iceberg/tables.ts'
import { ingest } from '#dataset/ingest/ingest.ts'
import { IngestMemory } from '#dataset/ingest/memory.ts'
import { openDatasetQuery } from '#dataset/query/open-dataset-query.ts'
import { tokenize } from '#dataset/tokenize/tokenize.ts'
import { prose, testDocument } from '../golden/documents.ts'
import { goldenOrigin, putShard, shardWorld, type ShardWorld } from '../golden/shards.ts'
import { median, medianRatio, type Bench, type Contestant, type Sample, type Size } from './bench.ts'
import { cpuSeconds } from './cpu-seconds.ts'

/** A dataset of many miners with ten jobs of a page each, and then turns in each of which one job has a page more: what a turn costs beside few jobs and beside many. */
const jobsOf: Record<'few' | 'many', Record<Size, number>> = {
  few: { quick: 20, usual: 100, full: 500 },
  many: { quick: 200, usual: 1000, full: 10_000 },
}
const jobsOfMiner = 10
const turns = 6
const { signal } = new AbortController()
/** What the tables of Iceberg take is counted apart. */
const tableFolder = 'datasets/web/iceberg/'

async function bytesOf({ store }: ShardWorld): Promise<{ versions: number; tables: number }> {
  const bytes = { versions: 0, tables: 0 }
  for (const prefix of ['datasets/', 'tokens/'])
    for await (const object of store.list(prefix)) bytes[object.key.startsWith(tableFolder) ? 'tables' : 'versions'] += object.bytes
  return bytes
}

const putPage = async (world: ShardWorld, job: number, page: number): Promise<unknown> =>
  putShard(world, {
    signer: await world.signer(`miner-${Math.floor(job / jobsOfMiner)}`),
    jobId: `job-${job % jobsOfMiner}`,
    documents: [testDocument(page, { text: prose(page, 60) })],
  })

async function measure(dir: string, jobs: number): Promise<Record<string, number>> {
  await using world = await shardWorld({ dir })
  await using query = openDatasetQuery({ ...world, folder: world.queryFolder, clock: world.pace })
  const tables = new IcebergTables(world)
  const request = { ...world, name: 'web', origin: goldenOrigin, signal, memory: new IngestMemory() }
  const counts = { manifest_bytes: 0, version_cpu_s: 0, table_cpu_s: 0 }
  const turn = async (): Promise<void> => {
    const start = cpuSeconds()
    const { entry } = await ingest(request)
    const tokens = await tokenize(request)
    if (entry) await query.follow(entry, signal)
    const end = cpuSeconds()
    await tables.followAll({ mayHaveExpired: false, signal })
    counts.version_cpu_s += end - start
    counts.table_cpu_s += cpuSeconds() - end
    // The catalog has both, and the index of the dataset has its own until that is committed.
    counts.manifest_bytes += 2 * canonicalJson(entry?.manifest).length + canonicalJson(tokens.entry?.manifest).length
  }
  for (let job = 0; job < jobs; job++) await putPage(world, job, job)
  await turn()
  // The first after the filling warms up.
  await putPage(world, 0, jobs)
  await turn()
  for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] = 0
  const before = await bytesOf(world)
  for (let n = 1; n <= turns; n++) {
    await putPage(world, Math.floor((n * jobs) / (turns + 1)), jobs + n)
    await turn()
  }
  const after = await bytesOf(world)
  const [versions, tableBytes] = [after.versions - before.versions + counts.manifest_bytes, after.tables - before.tables]
  return {
    bytes: versions / turns,
    table_bytes: tableBytes / turns,
    cpu_ms: (1000 * counts.version_cpu_s) / turns,
    table_cpu_ms: (1000 * counts.table_cpu_s) / turns,
  }
}

function beside(jobs: Record<Size, number>): Contestant {
  let dir = ''
  return {
    async setUp() {
      dir = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
    },
    run: (_quick, size) => measure(dir, jobs[size]),
    tearDown: () => rm(dir, { recursive: true }),
  }
}

const of =
  (name: string) =>
  (sample: Sample): number =>
    sample.counts[name] ?? 0
const names = ['bytes', 'table_bytes', 'cpu_ms', 'table_cpu_ms'] as const

export const bench: Bench = {
  rounds: 1,
  contestants: { few: beside(jobsOf.few), many: beside(jobsOf.many) },
  summarize: ({ few = [], many = [] }) => ({
    figures: Object.fromEntries(
      names.flatMap((name) => [
        [`${name}_growth`, medianRatio(many, few, of(name))],
        [`${name}_few`, median(few.map(of(name)))],
        [`${name}_many`, median(many.map(of(name)))],
      ]),
    ),
  }),
}
