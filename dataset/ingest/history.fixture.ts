import { join } from 'node:path'
import { expect } from 'vitest'
import { folderCorpusIndex } from '#infra/corpus-index/corpus-index.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import type { Document } from '#schemas/document.ts'
import { lineage } from '#schemas/lineage.ts'
import { prose, testDocument } from '#test/golden/documents.ts'
import { goldenOrigin, putSnapshot, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { putVerdict } from '#test/golden/verdicts.ts'
import { seededRandom } from '#test/seeded-random.ts'
import { readDocuments } from '../documents.ts'
import { versionFiles } from '../version-files.ts'
import type { DatasetEntry } from '../versions.ts'
import { ingest, type IngestRequest } from './ingest.ts'
import { IngestMemory } from './memory.ts'
import { rebuild } from './rebuild.ts'
import { openTrust, type Trust } from './trust.ts'
import { dyingAfter } from '#test/golden/dying.ts'

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
  const text = [prose(below(random, 25)), ...tails.slice(0, below(random, tails.length + 1))].join(' ')
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

/** The dataset of a world, whose process dies now and then. */
class Dataset {
  readonly #world: ShardWorld
  readonly #random: Random
  #memory = new IngestMemory()
  #index: CorpusIndex & AsyncDisposable
  #lost = 0

  constructor(world: ShardWorld, random: Random) {
    this.#world = world
    this.#random = random
    this.#index = folderCorpusIndex(join(world.dir, 'index-0'))
  }

  /** An ingest; one of four is cut off at some look or write and done again, by another process or the same, one of ten finds its index lost. */
  async ingest(): Promise<DatasetEntry | undefined> {
    const chance = this.#random()
    if (chance < 0.25) await this.#cutOff()
    if (chance < 0.1) await this.#loseIndex()
    return this.#run({})
  }

  async #run(parts: Partial<IngestRequest>): Promise<DatasetEntry | undefined> {
    const request = { ...this.#world, index: this.#index, memory: this.#memory, name: 'web', origin: goldenOrigin, signal }
    // Now and then hotkeys have their turns, and now and then all at once.
    const turnBytes = 1 + below(this.#random, 40) * 4096
    const budget = { turnBytes, turnCpuMs: Infinity, bytes: Infinity, cpuMs: Infinity }
    return (await ingest({ ...request, portionRows: 1 + below(this.#random, 12), budget, ...parts })).entry
  }

  async #cutOff(): Promise<void> {
    const dying = dyingAfter(below(this.#random, 24))
    const { store, catalog } = this.#world
    const dead = {
      store: { ...store, put: dying(store.put), get: dying(store.get) },
      catalog: { ...catalog, commit: dying(catalog.commit) as Catalog['commit'] },
      index: { ...this.#index, commit: dying(this.#index.commit) },
    }
    await this.#run(dead).catch((error: unknown) => {
      if (!String(error).includes('killed')) throw error
    })
    // It was the process, or only its store.
    if (this.#random() < 0.5) this.#memory = new IngestMemory()
  }

  async #loseIndex(): Promise<void> {
    await this.#index[Symbol.asyncDispose]()
    this.#index = folderCorpusIndex(join(this.#world.dir, `index-${++this.#lost}`))
    this.#memory = new IngestMemory()
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#index[Symbol.asyncDispose]()
  }
}

/** Id, hotkey and job of each document, of a version whose figures are right. */
export async function documentsOf(world: ShardWorld, entry: DatasetEntry | undefined): Promise<string[]> {
  if (entry?.kind !== 'version') return []
  const documents = await Array.fromAsync(readDocuments(world.store, entry.manifest, signal))
  const { manifest } = entry
  expect(manifest.documents).toBe(documents.length)
  expect(manifest.text_bytes).toBe(documents.reduce((sum, { text_bytes }) => sum + text_bytes, 0))
  const labels = Map.groupBy(documents, ({ label }) => label)
  expect(manifest.labels).toEqual([...labels].map(([label, { length }]) => [label, length]).toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)))
  const files = await Array.fromAsync(versionFiles(world.store, manifest))
  const rows = files.reduce((sum, { file }) => sum + file.rows, 0)
  expect(manifest.dropped.reduce((sum, [, count]) => sum + count, 0)).toBe(rows - documents.length)
  return documents.map(({ id, hotkey, job_id }) => `${id} ${hotkey} ${job_id}`).toSorted()
}

export async function anew(world: Pick<ShardWorld, 'catalog' | 'store' | 'sql' | 'trust'>): Promise<string[]> {
  const { documents: owners } = await rebuild({ ...world, name: 'web', signal })
  return [...owners].map(([id, { hotkey, job_id }]) => `${id} ${hotkey} ${job_id}`).toSorted()
}

/** Of all versions in their order: their figures are right, and what one has is what its parent had, without what is `gone`, and something more. */
export async function checkVersions(world: ShardWorld): Promise<void> {
  let before = new Set<string>()
  for (const entry of (await world.catalog.history(lineage.dataset('web'), { limit: 1000 })).toReversed()) {
    const { manifest } = entry
    if (manifest.kind !== 'version') throw new Error('a former version')
    await documentsOf(world, entry)
    const now = new Set((await Array.fromAsync(readDocuments(world.store, manifest, signal))).map(({ id }) => id))
    const gone = manifest.gone
      ? Buffer.from(await world.store.get(manifest.gone.key))
          .toString('hex')
          .match(/.{64}/g)
      : []
    expect(gone).toEqual([...before].filter((id) => !now.has(id)).toSorted())
    before = now
  }
}

/** Some miners that live on. */
export class Miners {
  readonly #world: ShardWorld
  readonly #random: Random
  readonly #jobs: Job[] = ['a', 'b', 'c'].flatMap((miner) => ['one', 'two'].map((jobId) => ({ miner, jobId, shards: [] })))

  constructor(world: ShardWorld, random: Random) {
    this.#world = world
    this.#random = random
  }

  async turn(): Promise<void> {
    for (const job of this.#jobs)
      if (this.#random() < 0.35) {
        live(job, this.#random)
        await publish(this.#world, job)
      }
  }
}

/** Verdicts on some of them: mostly they pass. @returns the trust in who gives them */
async function judge(world: ShardWorld, random: Random): Promise<Trust> {
  const validator = await world.signer('validator')
  for (const name of ['a', 'b', 'c'])
    if (random() < 0.7) await putVerdict(world, validator, (await world.signer(name)).address, { passed: random() < 0.7, committed_block: below(random, 5) })
  return { ...openTrust, policy: 'verified', validators: new Set([validator.address]) }
}

interface History {
  seed: number
  turns: number
  every: number
  /** A validator says whom to believe. */
  isJudged?: boolean
}

/** Each turn of miners is followed by an ingest. Gives what the dataset has every few turns, and what a rebuild of the snapshots it believes would have. */
export async function* history({ seed, turns, every, isJudged = false }: History): AsyncGenerator<{ has: string[]; anew: string[] }> {
  await using shards = await shardWorld()
  const random = seededRandom(seed)
  let trust = openTrust
  const world = { ...shards, trust: () => Promise.resolve(trust) }
  await using dataset = new Dataset(world, random)
  const miners = new Miners(world, random)
  for (let turn = 1; turn <= turns; turn++) {
    await miners.turn()
    if (isJudged) trust = await judge(world, random)
    const entry = await dataset.ingest()
    if (turn % every === 0) yield { has: await documentsOf(world, entry), anew: await anew(world) }
  }
  await checkVersions(world)
}
