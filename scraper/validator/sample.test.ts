import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { drawSample, sampleSeed, type ClaimedFile } from './sample.ts'

const file = (key: string, rows: number, bytes = rows * 100): ClaimedFile => ({ key, rows, bytes })
const files = fc.uniqueArray(fc.record({ key: fc.stringMatching(/^[a-z]{1,8}$/), rows: fc.nat(3000), bytes: fc.nat() }), {
  selector: ({ key }) => key,
  maxLength: 8,
})

describe('the committed sample', () => {
  test('keeps its test vector (from an independent implementation in Python)', () => {
    const claimed = [file('b', 500), file('a', 1500)]
    const seed = sampleSeed(`0x${'11'.repeat(32)}`, 'hotkey', claimed)
    expect(seed).toBe('7cfaa3525aa5518b2101961555ed77d943d7a24b919cb1ed5cbe70b343c2d632')
    expect(drawSample(seed, claimed, 4)).toEqual([
      { key: 'a', row: 28 },
      { key: 'a', row: 1258 },
      { key: 'b', row: 137 },
      { key: 'b', row: 299 },
    ])
  })

  test('does not depend on the order of the files, and takes different rows that exist', () => {
    fc.assert(
      fc.property(files, fc.string(), fc.integer({ min: 1, max: 60 }), (claimed, block, count) => {
        const seed = sampleSeed(block, 'h', claimed)
        expect(sampleSeed(block, 'h', claimed.toReversed())).toBe(seed)
        const sample = drawSample(seed, claimed, count)
        expect(drawSample(seed, claimed.toReversed(), count)).toEqual(sample)
        expect(sample).toHaveLength(
          Math.min(
            count,
            claimed.reduce((sum, { rows }) => sum + rows, 0),
          ),
        )
        expect(new Set(sample.map(({ key, row }) => `${key} ${row}`)).size).toBe(sample.length)
        const rows = new Map(claimed.map((found) => [found.key, found.rows]))
        expect(sample.every(({ key, row }) => row >= 0 && row < (rows.get(key) ?? 0))).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  test('changes with the block, the hotkey and any size', () => {
    const claimed = [file('a', 10_000), file('b', 10_000)]
    const seeds = [
      sampleSeed('1', 'h', claimed),
      sampleSeed('2', 'h', claimed),
      sampleSeed('1', 'g', claimed),
      sampleSeed('1', 'h', [file('a', 10_000), file('b', 10_000, 7)]),
    ]
    expect(new Set(seeds).size).toBe(4)
  })

  test('falls everywhere in the files, not only at their heads', () => {
    const claimed = [file('a', 1000), file('b', 3000)]
    const counts = [0, 0, 0, 0]
    for (let run = 0; run < 400; run++) {
      for (const { key, row } of drawSample(sampleSeed(String(run), 'h', claimed), claimed, 20)) {
        const ordinal = key === 'a' ? row : 1000 + row
        counts[Math.floor(ordinal / 1000)] = (counts[Math.floor(ordinal / 1000)] ?? 0) + 1
      }
    }
    // 8,000 draws over four quarters: the standard deviation of each is 39.
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200)
  })
})
