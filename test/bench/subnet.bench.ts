import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { limitHeapGrowth } from '#infra/heap-growth.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Refetch } from '#scraper/validator/refetch.ts'
import { openValidator } from '#scraper/validator/validator.ts'
import { openSubnet, type Subnet } from '#test/adversary/subnet.ts'
import { median, type Bench, type Sample, type Size } from './bench.ts'
import { cpuSeconds } from './cpu-seconds.ts'
import { benchPage, filledAt, numberOf } from './subnet-miners.ts'

/** Files and rows of each of the 256 (and 64) miners, and those of a single large one. */
const sizes: Record<Size, { files: number; rows: number; largeFiles: number; largeRows: number }> = {
  quick: { files: 2, rows: 150, largeFiles: 10, largeRows: 2000 },
  usual: { files: 4, rows: 500, largeFiles: 100, largeRows: 10_000 },
  full: { files: 4, rows: 1000, largeFiles: 1000, largeRows: 10_000 },
}
const samplePages = 20
let folder = ''

/** In a process of its own: what fills the store is not what is measured. */
async function fill(...numbers: readonly number[]): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
  const program = join(import.meta.dirname, 'subnet-miners.ts')
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, folder, ...numbers.map(String)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`The miners were not made: the program ended with ${code}.`)
}

interface Reads {
  store: ObjectStore
  bytes(): number
}

/** Counts what is read of data files and of what stands beside them. */
function countReads(store: ObjectStore): Reads {
  let read = 0
  const get: ObjectStore['get'] = async (key, range) => {
    const bytes = await store.get(key, range)
    if (key.startsWith('data/')) read += bytes.length
    return bytes
  }
  return { store: { ...store, get }, bytes: () => read }
}

async function storedBytes({ store }: Subnet): Promise<number> {
  let bytes = 0
  for await (const object of store.list('data/')) if (object.key.endsWith('.parquet')) bytes += object.bytes
  return bytes
}

/** The pages are what they were. */
const refetch: Refetch = async (url) => ({ state: 'found', page: benchPage(numberOf(url), '') })

/** A cycle over all that was made, then one in which nothing is new. */
async function measure(): Promise<Record<string, number>> {
  // As the program does.
  limitHeapGrowth()
  await using subnet = await openSubnet(folder, filledAt + 3_600_000)
  const { store, bytes } = countReads(subnet.store)
  const params = {
    ...subnet,
    store,
    signer: await subnet.join('validator-1'),
    settings: { sample_pages: samplePages },
    refetch,
    folder: join(folder, 'validator'),
  }
  const cycle = async () => {
    const before = { cpu: cpuSeconds(), at: performance.now(), read: bytes() }
    await using validator = openValidator(params)
    const { miners } = await validator.cycle(new AbortController().signal)
    const failed = miners.filter(({ passed }) => !passed)
    if (failed.length > 0) throw new Error(`${failed.length} honest miners failed: ${JSON.stringify(failed[0]?.failures.slice(0, 2))}`)
    return { miners: miners.length, cpu: cpuSeconds() - before.cpu, s: (performance.now() - before.at) / 1000, read: bytes() - before.read }
  }
  const [first, again] = [await cycle(), await cycle()]
  const stored = await storedBytes(subnet)
  return {
    miners: first.miners,
    first_s: first.s,
    first_cpu_s: first.cpu,
    again_s: again.s,
    again_cpu_s: again.cpu,
    read_share: first.read / stored,
    again_read_share: again.read / stored,
    stored_mb: stored / 1e6,
  }
}

const contestant = (numbers: (size: (typeof sizes)[Size]) => number[]): Bench['contestants'][string] => ({
  async run(_quick, size) {
    await fill(...numbers(sizes[size]))
    return await measure()
  },
  tearDown: () => rm(folder, { recursive: true }),
})

const figure = (samples: readonly Sample[], value: (sample: Sample) => number | undefined): number | null =>
  median(samples.flatMap((sample) => value(sample) ?? []))
const counted = (samples: readonly Sample[], name: string): number | null => figure(samples, ({ counts }) => counts[name])
const perMiner = (samples: readonly Sample[]): number | null => figure(samples, ({ counts }) => (counts['first_cpu_s'] ?? 0) / (counts['miners'] ?? 1))
const ratio = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a / b)

export const bench: Bench = {
  rounds: 1,
  contestants: {
    '64 miners': contestant(({ files, rows }) => [63, files, rows]),
    // The subnet has 256 places, one of them the validator's.
    '256 miners': contestant(({ files, rows }) => [255, files, rows]),
    'a large miner': contestant(({ largeFiles, largeRows }) => [0, 0, 0, largeFiles, largeRows]),
  },
  summarize: ({ '64 miners': few = [], '256 miners': all = [], 'a large miner': large = [] }) => ({
    figures: {
      cycle_256_miners_s: counted(all, 'first_s'),
      cycle_256_miners_cpu_s: counted(all, 'first_cpu_s'),
      cycle_256_again_cpu_s: counted(all, 'again_cpu_s'),
      miner_cpu_s_256_vs_64: ratio(perMiner(all), perMiner(few)),
      bytes_read_share: counted(large, 'read_share'),
      bytes_read_share_again: counted(large, 'again_read_share'),
      large_cycle_s: counted(large, 'first_s'),
      large_cycle_cpu_s: counted(large, 'first_cpu_s'),
      large_again_cpu_s: counted(large, 'again_cpu_s'),
      validator_rss_mb: figure([...all, ...large], ({ rssBytes }) => rssBytes / 1e6) && Math.max(...[...all, ...large].map(({ rssBytes }) => rssBytes / 1e6)),
    },
  }),
}
