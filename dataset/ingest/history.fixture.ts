import { join } from 'node:path'
import { expect } from 'vitest'
import type { Document } from '#schemas/document.ts'
import { prose, testDocument } from '#test/golden/documents.ts'
import { goldenOrigin, putSnapshot, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { seededRandom } from '#test/seeded-random.ts'
import { readDocuments } from '../documents.ts'
import { ingest } from './ingest.ts'
import { IngestMemory } from './memory.ts'
import { rebuild } from './rebuild.ts'

/** Random histories of miners, and what must be true of the dataset after each turn. */

const signal = new AbortController().signal
const tails = Array.from({ length: 7 }, (_, n) => prose(1000 + n, 9))

/** What a miner has of a job: shards of rows, each with whether it is gone. */
interface Job {
  miner: string
  jobId: string
  shards: { document: Document; isGone: boolean }[][]
}

type Random = ReturnType<typeof seededRandom>
const below = (random: Random, n: number): number => Math.floor(random() * n)

/** One of few texts, or one nearly the same: those with two tails more are like those between, the first and the last are not alike. */
function page(random: Random): Document {
  const text = [prose(below(random, 6)), ...tails.slice(0, below(random, tails.length + 1))].join(' ')
  const day = below(random, 4)
  const n = below(random, 40)
  return testDocument(n, {
    text,
    uri: `https://host${n % 3}.example/${['', 'en/', 'de/'][n % 3]}${n}`,
    published_at: day === 0 ? null : new Date(Date.UTC(2026, 0, day)),
    version: 1 + below(random, 3),
    label: ['example', 'constructor', '__proto__'][below(random, 3)] ?? '',
    ...(random() < 0.1 && { rights: { ...testDocument(0).rights, tdm_reservation: true } }),
  })
}

/** What a miner does until its next snapshot. */
function live(job: Job, random: Random): void {
  const rows = job.shards.flat()
  for (const row of rows) if (random() < 0.15) row.isGone = true
  const steps: (() => void)[] = [
    () => void job.shards.push(Array.from({ length: 1 + below(random, 6) }, () => ({ document: page(random), isGone: false }))),
    // Compaction: rows that are left go on in another file, some cut since.
    () => {
      const [merged, kept] = [job.shards.filter((_, n) => n % 2 === 0), job.shards.filter((_, n) => n % 2 === 1)]
      const left = merged.flat().filter(({ isGone }) => !isGone)
      if (random() < 0.3 && left[0]) left[0] = { ...left[0], document: testDocument(1, { ...left[0].document, ...cut(left[0].document) }) }
      job.shards = left.length > 0 ? [...kept, left] : kept
    },
    () => void job.shards.splice(below(random, job.shards.length + 1), 1),
  ]
  steps[random() < 0.6 ? 0 : 1 + below(random, 2)]?.()
}

const cut = ({ text }: Document): Partial<Document> => {
  const { id, text: left, text_bytes, minhash } = testDocument(1, { text: text.split(' ').slice(0, -4).join(' ') })
  return { id, text: left, text_bytes, minhash }
}

const publish = async (world: ShardWorld, { miner, jobId, shards }: Job): Promise<unknown> =>
  putSnapshot(world, {
    signer: await world.signer(miner),
    jobId,
    shards: shards.map((rows) => ({
      documents: rows.map(({ document }) => document),
      deletes: rows.flatMap(({ isGone }, n) => (isGone ? [n] : [])),
    })),
  })

/** Id, hotkey and job of each document. */
async function increments(world: ShardWorld, memory: IngestMemory): Promise<string[]> {
  const { entry } = await ingest({ ...world, name: 'web', origin: goldenOrigin, signal, memory })
  const documents = entry ? await Array.fromAsync(readDocuments(world.store, entry.manifest, signal)) : []
  expect(entry?.manifest.documents ?? 0).toBe(documents.length)
  expect(entry?.manifest.text_bytes ?? 0).toBe(documents.reduce((sum, { text_bytes }) => sum + text_bytes, 0))
  return documents.map(({ id, hotkey, job_id }) => `${id} ${hotkey} ${job_id}`).toSorted()
}

async function anew(world: ShardWorld): Promise<string[]> {
  const owners = await rebuild({ ...world, name: 'web', spool: join(world.dir, 'spool'), signal })
  return [...owners].map(([id, { hotkey, job_id }]) => `${id} ${hotkey} ${job_id}`).toSorted()
}

/**
 * Some miners live on for so many turns, each followed by an ingest; every few turns the dataset must be what a rebuild of the current snapshots gives.
 */
export async function checkHistory({ seed, turns, every }: { seed: number; turns: number; every: number }): Promise<void> {
  await using world = await shardWorld()
  const random = seededRandom(seed)
  const memory = new IngestMemory()
  const jobs: Job[] = ['a', 'b', 'c'].flatMap((miner) => ['one', 'two'].map((jobId) => ({ miner, jobId, shards: [] })))
  for (let turn = 1; turn <= turns; turn++) {
    for (const job of jobs)
      if (random() < 0.35) {
        live(job, random)
        await publish(world, job)
      }
    const documents = await increments(world, memory)
    if (turn % every === 0) expect(documents, `turn ${turn}`).toEqual(await anew(world))
  }
}
