import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson, contentAddress } from '#schemas/canonical-json.ts'
import { EpochManifest } from '#schemas/epoch-manifest.ts'
import { goldenRun, type GoldenRun, type RunSettings } from '#test/golden/run.ts'
import { tokenDataset, type GoldenShard, type TokenDataset } from '#test/golden/tokens.ts'
import type { PlannedBatch } from './batches.ts'
import { generationsAtOnce } from './standing.ts'

const strata = { web: [300, 500, 129], docs: [640], tiny: [15] }
const golden = tokenDataset({ strata })
const settings: RunSettings = { weights: { web: 2, docs: 1 } }

async function allBatches(run: GoldenRun, plan: EpochManifest): Promise<PlannedBatch[]> {
  const batches = await run.batches(plan)
  return Promise.all(Array.from({ length: batches.length }, (_, k) => batches.batch(k)))
}

/** All windows of an epoch: label, first piece, and whether it is whole. */
async function windowsOf(run: GoldenRun, plan: EpochManifest): Promise<{ label: string; at: string; pieces: [string, number, number][] }[]> {
  return (await allBatches(run, plan)).flatMap(({ windows }) =>
    windows.map(({ label, pieces }) => ({
      label,
      at: pieces.map(({ shard, start }) => `${shard.sha256} ${start}`)[0] ?? '',
      pieces: pieces.map(({ shard, start, tokens }): [string, number, number] => [shard.sha256, start, tokens]),
    })),
  )
}

/** Epochs until there is nothing to train. */
async function untilIdle(run: GoldenRun, dataset: TokenDataset, version: number, rest: RunSettings = {}): Promise<EpochManifest[]> {
  const plans: EpochManifest[] = []
  for (let plan = await run.next(dataset, version, { ...settings, ...rest }); plan; plan = await run.next(dataset, version, { ...settings, ...rest }))
    plans.push(plan)
  return plans
}

test('the same request gives the same bytes, and a plan by its schema', async () => {
  const [one, other, seeded] = await Promise.all([{}, {}, { seed: 8 }].map((rest) => goldenRun().next(golden, 1, { ...settings, ...rest })))
  expect(canonicalJson(one)).toBe(canonicalJson(other))
  expect(EpochManifest.parse(one)).toEqual(one)
  expect(contentAddress(seeded)).not.toBe(contentAddress(one))
})

test('a label without one whole batch waits, and one that no job asks for weighs next to nothing', async () => {
  const run = goldenRun()
  const plan = await run.next(golden, 1, { weights: { web: 2 } })
  expect((await run.strata(plan)).map(({ label, weight, each }) => [label, weight, each])).toEqual([
    ['docs', 0.0001, 20],
    ['tiny', 0.0001, 0],
    ['web', 2, 29],
  ])
  expect(plan?.batches).toBe(49)
  // With what comes later it fills one.
  const more = tokenDataset({ strata: { ...strata, tiny: [15, { tokens: 20, since: 2 }] } })
  const next = await run.next(more, 2)
  expect(next?.batches).toBe(1)
  const [first, second] = (await windowsOf(run, next!)).toSorted((a, b) => b.pieces.length - a.pieces.length)
  expect(first?.pieces.map(([, start, tokens]) => [start, tokens])).toEqual([
    [0, 15],
    [0, 1],
  ])
  expect(second?.pieces.map(([, start, tokens]) => [start, tokens])).toEqual([[1, 16]])
})

test('an epoch goes on where the last one stopped: each window once in a pass, another order in the next', async () => {
  const run = goldenRun()
  const plans = await untilIdle(run, golden, 1, { batchesMax: 7, passes: 2 })
  expect(plans.map(({ pass, batches }) => [pass, batches])).toEqual([1, 2].flatMap((pass) => Array.from({ length: 7 }, () => [pass, 7])))
  const passes = await Promise.all(
    [1, 2].map(async (pass) => (await Promise.all(plans.filter((plan) => plan.pass === pass).map((plan) => windowsOf(run, plan)))).flat()),
  )
  for (const windows of passes) {
    expect(windows).toHaveLength(98)
    expect(new Set(windows.map(({ at }) => at)).size).toBe(98)
  }
  expect(passes[0]).not.toEqual(passes[1])
  expect(new Set(passes[0]?.map(({ at }) => at))).toEqual(new Set(passes[1]?.map(({ at }) => at)))
})

test('without end means: pass after pass', async () => {
  const run = goldenRun()
  const passes: number[] = []
  for (let n = 0; n < 5; n++) passes.push((await run.next(golden, 1, { ...settings, passes: 0 }))?.pass ?? 0)
  expect(passes).toEqual([1, 2, 3, 4, 5])
})

