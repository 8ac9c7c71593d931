import { expect, test } from 'vitest'
import fc from 'fast-check'
import { canonicalJson, contentAddress } from '#schemas/canonical-json.ts'
import { PlanManifest } from '#schemas/manifest.ts'
import { tokenDataset, type TokenDataset } from '#test/golden/tokens.ts'
import { plannedBatches } from './batches.ts'
import { makePlan, type PlanRequest } from './plan.ts'

const golden = tokenDataset({ strata: { web: [300, 500, 129], docs: [640], tiny: [15] } })
const planOf = ({ manifest, sha256 }: TokenDataset, rest: Partial<PlanRequest> = {}): PlanManifest =>
  makePlan({
    tokens: manifest,
    tokensSha256: sha256,
    geometry: { rows: 2, sequence_tokens: 16 },
    weights: { web: 2, docs: 1 },
    seed: 7,
    batchesMax: 1000,
    parent: null,
    ...rest,
  })

test('the same request gives the same bytes, and a plan by its schema', () => {
  expect(canonicalJson(planOf(golden))).toBe(canonicalJson(planOf(golden)))
  expect(PlanManifest.parse(planOf(golden))).toEqual(planOf(golden))
  expect(contentAddress(planOf(golden, { seed: 8 }))).not.toBe(contentAddress(planOf(golden)))
})

test('a stratum without one whole batch is left out, and a label no job asks for weighs next to nothing', () => {
  const plan = planOf(golden, { weights: { web: 2 } })
  expect(plan.strata.map(({ label, windows }) => [label, windows])).toEqual([
    ['docs', 40],
    ['web', 58],
  ])
  expect(plan.weights_log[0]?.weights).toEqual({ docs: 0.0001, web: 2 })
  expect(plan.batches).toBe(20 + 29)
})

test('no window is used twice in a pass, whatever the geometry, the weights and the shards', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 4 })
  const request = fc.record({ web: sizes, docs: sizes, rows: fc.integer({ min: 1, max: 5 }), sequence_tokens: fc.integer({ min: 8, max: 40 }), seed: fc.nat() })
  fc.assert(
    fc.property(request, ({ web, docs, rows, sequence_tokens, seed }) => {
      const dataset = tokenDataset({ strata: { web, docs } })
      const batches = plannedBatches(planOf(dataset, { geometry: { rows, sequence_tokens }, seed }), dataset.manifest)
      const used = new Set<string>()
      for (let k = 0; k < batches.length; k++) {
        const { label, windows } = batches.batch(k)
        expect(windows).toHaveLength(rows)
        for (const { index, pieces } of windows) {
          expect(pieces.reduce((sum, piece) => sum + piece.tokens, 0)).toBe(sequence_tokens)
          expect(used.has(`${label}/${index}`)).toBe(false)
          used.add(`${label}/${index}`)
        }
      }
      expect(batches.labels()).toEqual(Array.from({ length: batches.length }, (_, k) => batches.batch(k).label))
    }),
    { numRuns: 40 },
  )
})

test('a window that crosses from shard to shard comes in pieces that meet', () => {
  const dataset = tokenDataset({ strata: { web: [20, 3, 25] } })
  const batches = plannedBatches(planOf(dataset, { geometry: { rows: 3, sequence_tokens: 16 } }), dataset.manifest)
  const [key0, key1, key2] = dataset.manifest.shards.map((shard) => shard.key)
  const second = batches.batch(0).windows.find(({ index }) => index === 1)
  expect(second?.pieces.map(({ key, start, tokens }) => [key, start, tokens])).toEqual([
    [key0, 16, 4],
    [key1, 0, 3],
    [key2, 0, 9],
  ])
})

test('keeps its golden batches: plans of the past stay what they were', () => {
  const plan = planOf(golden)
  const batches = plannedBatches(plan, golden.manifest)
  expect([contentAddress(plan), batches.labels().slice(0, 9).join(' ')]).toMatchInlineSnapshot(`
    [
      "ac4a49952091c583d08c4bbae9df60610e88eb1a32f4568b4b6f2b951666670c",
      "web docs web docs web web web docs web",
    ]
  `)
  expect([0, 1, 2, 30].map((k) => batches.batch(k).windows.map(({ index }) => index))).toMatchInlineSnapshot(`
    [
      [
        35,
        24,
      ],
      [
        19,
        6,
      ],
      [
        47,
        25,
      ],
      [
        21,
        3,
      ],
    ]
  `)
})

test('refuses tokens that are not those of the plan, and batches beyond it', () => {
  const other = tokenDataset({ strata: { web: [300], docs: [640] }, seed: 2 })
  expect(() => plannedBatches(planOf(golden), other.manifest)).toThrow(expect.objectContaining({ code: 'invalid_record' }))
  const batches = plannedBatches(planOf(golden, { batchesMax: 5 }), golden.manifest)
  expect(batches.labels()).toHaveLength(5)
  for (const batch of [-1, 5, 0.5]) expect(() => batches.batch(batch)).toThrow(expect.objectContaining({ code: 'not_found' }))
})
