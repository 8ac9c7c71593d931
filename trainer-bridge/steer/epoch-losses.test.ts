import { expect, test } from 'vitest'
import { seededRandom } from '#test/seeded-random.ts'
import { EpochLosses, type Reported } from './epoch-losses.ts'

const planId = 'ab'.repeat(32)
const batchTokens = 100

function lossesOf(reported: Iterable<Reported>, batches: number): EpochLosses {
  const losses = new EpochLosses({ planId, batches, batchTokens })
  for (const each of reported) losses.add(each)
  return losses
}

/** Batches of one label in turns by so many nodes, the loss falling from 9 by 1 over the epoch. */
const honest = (batches: number, nodes: number, label = 'web'): Reported[] =>
  Array.from({ length: batches }, (_, batch) => ({ batch, label, node: `n${batch % nodes}`, loss: 9 - batch / batches }))

test('an epoch of one node has eight windows, each where its tokens lie in those of the run', () => {
  const { batches, voices, windows } = lossesOf(honest(80, 1), 80).of('web', 5000)
  expect([batches, voices]).toEqual([80, 1])
  expect(windows.map(({ tokens }) => tokens)).toEqual([5500, 6500, 7500, 8500, 9500, 10_500, 11_500, 12_500])
  for (const [at, { medians }] of windows.entries()) {
    expect(medians[0]).toBe(medians[1])
    expect(medians[0]).toBeCloseTo(9 - (at + 0.5) / 8, 1)
  }
})

test('a window is the median over operators: a node that reports a hundred batches is one voice, and so is an operator of a hundred nodes', () => {
  const lies = Array.from({ length: 60 }, (_, batch): Reported => ({
    batch,
    label: 'web',
    node: batch < 30 ? 'liar' : `liar-${batch}`,
    operator: 'evil',
    loss: 1000,
  }))
  const truth = Array.from({ length: 20 }, (_, i): Reported => ({ batch: 60 + i, label: 'web', node: `n${i % 4}`, loss: 5 + (i % 4) / 10 }))
  // All in one window.
  const { windows, voices } = lossesOf([...lies, ...truth], 10_000).of('web', 0)
  expect(voices).toBe(5)
  expect(windows).toMatchObject([{ medians: [5.2, 5.2] }])
})

const said = (losses: readonly [string, number][]) =>
  lossesOf(
    losses.map(([node, loss], batch) => ({ batch, label: 'web', node, loss })),
    10_000,
  ).of('web', 0).windows

test('of two operators each is held against itself, of another even number the two in the middle are kept', () => {
  expect(
    said([
      ['b', 3],
      ['a', 7],
    ]),
  ).toMatchObject([{ medians: [7, 3] }])
  expect(
    said([
      ['b', 3],
      ['a', 7],
      ['c', 900],
      ['d', 0],
    ]),
  ).toMatchObject([{ medians: [3, 7] }])
})

const windowsOf = (batches: number, nodes: number) => lossesOf(honest(batches, nodes), batches).of('web', 0).windows.length

test('windows of few voices are merged until a median means something', () => {
  expect(windowsOf(8, 8)).toBe(1)
  expect(windowsOf(24, 24)).toBe(2)
  expect(windowsOf(240, 240)).toBe(8)
  expect(windowsOf(16, 2)).toBe(8)
})

test('a label that fewer than three operators were heard of says nothing where others trained too', () => {
  const hoarded = Array.from({ length: 80 }, (_, batch): Reported => ({ batch, label: 'mine', node: `h${batch % 2}`, loss: 12 - batch / 10 }))
  expect(lossesOf([...hoarded, ...honest(80, 3)], 80).of('mine', 0)).toMatchObject({ batches: 80, voices: 2, windows: [] })
  expect(lossesOf(hoarded, 80).of('mine', 0).windows).toHaveLength(8)
})

test('however much was settled, in whatever order it is read, the same is kept of it', () => {
  const random = seededRandom(5)
  const reported = Array.from({ length: 40_000 }, (_, batch): Reported => ({ batch, label: `l${batch % 3}`, node: `n${batch % 50}`, loss: 5 + random() }))
  const shuffled = reported.map((each) => ({ each, at: random() })).toSorted((a, b) => a.at - b.at)
  const [one, two] = [
    lossesOf(reported, 40_000),
    lossesOf(
      shuffled.map(({ each }) => each),
      40_000,
    ),
  ]
  for (const label of ['l0', 'l1', 'l2']) {
    expect(two.of(label, 7)).toEqual(one.of(label, 7))
    expect(one.of(label, 7).windows).toHaveLength(8)
    // A sample of the window tells its median as well as all of it.
    for (const { medians } of one.of(label, 7).windows) expect([medians[0] > 5.4, medians[1] < 5.6]).toEqual([true, true])
  }
})

test('labels and nodes are words of others: any text is one of its own', () => {
  const names = ['__proto__', 'constructor', 'toString', '', 'x'.repeat(140)]
  const losses = lossesOf(
    names.flatMap((name, n) => honest(16, 1, name).map((each) => ({ ...each, node: name, loss: n }))),
    16,
  )
  expect(losses.labels()).toEqual(names)
  for (const name of names) expect(losses.of(name, 0)).toMatchObject({ batches: 16, voices: 1 })
  expect(losses.of('absent', 0)).toEqual({ batches: 0, voices: 0, windows: [] })
})