test('new shards join with the next epoch, and what was taken is not taken again', async () => {
  const run = goldenRun()
  const first = await run.next(golden, 1, { ...settings, batchesMax: 10 })
  const grown = tokenDataset({ strata: { ...strata, web: [...strata.web, { tokens: 400, since: 2 }], news: [{ tokens: 320, since: 2 }] } })
  const rest = await untilIdle(run, grown, 2, { batchesMax: 10 })
  expect((await run.strata(rest[0])).map(({ label, generations }) => [label, generations.length])).toEqual([
    ['docs', 1],
    ['news', 1],
    ['tiny', 1],
    ['web', 2],
  ])
  const joined = new Set(grown.shards.filter(({ shard }) => shard.since === 2).map(({ shard }) => shard.sha256))
  const next = (await windowsOf(run, rest[0]!)).filter(({ pieces }) => joined.has(pieces[0]![0]))
  expect(next.length).toBeGreaterThan(0)
  const all = (await Promise.all([first!, ...rest].map((plan) => windowsOf(run, plan)))).flat()
  expect(new Set(all.map(({ at }) => at)).size).toBe(all.length)
  // 58 + 25 of web, of which one is left over; 40; 20
  expect(all).toHaveLength(82 + 40 + 20)
  // When all was trained, what comes then is trained alone.
  const later = tokenDataset({ strata: { ...strata, late: [{ tokens: 64, since: 3 }] } })
  expect((await untilIdle(run, later, 3)).map(({ batches, pass }) => [batches, pass])).toEqual([[2, 1]])
})

test('documents that only moved to another shard join with the next pass, and their old shard is read until then', async () => {
  const run = goldenRun()
  await run.next(golden, 1, { ...settings, batchesMax: 10 })
  const held = strata.web.map((tokens): GoldenShard => ({ tokens, held: true }))
  const merged = tokenDataset({ strata: { ...strata, web: [...held, { tokens: 929, since: 2, moved: true }] } })
  const rest = await untilIdle(run, merged, 2, { passes: 2 })
  expect(rest.map(({ pass, batches }) => [pass, batches])).toEqual([
    [1, 39],
    [2, 49],
  ])
  const moved = merged.shards.find(({ shard }) => shard.moved)?.shard.sha256
  const [first, second] = await Promise.all(rest.map((plan) => windowsOf(run, plan)))
  expect(first?.some(({ pieces }) => pieces.some(([sha256]) => sha256 === moved))).toBe(false)
  expect(second?.filter(({ label }) => label === 'web').every(({ pieces }) => pieces.every(([sha256]) => sha256 === moved))).toBe(true)
})

const isGone = ({ pieces }: { pieces: [string, number, number][] }): boolean => [0, 4, 5].includes(Math.floor(pieces[0]![1] / 64))

test('a window that meets a deleted document is left out from the next epoch on', async () => {
  const run = goldenRun()
  const dataset = tokenDataset({ strata: { web: [640] } })
  const first = await run.next(dataset, 1, { batchesMax: 2 })
  const before = await windowsOf(run, first!)
  // Documents have 64 tokens, windows 16.
  const gone = tokenDataset({ strata: { web: [{ tokens: 640, deleted: [0, 4, 5] }] } })
  const rest = await untilIdle(run, gone, 2, { batchesMax: 3 })
  const after = (await Promise.all(rest.map((plan) => windowsOf(run, plan)))).flat()
  expect(after.some(isGone)).toBe(false)
  const alive = 40 - 12 - before.filter((window) => !isGone(window)).length
  expect(after).toHaveLength(alive - (alive % 2))
  expect(new Set([...before, ...after].map(({ at }) => at)).size).toBe(before.length + after.length)
})

test('a label of which all is deleted gives nothing, and holds nobody up', async () => {
  const run = goldenRun()
  const plans = await untilIdle(run, tokenDataset({ strata: { web: [{ tokens: 640, deleted: Array.from({ length: 10 }, (_, n) => n) }], docs: [64] } }), 1)
  expect(plans).toMatchObject([{ batches: 2 }])
  expect((await windowsOf(run, plans[0]!)).map(({ label }) => label)).toEqual(['docs', 'docs', 'docs', 'docs'])
})

test('where nearly everything is deleted, before it joins or after it was begun, what is left is trained', async () => {
  const all = Array.from({ length: 400 }, (_, n) => n)
  const kept = new Set([7, 130, 131, 132, 399])
  const deleted = all.filter((n) => !kept.has(n))
  for (const begun of [false, true]) {
    const run = goldenRun()
    const before = begun ? await run.next(tokenDataset({ strata: { web: [64 * 400] } }), 1, { batchesMax: 100 }) : undefined
    const taken = before ? await windowsOf(run, before) : []
    const plans = await untilIdle(run, tokenDataset({ strata: { web: [{ tokens: 64 * 400, deleted }] } }), begun ? 2 : 1)
    const windows = [...taken, ...(await Promise.all(plans.map((plan) => windowsOf(run, plan)))).flat()]
    const isKept = ({ pieces }: { pieces: [string, number, number][] }): boolean =>
      pieces.every(([, start, tokens]) => kept.has(Math.floor(start / 64)) && kept.has(Math.floor((start + tokens - 1) / 64)))
    expect(windows.slice(taken.length).every(isKept)).toBe(true)
    // One may be left that fills no batch.
    expect(windows.filter(isKept).length).toBeGreaterThanOrEqual(19)
  }
})

