import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LossWindow } from '#schemas/steering.ts'
import { seededRandom } from '#test/seeded-random.ts'
import { EpochLosses } from './epoch-losses.ts'
import { judge, measured, type Findings, type LabelHistory } from './judge.ts'

const million = 1e6

/** Sixteen windows over the run's first million tokens of a label, the newest eight of this epoch. */
function history(label: string, lossAt: (tokens: number) => number, more: Partial<LabelHistory> = {}): LabelHistory {
  const windows = Array.from({ length: 16 }, (_, at): LossWindow => {
    const tokens = ((at + 0.5) * million) / 16
    return { tokens, medians: [lossAt(tokens), lossAt(tokens)] }
  })
  return { label, batches: 80, voices: 5, fresh: 8, tokens: million, windows, ...more }
}

/** Falls by so many nats each time the tokens are e times as many. */
const falling =
  (by: number, from = 9) =>
  (tokens: number) =>
    from - by * Math.log(1 + tokens / 1000)
const wobble = (level: number) => (tokens: number) => level + Math.sin(tokens) / 20

function judged(labels: readonly LabelHistory[], findings: readonly [string, Findings][] = []) {
  const judgements = judge(labels.map(measured), { vocabulary: 50_000, findings: new Map(findings) })
  return new Map(judgements.map(({ factor, evidence }) => [evidence.label, { factor, verdict: evidence.verdict, evidence }]))
}

test('what is learnt faster than the rest rises, what is learnt slower sinks, by at most a fifth', () => {
  const labels = judged([history('fast', falling(1)), history('slow', falling(0.1))])
  const [fast, slow] = [labels.get('fast'), labels.get('slow')]
  expect([fast?.verdict, slow?.verdict]).toEqual(['progress', 'progress'])
  expect(fast?.factor).toBeGreaterThan(1.05)
  expect(fast?.factor).toBeLessThanOrEqual(1.2)
  expect(slow?.factor).toBeLessThan(0.95)
  expect(slow?.factor).toBeGreaterThanOrEqual(0.8)
  // One nat for each e-fold of a million tokens: one nat for a million more.
  expect(fast?.evidence).toMatchObject({ batches: 80, nodes: 5, progress: expect.closeTo(1, 1) })
  expect(fast?.evidence.progress_low).toBeLessThanOrEqual(fast?.evidence.progress ?? 0)
  expect(fast?.evidence.loss_before).toBeGreaterThan(fast?.evidence.loss_after ?? 9)
})

test('the same slope is worth more where less was trained', () => {
  const seldom = {
    ...history('seldom', falling(0.5)),
    tokens: million / 8,
    windows: history('', falling(0.5)).windows.map((each) => ({ ...each, tokens: each.tokens / 8 })),
  }
  expect(judged([history('often', falling(0.5)), seldom]).get('seldom')?.factor).toBeGreaterThan(1.1)
})

test('what is learnt alike stays, and one label alone has nothing to be compared with', () => {
  expect(judged([history('x', falling(0.5)), history('y', falling(0.5, 7))]).get('x')).toMatchObject({ factor: 1, verdict: 'progress' })
  expect(judged([history('web', falling(0.5))]).get('web')).toMatchObject({ factor: 1, verdict: 'progress' })
})

test('text known by heart is boilerplate; where most of it are copies already at a higher loss', () => {
  const labels = [history('web', falling(0.5)), history('licence', wobble(0.2)), history('copies', wobble(1.2))]
  expect(judged(labels).get('licence')).toMatchObject({ factor: 0.8, verdict: 'boilerplate' })
  expect(judged(labels).get('copies')?.verdict).toBe('learnt')
  expect(judged(labels, [['copies', { copies: 0.7, refused: 0 }]]).get('copies')).toMatchObject({ factor: 0.8, verdict: 'boilerplate' })
})

test('what is surely learnt no further sinks by nearly the whole step: noise at the loss of a guess, else learnt out', () => {
  const labels = judged([history('web', falling(0.5)), history('random', wobble(10.7)), history('known', wobble(4))])
  expect(labels.get('random')?.verdict).toBe('noise')
  expect(labels.get('known')?.verdict).toBe('learnt')
  for (const label of ['random', 'known']) expect(labels.get(label)?.factor).toBeLessThan(0.85)
})

test('a source that the dataset finds to be mostly copies, or mostly no documents, does not rise', () => {
  const labels = [history('fast', falling(1)), history('slow', falling(0.1))]
  for (const found of [
    { copies: 0.6, refused: 0 },
    { copies: 0, refused: 0.6 },
  ]) {
    const after = judged(labels, [['fast', found]])
    expect(after.get('fast')).toMatchObject({ factor: 1, verdict: 'doubtful' })
    expect(after.get('slow')?.factor).toBeLessThan(1)
  }
})

