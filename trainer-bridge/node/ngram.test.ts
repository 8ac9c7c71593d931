import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tokenDataset } from '#test/golden/tokens.ts'
import { bigramModel } from './ngram.ts'
import { openPairs } from './pairs.ts'
import { trainBlock } from './train-batch.ts'

const rows = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40, max: 11 }), { maxLength: 6 })
const rowsOf = (sequence_tokens: number, row_tokens = sequence_tokens) => ({ sequence_tokens, row_tokens })
const sumOf = (probabilities: readonly number[]): number => probabilities.reduce((sum, p) => sum + p, 0)

test('its probabilities sum to one after any history, for every context', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 0, max: 11 }), (history, previous) => {
      const model = bigramModel(12)
      for (const row of history) model.learn(Uint32Array.from(row))
      const tokens = Array.from({ length: 12 }, (_, token) => token)
      expect(sumOf(tokens.map((token) => model.probability(previous, token)))).toBeCloseTo(1, 10)
      expect(sumOf(tokens.map((token) => model.probability(undefined, token)))).toBeCloseTo(1, 10)
    }),
  )
})

test('scores with what it knew before: a first block costs a guess, and scoring changes nothing', async () => {
  const model = bigramModel(1000)
  const block = Uint32Array.from({ length: 256 }, (_, i) => i % 7)
  expect(model.score(block)).toBeCloseTo(256 * Math.log(1000), 6)
  const loss = await trainBlock(model, block, rowsOf(64), new AbortController().signal)
  expect(loss).toBeCloseTo(Math.log(1000), 9)
  expect(model.score(block) / 256).toBeLessThan(0.2)
})

test('its loss falls on text that has something to teach, and less on text that has not', async () => {
  const { streams } = tokenDataset({ strata: { web: [20_000] } })
  const random = tokenDataset({ strata: { x: [64] } }).streams['x']!
  const losses: number[] = []
  const model = bigramModel(1000)
  for (let at = 0; at < 20_000; at += 2000)
    losses.push(await trainBlock(model, streams['web']!.subarray(at, at + 2000), rowsOf(100), new AbortController().signal))
  expect(losses.at(-1)).toBeLessThan(losses[0]! - 2)
  expect(model.score(random.map((_, i) => (i * 379) % 1000)) / 64).toBeGreaterThan(losses.at(-1)!)
})

test('of rows that bring their last target, the target is no token of its own', async () => {
  const block = Uint32Array.from({ length: 3 * 9 }, (_, i) => i % 9)
  const trained = bigramModel(10)
  await trainBlock(trained, block, rowsOf(8, 9), new AbortController().signal)
  expect(trained.learnt).toBe(3 * 8)
  expect(trained.probability(7, 8)).toBe(trained.probability(7, 9))
})

const scoreTwice = (): number => {
  const model = bigramModel(1000)
  const { streams } = tokenDataset({ strata: { web: [3000] } })
  model.learn(streams['web']!)
  return model.score(streams['web']!)
}

test('the same rows in the same order give the same losses', () => {
  expect(scoreTwice()).toBe(scoreTwice())
})

test('refuses a token outside the vocabulary, and a vocabulary that would eat the memory', () => {
  expect(() => bigramModel(10).score(Uint32Array.of(10))).toThrow(expect.objectContaining({ code: 'invalid_record' }))
  expect(() => bigramModel(2 ** 31)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
})

test('pairs are counted as a map counts them, through every growth', () => {
  const pairs = openPairs()
  const map = new Map<string, number>()
  let state = 1
  for (let i = 0; i < 120_000; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const [first, second] = [state % 400, (state >>> 12) % 400]
    const key = `${first} ${second}`
    map.set(key, (map.get(key) ?? 0) + 1)
    if (pairs.add(first, second) !== map.get(key)) throw new Error(`pair ${key} differs at ${i}`)
  }
  expect(pairs.size).toBe(map.size)
  const counted = [...map.keys()].map((key) => pairs.count(...(key.split(' ').map(Number) as [number, number])))
  expect(counted).toEqual([...map.values()])
})

test('a full table counts the pairs it has and takes no new ones', () => {
  const pairs = openPairs(16)
  const added = Array.from({ length: 40 }, (_, i) => pairs.add(i, i))
  expect(added.filter((count) => count === 1)).toHaveLength(pairs.size)
  expect(pairs.size).toBeLessThan(16)
  expect(pairs.add(0, 0)).toBe(2)
  expect(pairs.count(39, 39)).toBe(0)
})