test('a shard that is gone from the store is told and left out; the others are trained, and it as well when it is back', async () => {
  const run = goldenRun()
  const [first, second] = golden.shards.filter(({ shard }) => shard.label === 'web')
  const lost = first!.shard.key
  const kept = golden.objects.get(lost)!
  const without = { ...golden, objects: new Map([...golden.objects].filter(([key]) => key !== lost)) }
  const plans = await untilIdle(run, without, 1)
  expect(new Set(run.lost)).toEqual(new Set([lost]))
  const windows = (await Promise.all(plans.map((plan) => windowsOf(run, plan)))).flat()
  expect(windows.some(({ pieces }) => pieces.some(([sha256]) => sha256 === first!.shard.sha256))).toBe(false)
  expect(windows.some(({ pieces }) => pieces.some(([sha256]) => sha256 === second!.shard.sha256))).toBe(true)
  run.objects.set(lost, kept)
  const again = await run.next(golden, 1, { ...settings, passes: 2 })
  expect((await windowsOf(run, again!)).some(({ pieces }) => pieces.some(([sha256]) => sha256 === first!.shard.sha256))).toBe(true)
})

test('other rows and sources hold from the next epoch on; whatever rows are made by is refused by name, or begins a run of its own', async () => {
  const run = goldenRun()
  const first = await run.next(golden, 1, { ...settings, batchesMax: 10 })
  const other = { rows: 3, batch_sources: 'mixed' } as const
  const next = await run.next(golden, 1, { geometry: other, batchesMax: 4 })
  expect(next).toMatchObject({ pass: 1, first_batch: 10, geometry: { ...other, sequence_tokens: 16 } })
  const taken = [...(await windowsOf(run, first!)), ...(await windowsOf(run, next!))].map(({ at }) => at)
  expect(new Set(taken).size).toBe(20 + 12)
  for (const [setting, value] of Object.entries({ sequence_tokens: 32, next_token: true, packing: 'best_fit', validation_share: 0.1 }))
    await expect(run.next(golden, 1, { geometry: { [setting]: value } })).rejects.toMatchObject({
      code: 'invalid_config',
      details: { settings: [setting] },
      message: expect.stringContaining(`bridge.${setting} is ${value}`),
    })
  const begun = await run.next(golden, 1, { run: 'longer', geometry: { sequence_tokens: 32 } })
  expect(begun).toMatchObject({ run: 'longer', pass: 1, first_batch: 0, batches: 24, geometry: { sequence_tokens: 32 } })
})

test('another tokenizer begins a run of its own', async () => {
  const run = goldenRun()
  await run.next(golden, 1, { ...settings, batchesMax: 10 })
  const other = tokenDataset({ strata: { web: [320] }, tokenizer: 'other' })
  expect(await run.next(other, 2, settings)).toMatchObject({ pass: 1, joined: 2, batches: 10, tokenizer: { name: 'other' }, strata: { count: 1 } })
})

test('what a run remembers does not grow with the versions it has seen', async () => {
  const run = goldenRun()
  const web: GoldenShard[] = [{ tokens: 6400 }]
  let plan: EpochManifest | undefined
  for (let version = 1; version <= 40; version++) {
    if (version > 1) web.push({ tokens: 320, since: version })
    plan = await run.next(tokenDataset({ strata: { web } }), version, { batchesMax: 6 })
  }
  expect((await run.strata(plan))[0]?.generations.length).toBeLessThanOrEqual(generationsAtOnce + 1)
  const rest = await untilIdle(run, tokenDataset({ strata: { web } }), 40)
  const taken = rest.flatMap(({ batches }) => batches).reduce((a, b) => a + b)
  expect(taken + 40 * 6).toBe(Math.floor((400 + 39 * 20) / 2))
  expect(await run.next(tokenDataset({ strata: { web } }), 40)).toBeUndefined()
})

