import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judge, type Reported } from './judge.ts'
import { medianOfMeans } from './loss-curve.ts'
import { decide, type Vote } from './vote.ts'

const context = { vocabulary: 200_000, duplicates: new Map() }

/** What a node reports of a label whose loss goes evenly from `before` to `after`. */
const curve = (node: string, label: string, before: number, after: number, batches = 9): Reported[] =>
  Array.from({ length: batches }, (_, i) => ({ node, label, loss: before + ((after - before) * i) / (batches - 1) }))

const judged = (settlements: Reported[], labels: string[] = [], more: Partial<typeof context> = {}) =>
  Object.fromEntries(
    judge(settlements, labels, { ...context, ...more }).map(({ factor, evidence }) => [evidence.label, { factor, verdict: evidence.verdict, evidence }]),
  )

test('what is learnt faster than the rest rises, what is learnt slower sinks, by at most a fifth', () => {
  const { fast, slow } = judged([...curve('a', 'fast', 9, 5), ...curve('a', 'slow', 9, 8.8)])
  expect(fast).toMatchObject({ verdict: 'progress', evidence: { batches: 9, nodes: 1, loss_before: 8.5, loss_after: 5.5, progress: 3 } })
  expect(fast?.factor).toBeGreaterThan(1)
  expect(fast?.factor).toBeLessThanOrEqual(1.2)
  expect(slow?.factor).toBeLessThan(1)
  expect(slow?.factor).toBeGreaterThanOrEqual(0.8)
})

test('a label of too few batches, or of none, stays where it is', () => {
  const { few, none } = judged([...curve('a', 'web', 9, 5), ...curve('a', 'few', 9, 2, 2)], ['none'])
  expect(few).toMatchObject({ factor: 1, verdict: 'no_evidence', evidence: { batches: 2, nodes: 0, loss_before: null, progress: null } })
  expect(none).toMatchObject({ factor: 1, verdict: 'no_evidence', evidence: { batches: 0 } })
})

test('one label alone has nothing to be compared with', () => {
  expect(judged(curve('a', 'web', 9, 5))['web']).toMatchObject({ factor: 1, verdict: 'progress' })
})

test('text known by heart is boilerplate; with many duplicates already at a higher loss', () => {
  const settlements = [...curve('a', 'web', 9, 7), ...curve('a', 'licence', 3, 0.1), ...curve('a', 'copies', 4, 0.9)]
  expect(judged(settlements)['licence']).toMatchObject({ factor: 0.8, verdict: 'boilerplate' })
  expect(judged(settlements)['copies']).toMatchObject({ verdict: 'progress' })
  expect(judged(settlements, [], { duplicates: new Map([['copies', 0.7]]) as never })['copies']).toMatchObject({ factor: 0.8, verdict: 'boilerplate' })
})

test('text that costs a guess and teaches nothing is noise', () => {
  expect(judged([...curve('a', 'web', 9, 7), ...curve('a', 'random', 12.1, 12.08)])['random']).toMatchObject({ factor: 0.8, verdict: 'noise' })
  expect(judged([...curve('a', 'web', 9, 7), ...curve('a', 'hard', 12.1, 10.5)])['hard']).toMatchObject({ verdict: 'progress' })
})

test('two nodes that point apart move nothing; two that agree move by the smaller step', () => {
  const up = (node: string) => [...curve(node, 'x', 9, 5), ...curve(node, 'y', 9, 8)]
  const down = (node: string) => [...curve(node, 'x', 9, 8), ...curve(node, 'y', 9, 5)]
  expect(judged([...up('a'), ...down('b')])['x']).toMatchObject({ factor: 1, verdict: 'disputed' })
  const slightly = [...curve('b', 'x', 9, 7), ...curve('b', 'y', 9, 7.2)]
  expect(judged([...up('a'), ...slightly])['x']?.factor).toBe(judged(slightly)['x']?.factor)
})

test('a node cannot keep a label to itself and steer it: the others vote for no change', () => {
  const honest = ['a', 'b'].flatMap((node) => [...curve(node, 'x', 9, 6), ...curve(node, 'y', 9, 7)])
  const hoarder = [...curve('evil', 'z', 12, 1), ...curve('evil', 'y', 9, 8.9)]
  expect(judged([...honest, ...hoarder])['z']).toMatchObject({ factor: 1, verdict: 'no_evidence' })
})

const votes = fc.array(
  fc.double({ min: 0.8, max: 1.2, noNaN: true }).map((factor): Vote => ({ factor, verdict: 'progress' })),
  { minLength: 1, maxLength: 5 },
)

test('with fewer liars than honest nodes the outcome lies between honest votes and no change', () => {
  fc.assert(
    fc.property(votes, votes, (honest, liars) => {
      fc.pre(liars.length < honest.length)
      const { factor } = decide([...honest, ...liars])
      const factors = honest.map((vote) => vote.factor)
      expect(factor).toBeGreaterThanOrEqual(Math.min(1, ...factors))
      expect(factor).toBeLessThanOrEqual(Math.max(1, ...factors))
    }),
  )
})

test('one liar among two to five nodes never turns a weight against the honest ones, whatever it reports', () => {
  const report = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 3, maxLength: 12 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), report, report, (honestNodes, lieX, lieY) => {
      const honest = Array.from({ length: honestNodes }, (_, n) => [...curve(`h${n}`, 'x', 9, 5 + n / 10), ...curve(`h${n}`, 'y', 9, 7 + n / 10)]).flat()
      const lies = [...lieX.map((loss) => ({ node: 'liar', label: 'x', loss })), ...lieY.map((loss) => ({ node: 'liar', label: 'y', loss }))]
      const { x, y } = judged([...lies, ...honest])
      expect(x?.factor).toBeGreaterThanOrEqual(1)
      expect(y?.factor).toBeLessThanOrEqual(1)
    }),
  )
})

test('from nine values on, one wild batch does not move the median of means', () => {
  expect(medianOfMeans([...Array.from({ length: 8 }, () => 5), 1000])).toBe(5)
  expect(medianOfMeans([...Array.from({ length: 16 }, () => 4), 999])).toBe(4)
  expect(medianOfMeans([7, 8])).toBe(7.5)
})

test('the same settlements give the same judgement, whichever node comes first', () => {
  const a = [...curve('a', 'x', 9, 5), ...curve('a', 'y', 9, 7)]
  const b = [...curve('b', 'x', 8, 5), ...curve('b', 'y', 9, 6)]
  expect(judge([...b, ...a], [], context)).toEqual(judge([...a, ...b], [], context))
})
