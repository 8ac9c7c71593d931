import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mixByDeficit, type Mixing } from './mixing.ts'

const drawsOf = (mixing: Mixing): number[] => [...mixing.from(0)].map(({ source }) => source)

const strata = fc.array(fc.record({ weight: fc.double({ min: 0.0001, max: 5, noNaN: true }), supply: fc.integer({ min: 1, max: 400 }) }), {
  minLength: 1,
  maxLength: 6,
})

test('draws each stratum exactly as often as it has supply, ordinals without gaps', () => {
  fc.assert(
    fc.property(strata, (all) => {
      const mixing = mixByDeficit(
        all.map((s) => s.weight),
        all.map((s) => s.supply),
        'a',
      )
      const seen = all.map(() => 0)
      for (const { source, ordinal } of mixing.from(0)) expect(ordinal).toBe(seen[source]!++)
      expect(seen).toEqual(all.map((s) => s.supply))
    }),
    { numRuns: 50 },
  )
})

test('keeps every stratum within the number of strata of its exact share while nothing runs out', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.01, max: 5, noNaN: true }), { minLength: 1, maxLength: 6 }), (weights) => {
      const mixing = mixByDeficit(
        weights,
        weights.map(() => 10_000),
        'a',
      )
      const total = weights.reduce((a, b) => a + b)
      const drawn = weights.map(() => 0)
      for (let k = 0; k < 500; k++) {
        drawn[mixing.at(k).source]!++
        weights.forEach((w, s) => expect(Math.abs(drawn[s]! - ((k + 1) * w) / total)).toBeLessThanOrEqual(weights.length))
      }
    }),
    { numRuns: 15 },
  )
})

const makeUneven = () => mixByDeficit([1, 2, 0.3], [3000, 900, 2500], 'a')

test('looking anywhere, in any order, gives what reading from the start gives', () => {
  const whole = [...makeUneven().from(0)]
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: whole.length - 1 }), { minLength: 1, maxLength: 8 }), (places) => {
      const mixing = makeUneven()
      for (const place of places) expect(mixing.at(place)).toEqual(whole[place])
    }),
    { numRuns: 25 },
  )
})

const inRuns = (draws: readonly number[], length: number): number[][] =>
  Array.from({ length: Math.ceil(draws.length / length) }, (_, run) => draws.slice(run * length, (run + 1) * length).toSorted((a, b) => a - b))

test('mixes evenly: whole shares are whole in every run of draws that holds them', () => {
  for (const key of ['a', 'b', 'c']) {
    expect(inRuns(drawsOf(mixByDeficit([1, 1, 1], [20, 20, 20], key)), 3)).toEqual(Array.from({ length: 20 }, () => [0, 1, 2]))
    expect(inRuns(drawsOf(mixByDeficit([2, 1], [40, 20], key)), 3)).toEqual(Array.from({ length: 20 }, () => [0, 0, 1]))
  }
})

test('leaves out a stratum that has run out and lets the others go on', () => {
  const draws = drawsOf(mixByDeficit([5, 1, 1], [2, 8, 8], 'a'))
  const last = draws.lastIndexOf(0)
  expect(last).toBeLessThan(6)
  expect(inRuns(draws.slice(last + 1), 2).slice(0, 5)).toEqual(Array.from({ length: 5 }, () => [1, 2]))
})

test('deals every stratum to all who take turns, however many they are', () => {
  for (const key of ['a', 'b', 'c', 'd'])
    for (const [takers, weights] of [2, 3, 4, 6].flatMap((count) =>
      [
        [1, 1],
        [1, 1, 1],
        [3, 2, 1],
      ].map((some) => [count, some] as const),
    )) {
      const draws = drawsOf(
        mixByDeficit(
          weights,
          weights.map(() => 4000),
          key,
        ),
      ).slice(0, 3000)
      const usual = draws.filter((stratum) => stratum === 0).length / takers
      for (let taker = 0; taker < takers; taker++) {
        const own = draws.filter((stratum, n) => stratum === 0 && n % takers === taker).length
        expect(own / usual, `taker ${taker} of ${takers}, key ${key}`).toBeGreaterThan(0.6)
      }
    }
})

test('is of its key', () => {
  const [one, other] = ['a', 'b'].map((key) => drawsOf(mixByDeficit([1, 1], [50, 50], key)))
  expect(one).not.toEqual(other)
})

test('keeps its golden draws', () => {
  expect(drawsOf(mixByDeficit([3, 2, 1], [9, 6, 3], '7/tokens')).join('')).toMatchInlineSnapshot(`"100201010210201100"`)
})

test('counts the draws of each source on its way, and tells them in order', async () => {
  const whole = [...makeUneven().from(0)].map(({ source }) => source)
  for (const draws of [0, 1, 1500, 6400, 9999]) {
    const heard: number[] = []
    const counts = await makeUneven().walk(draws, (source) => heard.push(source))
    expect(heard).toEqual(whole.slice(0, draws))
    expect(counts).toEqual([0, 1, 2].map((source) => heard.filter((each) => each === source).length))
  }
  expect(await mixByDeficit([1], [1e12], 'a').walk(1e9)).toEqual([1e9])
  expect(mixByDeficit([1], [1e12], 'a').at(1e9)).toEqual({ source: 0, ordinal: 1e9 })
})

test.each([
  ['without a weight', []],
  ['with a weight of nothing', [0]],
  ['with a weight that is no number', [Number.NaN]],
])('refuses what is mixed %s', (_, weights) => {
  expect(() => mixByDeficit(weights, [1], 'a')).toThrow(expect.objectContaining({ code: 'invalid_record' }))
})