test('no window twice, none that is deleted, none forgotten, whatever comes and goes', async () => {
  const size = fc.integer({ min: 1, max: 500 })
  const step = fc.record({
    label: fc.constantFrom('web', 'docs', 'constructor', '__proto__', 'x'.repeat(140)),
    tokens: size,
    deleted: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 3 }),
    batchesMax: fc.integer({ min: 1, max: 12 }),
  })
  const history = fc.record({
    rows: fc.integer({ min: 1, max: 4 }),
    sequence_tokens: fc.integer({ min: 8, max: 40 }),
    steps: fc.array(step, { minLength: 1, maxLength: 8 }),
  })
  await fc.assert(
    fc.asyncProperty(history, async ({ rows, sequence_tokens, steps }) => {
      const run = goldenRun()
      const specs: { label: string; shard: GoldenShard & { deleted: number[] } }[] = []
      const seen = new Map<string, number>()
      const datasetNow = (): TokenDataset =>
        tokenDataset({
          strata: Object.fromEntries([...Map.groupBy(specs, ({ label }) => label)].map(([label, all]) => [label, all.map(({ shard }) => shard)])),
        })
      const take = async (version: number, batchesMax: number): Promise<boolean> => {
        const dataset = datasetNow()
        const plan = await run.next(dataset, version, { geometry: { rows, sequence_tokens }, batchesMax })
        if (!plan) return false
        const dead = new Map(dataset.shards.map(({ shard }, n) => [shard.sha256, specsInOrder()[n]?.shard.deleted ?? []]))
        for (const { label, at, pieces } of await windowsOf(run, plan)) {
          expect(seen.has(at)).toBe(false)
          seen.set(at, (seen.get(at) ?? 0) + 1)
          expect(pieces.reduce((sum, [, , tokens]) => sum + tokens, 0)).toBe(sequence_tokens)
          for (const [sha256, start, tokens] of pieces) {
            expect(dataset.shards.find(({ shard }) => shard.sha256 === sha256)?.shard.label).toBe(label)
            for (const document of dead.get(sha256) ?? []) expect(start < 64 * (document + 1) && start + tokens > 64 * document).toBe(false)
          }
        }
        return true
      }
      const specsInOrder = () => [...Map.groupBy(specs, ({ label }) => label).values()].flat()
      for (const [n, { label, tokens, deleted, batchesMax }] of steps.entries()) {
        specs.push({ label, shard: { tokens, since: n + 1, deleted: [] } })
        for (const [which, document] of deleted) {
          const { shard } = specs[which % specs.length]!
          shard.deleted = [...new Set([...shard.deleted, document % Math.ceil(shard.tokens / 64)])].toSorted((a, b) => a - b)
        }
        await take(n + 1, batchesMax)
      }
      let epochs = 0
      while (await take(steps.length, 1000)) expect(++epochs).toBeLessThan(50)
    }),
    { numRuns: 60 },
  )
})

test('keeps its golden batches: epochs of the past stay what they were', async () => {
  const run = goldenRun()
  const plan = await run.next(golden, 1, { ...settings, batchesMax: 12 })
  const grown = tokenDataset({ strata: { ...strata, web: [300, { tokens: 500, deleted: [2] }, 129, { tokens: 400, since: 2 }] } })
  const next = await run.next(grown, 2, { ...settings, batchesMax: 12 })
  expect(await Promise.all([plan, next].map(async (each) => [contentAddress(each), await goldenOf(run, each!)]))).toMatchInlineSnapshot(`
    [
      [
        "bdd49ba6af98c4687cdfa3b0c758cbed84c8fef46bc21695e39309c1d2b9d810",
        "web 70:2 70:43, docs 9d:27 9d:18, web 70:21 70:35, web 70:39 70:30, docs 9d:36 9d:11, web 70:10 70:28, docs 9d:2 9d:24, web 70:18 70:0, web 70:53 70:41, web 70:47 70:55, docs 9d:9 9d:19, web 70:1 70:9",
      ],
      [
        "3651b334ab14be2b3ebbfcea8275d679e669d3f2a77c41e333a12936e170d4f2",
        "web 30:18 70:49, web 30:14 70:32, docs 9d:12 9d:37, docs 9d:35 9d:34, web 70:25 30:15, web 70:31 70:13, web 30:7 70:17, web 30:0 70:6, docs 9d:31 9d:20, docs 9d:22 9d:21, web 70:56 30:24, web 70:46 70:16",
      ],
    ]
  `)
})

async function goldenOf(run: GoldenRun, plan: EpochManifest): Promise<string> {
  return (await allBatches(run, plan))
    .map(({ label, windows }) => `${label} ${windows.map(({ generation, index }) => `${generation.slice(0, 2)}:${index}`).join(' ')}`)
    .join(', ')
}

test('there are no batches beyond the plan', async () => {
  const run = goldenRun()
  const batches = await run.batches((await run.next(golden, 1, { batchesMax: 5 }))!)
  expect(batches.length).toBe(5)
  for (const batch of [-1, 5, 0.5]) {
    await expect(batches.batch(batch)).rejects.toMatchObject({ code: 'not_found' })
    expect(() => batches.label(batch)).toThrow(expect.objectContaining({ code: 'not_found' }))
  }
})
