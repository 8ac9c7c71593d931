import { expect, test } from 'vitest'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { FormerEpochManifest } from '#schemas/epoch-manifest.ts'
import { writeList } from '#infra/corpus/list-object.ts'
import { GenerationShard } from '#schemas/token-list.ts'
import { keyedPermutation } from '#trainer-bridge/plan/permutation.ts'
import { writeStrata } from '#trainer-bridge/plan/strata.ts'
import type { PlannedBatch } from '#trainer-bridge/plan/batches.ts'
import { goldenGeometry, goldenRun } from './run.ts'
import { tokenDataset } from './tokens.ts'

const lineOf = ({ batch, label, windows }: PlannedBatch): string =>
  `${batch} ${label} ${windows.map(({ generation, index }) => `${generation.slice(0, 8)}:${index}`).join(' ')}`

test('keeps its golden order of a thousand batches, whatever reads them: plans of the past stay what they were', async () => {
  const run = goldenRun()
  const put = async (key: string, bytes: unknown) => void run.objects.set(key, bytes as Uint8Array)
  // Nothing of a shard counts but its name and its sizes: the order outlives every format of shards.
  const strata = await Promise.all(
    [320, 260, 220, 150, 50].map(async (each, n) => {
      const split = [Math.ceil(each * 1.5), 2 * each - Math.ceil(each * 1.5)]
      const generations = split.map(async (windows, g) => {
        const shard = { key: `golden/${n}/${g}`, sha256: sha256Hex(`golden shard ${n}/${g}`), bytes: 1, tokens: 16 * (900 - 600 * g) + n, documents: 1 }
        const list = await writeList({ put }, 'golden/', [shard])
        return { list, seed: 7, windows: 900 - 600 * g, from: 3 * g, to: 3 * g + windows, each: windows, skipped: null }
      })
      return { label: `source ${n}`, weight: 1, each, owed: 0, generations: await Promise.all(generations) }
    }),
  )
  const tokens = sha256Hex('golden tokens')
  const batches = await run.batches({
    kind: 'run-epoch',
    parent: null,
    algorithm: 3,
    run: 'main',
    first_batch: 0,
    tokens,
    joined: 1,
    tokenizer: { name: 'golden', fingerprint: tokens, vocabulary: 1000 },
    end_of_text: 0,
    geometry: goldenGeometry,
    seed: 7,
    anchor: null,
    pass: 1,
    periods: 1,
    batches: 1000,
    settled_before: 0,
    strata: await writeStrata({ put }, 'golden/', strata),
  })
  const lines: string[] = []
  for (let k = 0; k < batches.length; k++) lines.push(lineOf(await batches.batch(k)))
  expect([...lines.slice(0, 4), ...lines.slice(-2)]).toMatchInlineSnapshot(`
    [
      "0 source 0 4a9d2685:5 bfc3cea7:13",
      "1 source 1 0f160f5b:61 bb9906ef:534",
      "2 source 3 304ac699:295 10d0b952:445",
      "3 source 2 fedfaa86:137 f057fa36:554",
      "998 source 2 f057fa36:404 f057fa36:827",
      "999 source 1 bb9906ef:887 bb9906ef:629",
    ]
  `)
  expect(sha256Hex(lines.join('\n'))).toMatchInlineSnapshot(`"451d6eac119c59c4180922043bce9dfff580834ce185898005848077e5dd5f77"`)

  // The sequence is that of the batches, however many take turns, and after a change of how many: rank r of w takes those with k mod w = r.
  for (const worlds of [[1], [2], [3], [8], [2, 8, 3, 1]]) {
    const dealt = new Map<number, string>()
    const per = 1000 / worlds.length
    for (const [n, world] of worlds.entries())
      for (let rank = 0; rank < world; rank++)
        for (let k = n * per; k < (n + 1) * per; k++) if (k % world === rank) dealt.set(k, lineOf(await batches.batch(k)))
    expect([...dealt].toSorted(([a], [b]) => a - b).map(([, line]) => line)).toEqual(lines)
  }
})

test('an epoch of former rules is gone on from where it ends: nothing of its pass is trained twice', async () => {
  const run = goldenRun()
  const dataset = tokenDataset({ strata: { web: [640] } })
  const put = async (key: string, bytes: unknown) => void run.objects.set(key, bytes as Uint8Array)
  const [{ shard }] = dataset.shards as [(typeof dataset.shards)[0]]
  const list = await writeList({ put }, 'plans/golden/', [
    GenerationShard.parse({ key: shard.key, sha256: shard.sha256, bytes: shard.bytes, tokens: 640, documents: 10 }),
  ])
  const former: FormerEpochManifest = {
    kind: 'epoch',
    parent: null,
    algorithm: 2,
    tokens: dataset.sha256,
    joined: 1,
    tokenizer: dataset.manifest.tokenizer,
    geometry: { rows: 2, sequence_tokens: 16 },
    seed: 7,
    pass: 1,
    batches: 9,
    settled_before: 0,
    strata: [{ label: 'web', weight: 1, supply: 20, generations: [{ list, windows: 40, from: 0, to: 19, skipped: [4], supply: 39 }] }],
  }
  run.follow(former)
  const next = await run.next(dataset, 1)
  expect(next).toMatchObject({ pass: 1, first_batch: 0, batches: 10, seed: 7 })
  // What it had taken were the first nineteen places of the same order.
  const rest = await run.batches(next!)
  const taken = new Set<number>()
  for (let k = 0; k < rest.length; k++) for (const { index } of (await rest.batch(k)).windows) taken.add(index)
  const order = keyedPermutation(40, `7/1/${list.sha256}`)
  expect(taken.size).toBe(20)
  for (let place = 0; place < 19; place++) expect(taken.has(order.at(place))).toBe(false)
  await expect(run.next(dataset, 1, { geometry: { sequence_tokens: 32 } })).rejects.toMatchObject({ code: 'invalid_config' })
})
