import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fmix32 } from '#schemas/fmix32.ts'
import type { EpochManifest, Geometry } from '#schemas/epoch-manifest.ts'
import { decodeTokenShard } from '#schemas/token-shard.ts'
import { goldenRun, type GoldenRun, type RunSettings } from '#test/golden/run.ts'
import { tokenDataset, type TokenDataset } from '#test/golden/tokens.ts'
import type { PlannedBatch } from './batches.ts'
import { rowTokens } from './generation.ts'
import { packDocuments } from './packing.ts'

const strata = { web: [1500, 700, 131], docs: [900] }

async function allBatches(run: GoldenRun, plan: EpochManifest | undefined): Promise<PlannedBatch[]> {
  if (!plan) return []
  const batches = await run.batches(plan)
  return Promise.all(Array.from({ length: batches.length }, (_, k) => batches.batch(k)))
}

/** All rows of a run until there is nothing left to train. */
async function rowsOf(dataset: TokenDataset, settings: RunSettings, run = goldenRun()): Promise<PlannedBatch['windows']> {
  const rows: PlannedBatch['windows'] = []
  for (let plan = await run.next(dataset, 1, settings); plan; plan = await run.next(dataset, 1, settings))
    rows.push(...(await allBatches(run, plan)).flatMap(({ windows }) => windows))
  return rows
}

/** Document of each token: shard sha256 → its place for each token. */
function documentsOf(dataset: TokenDataset): Map<string, { at: number[]; ids: string[] }> {
  return new Map(
    dataset.shards.map(({ shard }) => {
      const { documentEnds, documentIds } = decodeTokenShard(dataset.objects.get(shard.key)!)
      return [shard.sha256, { at: documentEnds.flatMap((end, n) => Array.from({ length: end - (documentEnds[n - 1] ?? 0) }, () => n)), ids: documentIds }]
    }),
  )
}

const heldOut = (id: string): boolean => fmix32(Buffer.from(id, 'hex').readUInt32LE(0)) < 0.3 * 2 ** 32

