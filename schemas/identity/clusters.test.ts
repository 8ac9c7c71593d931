import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nearDuplicates, type Fingerprint } from './clusters.ts'
import { minhash } from './minhash.ts'
import { pairWithJaccard } from '#test/golden/pairs.ts'

const item = (key: string, text: string, rest: Partial<Fingerprint> = {}): Fingerprint => ({
  key,
  signature: minhash(text),
  publishedAt: null,
  textBytes: text.length,
  uri: `http://e.com/${key}`,
  ...rest,
})
const prose = Array.from({ length: 200 }, (_, i) => `word${i}`).join(' ')

/** How many of as many pairs are found. */
const found = (jaccard: number, pairs: number): number =>
  Array.from({ length: pairs }, (_, seed) => pairWithJaccard(jaccard, seed, 200)).filter(({ a, b }) => nearDuplicates([item('a', a), item('b', b)]).length > 0)
    .length

describe('nearDuplicates', () => {
  test('keeps the oldest, then the one whose address fits its language, then the longest, then the smallest uri', () => {
    const clusters = nearDuplicates([
      item('short', prose.slice(0, -8), { publishedAt: 5 }),
      item('long', `${prose} more`, { publishedAt: 5 }),
      item('old', prose, { publishedAt: 4 }),
      item('undated', `${prose} and more`),
      item('other', 'nothing of this kind stands anywhere else in the set'),
    ])
    expect(clusters).toEqual([{ kept: 'old', dropped: ['long', 'short', 'undated'] }])
    expect(nearDuplicates([item('b', prose), item('a', prose)])).toEqual([{ kept: 'a', dropped: ['b'] }])
    const fits = ([-1, 0, 1] as const).map((addressFit, n) => item(`fit${n}`, prose, { addressFit, textBytes: 9 - n }))
    expect(nearDuplicates(fits)).toEqual([{ kept: 'fit2', dropped: ['fit1', 'fit0'] }])
  })

  test('gives the same clusters in any order', () => {
    const texts = [0.95, 0.9, 0.82, 0.78, 0.6].flatMap((jaccard, i) => {
      const { a, b } = pairWithJaccard(jaccard, i, 120)
      return [a, b, `${a} tail`]
    })
    const items = texts.map((text, i) => item(`k${i}`, text, { publishedAt: i % 3 === 0 ? null : i % 4 }))
    const expected = nearDuplicates(items)
    expect(expected.length).toBeGreaterThan(0)
    fc.assert(
      fc.property(fc.shuffledSubarray(items, { minLength: items.length }), (shuffled) => {
        expect(nearDuplicates(shuffled)).toEqual(expected)
      }),
      { numRuns: 30 },
    )
  })

  test('finds pairs above the threshold and leaves pairs far below it', () => {
    expect(found(0.92, 60)).toBeGreaterThanOrEqual(58)
    expect(found(0.5, 60)).toBe(0)
  })

  test('links many equal copies and a crafted full bucket without quadratic work', () => {
    const signature = minhash(prose)
    const crafted = Array.from({ length: 3000 }, (_, i) => {
      const bytes = Uint8Array.from({ length: 448 }, (_, at) => (at < 32 ? (signature[at] as number) : (i * 31 + at * (i >> 3)) & 255))
      return { ...item(`c${i}`, 'x'), signature: bytes }
    })
    const copies = Array.from({ length: 3000 }, (_, i) => ({ ...item(`k${i}`, 'x'), signature }))
    expect(
      nearDuplicates([...crafted, ...copies])
        .flatMap(({ dropped }) => dropped)
        .filter((key) => key.startsWith('k')),
    ).toHaveLength(2999)
  })
})