test('a label of too few windows, or of which nothing was settled, stays where it is', () => {
  const few = { ...history('few', falling(1)), windows: history('', falling(1)).windows.slice(0, 4) }
  const gone = { ...history('gone', wobble(0.1)), batches: 0, fresh: 0 }
  const labels = judged([history('web', falling(0.5)), few, gone, { label: 'none', batches: 0, voices: 0, fresh: 0, tokens: 0, windows: [] }])
  expect(labels.get('few')).toMatchObject({ factor: 1, verdict: 'no_evidence', evidence: { progress: null } })
  expect(labels.get('gone')).toMatchObject({ factor: 1, verdict: 'no_evidence', evidence: { loss_before: null, loss_after: null } })
  expect(labels.get('none')).toMatchObject({ factor: 1, verdict: 'no_evidence', evidence: { batches: 0, nodes: 0, loss_before: null } })
})

test('a run that unlearns everything moves nothing', () => {
  for (const { factor } of judged([history('x', falling(-0.5)), history('y', falling(-1))]).values()) expect(factor).toBe(1)
})

/** A label of two nodes that learn it differently fast, each with a model of its own. */
function ofTwo(label: string, one: number, other: number): LabelHistory {
  const [a, b] = [history(label, falling(one)), history(label, falling(other, 11))]
  return { ...a, windows: a.windows.map(({ tokens, medians }, at) => ({ tokens, medians: [medians[0], b.windows[at]?.medians[0] ?? 0] })) }
}

const judgedByTwo = (x: readonly [number, number], y: readonly [number, number]) => judged([ofTwo('x', x[0], y[0]), ofTwo('y', x[1], y[1])])

test('two nodes that point apart move nothing; two that agree move by the smaller step', () => {
  expect(judgedByTwo([1, 0.2], [0.2, 1]).get('x')).toMatchObject({ factor: 1, verdict: 'disputed' })
  const slightly = judgedByTwo([0.6, 0.4], [0.6, 0.4]).get('x')?.factor ?? 1
  expect(slightly).toBeGreaterThan(1)
  expect(judgedByTwo([1, 0.2], [0.6, 0.4]).get('x')?.factor).toBe(slightly)
})

/** What an honest node said, beside another that says anything. */
const lied = (honest: LabelHistory, lie: readonly number[], isFirst: boolean): LabelHistory => ({
  ...honest,
  windows: honest.windows.map(({ tokens, medians }, at) => ({ tokens, medians: isFirst ? [lie[at] ?? 0, medians[1]] : [medians[0], lie[at] ?? 0] })),
})

test('one liar of two never turns a weight against the honest one, whatever he reports', () => {
  const report = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 16, maxLength: 16 })
  const [x, y] = [history('x', falling(1)), history('y', falling(0.1))]
  fc.assert(
    fc.property(report, report, fc.boolean(), (lieX, lieY, isFirst) => {
      const labels = judged([lied(x, lieX, isFirst), lied(y, lieY, isFirst)])
      expect(labels.get('x')?.factor).toBeGreaterThanOrEqual(1)
      expect(labels.get('y')?.factor).toBeLessThanOrEqual(1)
    }),
  )
})

test('two nodes of one short epoch say enough, however its batches fall to them', () => {
  const random = seededRandom(5)
  const falls: [string, number, number][] = [
    ['fast', 41, 1.2],
    ['slow', 124, 0.4],
    ['small', 24, 1],
  ]
  for (let split = 0; split < 60; split++) {
    const losses = new EpochLosses({ planId: '0'.repeat(64), batches: 200, batchTokens: 1024 })
    for (const [label, count, fall] of falls)
      for (let n = 0; n < count; n++) {
        const loss = 10 - fall * Math.log(1 + n) + 2 * (random() - 0.5)
        losses.add({ batch: Math.floor((n * 200) / count), label, node: random() < 0.5 ? 'a' : 'b', loss })
      }
    const histories = falls.map(([label, count]) => {
      const { batches, voices, windows } = losses.of(label, 0)
      return measured({ label, batches, voices, fresh: windows.length, tokens: count * 1024, windows })
    })
    const [fast, slow] = judge(histories, { vocabulary: 32_768, findings: new Map() }).map(({ factor }) => factor)
    expect([fast! >= 1, slow! < 1], `split ${split}: ${fast} ${slow}`).toEqual([true, true])
  }
})
