import { describe, expect, test } from 'vitest'
import { proof } from './constants.ts'
import { scoreOf } from './score.ts'
import { afterEvaluation, newcomer, type Outcome, type Standing } from './standing.ts'

const standing: Standing = {
  index: { credibility: 1, raw: 1000 },
  store: { credibility: 1, effectiveBytes: 1000 },
  onDemand: { credibility: 1, boost: 100, coverage: 1 },
  looks: proof.looks,
  unjudged: 0,
  confirmed: 1,
}

describe('scoreOf', () => {
  test('adds the channels, each by its own credibility', () => {
    const parts = scoreOf({ ...standing, store: { credibility: 0.25, effectiveBytes: 300 } }, 900, true)
    // 300² ÷ 900 = 100, below twice 100; × 0.25^2.5 = 1/32. The index has 50.
    expect(parts).toEqual({ index: 50, store: 3.125, onDemand: 100, proven: 1, score: 153.125 })
  })

  test('caps the store at twice on demand, before its credibility, and the index at both', () => {
    expect(scoreOf(standing, 1000, true)).toMatchObject({ store: 200, onDemand: 100, index: 50, score: 350 })
    expect(scoreOf({ ...standing, store: { credibility: 0.25, effectiveBytes: 1000 } }, 1000, true)).toMatchObject({ store: 6.25 })
    expect(scoreOf({ ...standing, index: { credibility: 1, raw: 1e9 } }, 1000, true)).toMatchObject({ index: 300, score: 600 })
    expect(scoreOf({ ...standing, onDemand: { credibility: 1, boost: 100, coverage: 0.65 } }, 1000, true)).toMatchObject({ store: 130, onDemand: 65 })
  })

  test('pays nothing to who serves nobody, but where nobody asks', () => {
    const silent = { ...standing, onDemand: newcomer.onDemand }
    expect(scoreOf(silent, 1000, true).score).toBe(0)
    expect(scoreOf(silent, 1000, false)).toMatchObject({ store: 1000, index: 50, score: 1050 })
  })

  test('pays a twentieth until enough pages were looked at', () =>
    expect(scoreOf({ ...standing, looks: proof.looks - 1 }, 1000, true)).toMatchObject({ proven: 0.05, score: 17.5 }))
})

const passed = (raw: number, effectiveBytes: number, looks = 20): Outcome => ({ state: 'passed', raw, effectiveBytes, passRate: 1, looks, confirmed: 1 })

describe('a standing', () => {
  test('of an honest miner that passes never falls over 100 cycles, however it grows', () => {
    const others = 1e8
    for (const growth of [1, 1.001, 1.3, 2, 40]) {
      let [standing, last, raw, bytes]: [Standing, number, number, number] = [newcomer, 0, 1e5, 1e5]
      for (let cycle = 0; cycle < 100; cycle++) {
        standing = afterEvaluation(standing, passed(raw, bytes))
        const { score } = scoreOf(standing, others + standing.store.effectiveBytes, false)
        expect(score).toBeGreaterThanOrEqual(last * (1 - 1e-12))
        last = score
        // Growth that stops for nine cycles, and goes on.
        if (cycle % 10 === 0 && raw < 1e12) [raw, bytes] = [raw * growth, bytes * growth]
      }
      expect(standing.store.credibility).toBeGreaterThan(0.99)
    }
  })

  test('that fails loses in each channel of claims, keeps what it had, and is not believed until it is proved anew', () => {
    const before = afterEvaluation({ ...standing, unjudged: 2 }, passed(1000, 1000))
    expect(before).toMatchObject({ looks: proof.looks + 20, unjudged: 0 })
    const after = afterEvaluation(before, { state: 'failed', drawn: true })
    expect(after.index).toEqual({ credibility: 0.85 * before.index.credibility, raw: 1000 })
    expect(after.store).toEqual({ credibility: expect.closeTo(0.7, 12), effectiveBytes: 1000 })
    expect(after).toMatchObject({ looks: 0, onDemand: before.onDemand })
    expect(afterEvaluation(before, { state: 'failed', drawn: false }).looks).toBe(proof.looks + 20)
  })

  test('is believed no more for evaluations in which there was nothing to look at', () => {
    const waiting = Array.from({ length: 20 }).reduce<Standing>((old) => afterEvaluation(old, passed(0, 0, 0)), newcomer)
    expect(waiting).toEqual(newcomer)
    expect(afterEvaluation(standing, passed(0, 0, 0))).toEqual({ ...standing, index: { credibility: 1, raw: 0 }, store: { credibility: 1, effectiveBytes: 0 } })
  })

  test('that cannot be judged holds for two evaluations and decays from the third on; our own trouble changes nothing', () => {
    const states = [1, 2, 3, 4].reduce<Standing[]>((all) => [...all, afterEvaluation(all.at(-1) ?? standing, { state: 'unjudged' })], [])
    expect(states.map(({ store }) => store.credibility)).toEqual([1, 1, expect.closeTo(0.7, 12), expect.closeTo(0.49, 12)])
    expect(states.map(({ index }) => index.credibility)).toEqual([1, 1, expect.closeTo(0.85, 12), expect.closeTo(0.7225, 12)])
    expect(afterEvaluation(states[3] ?? standing, { state: 'ours' })).toBe(states[3])
    expect(afterEvaluation(states[3] ?? standing, passed(1, 1)).unjudged).toBe(0)
  })
})
