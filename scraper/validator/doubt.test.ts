import { describe, expect, test } from 'vitest'
import { seededRandom } from '#test/seeded-random.ts'
import { doubtWith, faultsOf, grindingDraws, isSuspect, noDoubt, wrongShareMax, type Doubt } from './doubt.ts'
import { proof } from './scoring/constants.ts'
import type { Judgement } from './judge-page.ts'

type Outcome = Pick<Judgement, 'verdict' | 'lost' | 'isAbsent'>
const day = 86_400_000
const same: Outcome = { verdict: 'same', lost: 0 }
const changed: Outcome = { verdict: 'changed', lost: 1 }
const gone: Outcome = { verdict: 'gone', lost: 1, isAbsent: true }
const contradicted: Outcome = { verdict: 'contradicted', lost: 0 }

const times = (count: number, outcome: Outcome): Outcome[] => Array.from({ length: count }, () => outcome)
const after = (outcomes: readonly Outcome[], { from = noDoubt, at = 0, ageMs = 0 } = {}): Doubt =>
  outcomes.reduce((doubt, outcome) => doubtWith(doubt, outcome, { at, ageMs }), from)

/** Rows until a miner fails, of which each has its chance; Infinity when it passes all. */
function rowsUntilFailure(chances: { changed?: number; gone?: number }, { rows, seed, ageMs = 0 }: { rows: number; seed: number; ageMs?: number }): number {
  const random = seededRandom(seed)
  let doubt = noDoubt
  for (let n = 1; n <= rows; n++) {
    const drawn = random()
    const outcome = drawn < (chances.gone ?? 0) ? gone : drawn < (chances.gone ?? 0) + (chances.changed ?? 0) ? changed : same
    doubt = doubtWith(doubt, outcome, { at: 0, ageMs })
    if (faultsOf(doubt, 0).length > 0) return n
  }
  return Infinity
}
const seeds = Array.from({ length: 20 }, (_, n) => n * 7919 + 13)
const failures = (chances: { changed?: number; gone?: number }, rows: number, ageMs = 0): number[] =>
  seeds.map((seed) => rowsUntilFailure(chances, { rows, seed, ageMs })).toSorted((a, b) => a - b)

describe('rows that are contradicted', () => {
  test('fail a miner from the second on', () => {
    expect(faultsOf(after([contradicted, same]), 0)).toEqual([])
    expect(faultsOf(after([contradicted, ...times(400, same), contradicted]), 0)).toEqual(['contradicted'])
  })

  test('are forgotten after 500 rows, or three days', () => {
    const twice = after([contradicted, contradicted])
    expect(faultsOf(twice, 3 * day - 1)).toEqual(['contradicted'])
    expect(faultsOf(twice, 3 * day)).toEqual([])
    expect(faultsOf(after(times(498, same), { from: twice }), 0)).toEqual(['contradicted'])
    expect(faultsOf(after(times(500, same), { from: twice }), 0)).toEqual([])
  })

  test('take no room without end', () => {
    expect(after(times(3000, contradicted)).contradicted.length).toBeLessThanOrEqual(500)
  })
})

describe('rows that are lost', () => {
  test('fail no honest miner in 2,000: one page in twenty changed, one in a hundred gone', () => {
    expect(failures({ changed: 0.04, gone: 0.01 }, 2000)[0]).toBe(Infinity)
  })

  test('fail a miner that fabricates one page in ten', () => {
    const absent = failures({ gone: 0.1 }, 5000)
    expect([absent[10], absent[19]].map((rows) => (rows as number) < 400)).toEqual([true, true])
    const texts = failures({ changed: 0.1 }, 5000)
    expect([(texts[10] as number) < 900, (texts[19] as number) < 2000]).toEqual([true, true])
    const both = failures({ changed: 0.15 }, 5000)
    expect((both[19] as number) < 900).toBe(true)
  })

  test('fail at once a miner that has nothing else', () => {
    expect(failures({ changed: 0.7 }, 100)[19]).toBeLessThan(30)
    expect(failures({ gone: 0.7 }, 100)[19]).toBeLessThan(20)
  })

  test('may be more of what was shown a month ago', () => {
    expect(failures({ changed: 0.12 }, 1000, 30 * day)[0]).toBe(Infinity)
    expect(failures({ changed: 0.12 }, 2000)[10]).toBeLessThan(800)
  })

  test('are made up for by good ones, and no credit is kept for later', () => {
    const bad = after(times(100, gone))
    expect(faultsOf(bad, 0)).toEqual(['lost'])
    expect(faultsOf(after(times(200, same), { from: bad }), 0)).toEqual([])
    expect(after(times(5000, same))).toMatchObject({ lost: 0, gone: 0 })
  })

  test('are not those that nobody could look at', () => {
    expect(after(times(500, { verdict: 'unfetchable', lost: 0 }))).toEqual(noDoubt)
  })
})

test('a draw without a wrong row bounds the wrong ones by three in its number, one with some by more', () => {
  expect(wrongShareMax({ judged: 20, wrong: 0 })).toBeCloseTo(1 - 0.05 ** (1 / 20), 6)
  expect(wrongShareMax({ judged: 160, wrong: 0 })).toBeCloseTo(0.01855, 4)
  // R: binom.test(1, 20, alternative = "less")$conf.int
  expect(wrongShareMax({ judged: 20, wrong: 1 })).toBeCloseTo(0.2161, 4)
  expect([wrongShareMax({ judged: 0, wrong: 0 }), wrongShareMax({ judged: 5, wrong: 5 })]).toEqual([1, 1])
})

test('a miner that lost more than most is suspect long before it fails', () => {
  expect([isSuspect(after([gone])), isSuspect(after([gone, gone])), faultsOf(after([gone, gone]), 0)]).toEqual([false, true, []])
  expect(isSuspect(after([gone, gone, ...times(60, same)]))).toBe(false)
})

describe('grinding', () => {
  test('needs more than a million tries for a tenth fabricated, also of rows without length, in the looks until a score counts whole', () => {
    const { even, tiny } = grindingDraws({ looks: proof.looks, fabricated: 0.1 })
    expect(tiny).toBeGreaterThan(1e6)
    expect(even).toBeGreaterThan(tiny)
    expect(grindingDraws({ looks: 30, fabricated: 0.1 }).tiny).toBeCloseTo(1 / (0.9 ** 20 + 20 * 0.1 * 0.9 ** 19), 6)
  })
})