test('a row with the token after its last begins the next one with it: each token is a target once', async () => {
  const rows = await rowsOf(tokenDataset({ strata: { web: [1000, 500] } }), { geometry: { rows: 1, next_token: true } })
  expect(rows).toHaveLength(Math.floor((1500 - 1) / 16))
  for (const { pieces } of rows) expect(pieces.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(17)
  const starts = rows.map(({ index }) => index)
  expect(new Set(starts).size).toBe(rows.length)
  const second = rows.find(({ pieces }) => pieces.length === 2)
  expect(second?.pieces.map(({ start }) => start)).toEqual([expect.any(Number), 0])
})

test('no token of a document that is held out is ever trained, in any packing, pass or run, and all others are', async () => {
  const dataset = tokenDataset({ strata })
  const documents = documentsOf(dataset)
  const wanted = [...documents.values()].flatMap(({ ids }) => ids.filter((id) => !heldOut(id)))
  expect(wanted.length).toBeLessThan(dataset.shards.reduce((sum, { shard }) => sum + shard.documents, 0))
  for (const geometry of [
    { packing: 'stream' },
    { packing: 'best_fit', sequence_tokens: 50 },
    { packing: 'stream', next_token: true },
  ] satisfies Partial<Geometry>[])
    for (const seed of [1, 2]) {
      const rows = await rowsOf(dataset, { geometry: { ...geometry, rows: 1, validation_share: 0.3 }, seed, passes: 2 })
      const trained = new Set<string>()
      for (const { pieces } of rows)
        for (const { shard, start, tokens } of pieces) {
          const { at, ids } = documents.get(shard.sha256)!
          for (let token = start; token < start + tokens; token++) trained.add(ids[at[token]!]!)
        }
      expect([...trained].filter(heldOut)).toEqual([])
      expect(trained.size).toBeGreaterThanOrEqual(wanted.length - 2)
    }
})

test('documents that fit a row are whole in it, each once, and what goes later takes its rows along', async () => {
  const geometry = { rows: 1, sequence_tokens: 150, packing: 'best_fit' } as const
  const run = goldenRun()
  const dataset = tokenDataset({ strata })
  const first = await run.next(dataset, 1, { geometry, batchesMax: 4 })
  const before = (await allBatches(run, first)).flatMap(({ windows }) => windows)
  const gone = tokenDataset({ strata: { ...strata, web: [{ tokens: 1500, deleted: [3, 4, 9] }, 700, 131] } })
  const after = await rowsOf(gone, { geometry }, run)
  const seen = new Map<string, number>()
  for (const { pieces } of [...before, ...after]) {
    expect(pieces.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(rowTokens({ sequence_tokens: 150, next_token: false }))
    // Documents have 64 tokens.
    for (const { shard, start } of pieces) {
      expect(start % 64).toBe(0)
      const name = `${shard.sha256} ${start}`
      seen.set(name, (seen.get(name) ?? 0) + 1)
    }
  }
  expect([...seen.values()].every((times) => times === 1)).toBe(true)
  const web = gone.shards[0]!.shard.sha256
  const left = after.flatMap(({ pieces }) => pieces.filter(({ shard }) => shard.sha256 === web).map(({ start }) => start / 64))
  expect(left.filter((document) => [3, 4, 9].includes(document))).toEqual([])
})

test('best fit: what is longer than a row is cut, the longest goes first where the least room holds it', () => {
  const documents = [5, 12, 3, 4, 10, 6].map((tokens, n) => ({ start: 100 * n, tokens }))
  expect(packDocuments(documents, 10).map((row) => row.map(({ start, tokens }) => [start, tokens]))).toEqual([
    [[100, 10]],
    [[400, 10]],
    [
      [500, 6],
      [300, 4],
    ],
    [
      [0, 5],
      [200, 3],
      [110, 2],
    ],
  ])
})

test('packs every token once, no row beyond its capacity, and wastes little', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(lengths, fc.integer({ min: 8, max: 128 }), (all, capacity) => {
      let at = 0
      const documents = all.map((tokens) => ({ start: (at += tokens) - tokens, tokens }))
      const rows = packDocuments(documents, capacity)
      const spans = rows.flat().toSorted((a, b) => a.start - b.start)
      let end = 0
      for (const { start, tokens } of spans) {
        expect(start).toBe(end)
        end = start + tokens
      }
      expect(end).toBe(at)
      for (const row of rows) expect(row.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(capacity)
      // At most one row is less than half full.
      expect(rows.filter((row) => row.reduce((sum, { tokens }) => sum + tokens, 0) * 2 < capacity).length).toBeLessThanOrEqual(1)
    }),
    { numRuns: 100 },
  )
})

test('rows of a mixed batch are each of their own source, by weight over the rows', async () => {
  const run = goldenRun()
  const plan = await run.next(tokenDataset({ strata: { web: [6400], docs: [6400] } }), 1, {
    geometry: { rows: 8, batch_sources: 'mixed' },
    weights: { web: 3, docs: 1 },
    batchesMax: 20,
  })
  const batches = await allBatches(run, plan)
  expect(new Set(batches.map(({ label }) => label))).toEqual(new Set(['mixed']))
  expect((await run.batches(plan!)).label(3)).toBe('mixed')
  for (const { windows } of batches) expect(Math.abs(windows.filter(({ label }) => label === 'web').length - 6)).toBeLessThanOrEqual(1)
})

test('an anchored seed is that of the block after the commitment of the lists, and asked for once they are fixed', async () => {
  const dataset = tokenDataset({ strata })
  const roots: string[] = []
  const anchor = async (root: string) => {
    roots.push(root)
    return { block: 7, hash: `0x${'ab'.repeat(32)}` }
  }
  const run = goldenRun()
  const plan = await run.next(dataset, 1, { anchor, batchesMax: 5 })
  expect(plan).toMatchObject({ seed: 0xabababababab, anchor: { root: roots[0], block: 7 } })
  expect((await run.strata(plan)).flatMap(({ generations }) => generations.map(({ seed }) => seed))).toEqual([0xabababababab, 0xabababababab])
  // What was begun keeps its order.
  const next = await run.next(dataset, 1, { batchesMax: 5, seed: 3 })
  expect((await run.strata(next)).map(({ generations }) => generations[0]?.seed)).toEqual([0xabababababab, 0xabababababab])
})
