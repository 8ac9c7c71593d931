import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dealTurns, periodMax } from './mixing.ts'

const countsOf = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 12 }).filter((counts) => counts.some((count) => count > 0))

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

/** The largest distance of a source from its share after any place. */
function worstDistance(counts: readonly number[], key: string): number {
  const { source, ordinal } = dealTurns(counts, key)
  const given = counts.map(() => 0)
  let worst = 0
  for (const [place, each] of source.entries()) {
    expect(ordinal[place]).toBe(given[each]!++)
    counts.forEach((count, s) => (worst = Math.max(worst, Math.abs(given[s]! - ((place + 1) * count) / source.length))))
  }
  expect(given).toEqual(counts)
  return worst
}

test('after every place each source is less than one turn from its share, and has all its turns in the end', () => {
  fc.assert(
    fc.property(countsOf, fc.string(), (counts, key) => {
      expect(worstDistance(counts, key)).toBeLessThan(1)
    }),
    { numRuns: 150 },
  )
  expect(worstDistance([1, 999], 'a')).toBeLessThan(1)
  expect(
    worstDistance(
      Array.from({ length: 1024 }, (_, n) => 1 + (n % 3)),
      'a',
    ),
  ).toBeLessThan(1)
})

test('a period that is repeated keeps the shares: after any number of batches each source is less than one turn from its own', () => {
  const counts = [40, 23, 1]
  const { source } = dealTurns(counts, 'a')
  const given = counts.map(() => 0)
  for (let turn = 0; turn < 5 * source.length; turn++) {
    given[source[turn % source.length]!]!++
    counts.forEach((count, s) => expect(Math.abs(given[s]! - ((turn + 1) * count) / source.length)).toBeLessThan(1))
  }
})

test('deals every source to all who take turns, however many they are', () => {
  for (const key of ['a', 'b', 'c', 'd'])
    for (const takers of [2, 3, 4, 5, 6])
      for (const shares of [
        [1, 1],
        [1, 1, 1],
        [3, 2, 1],
        [5, 3, 2],
        [8, 1, 1],
      ]) {
        const counts = shares.map((share) => share * 600)
        const { source } = dealTurns(counts, key)
        for (const [s, count] of counts.entries()) {
          const own = Array.from({ length: takers }, () => 0)
          for (const [place, each] of source.entries()) if (each === s) own[place % takers]!++
          for (const taken of own) expect(taken / (count / takers), `${shares.join()} of ${takers}, key ${key}`).toBeGreaterThan(0.3)
        }
      }
})

test('is of its key', () => {
  expect(dealTurns([50, 50], 'a')).not.toEqual(dealTurns([50, 50], 'b'))
  expect(dealTurns([50, 50], 'a')).toEqual(dealTurns([50, 50], 'a'))
})

test('keeps its golden order', () => {
  expect(dealTurns([9, 6, 3], '7/tokens').source.join('')).toMatchInlineSnapshot(`"021010012010100120"`)
  const whole = dealTurns(
    Array.from({ length: 1000 }, (_, n) => Math.ceil(8000 / (n + 1))),
    'golden',
  )
  expect(sum([...whole.source].map((source, place) => (source * (place + 1)) % 65_521))).toMatchInlineSnapshot(`1681716749`)
})

test.each([
  ['of no turns', [0, 0]],
  ['of no sources', []],
  ['of more turns than a period has', [periodMax, 1]],
  ['of half a turn', [0.5, 0.5]],
  ['of fewer than none', [-1, 3]],
  ['of more sources than there can be', Array.from({ length: 1025 }, () => 1)],
])('refuses a period %s', (_, counts) => {
  expect(() => dealTurns(counts, 'a')).toThrow(expect.objectContaining({ code: 'invalid_record' }))
})
