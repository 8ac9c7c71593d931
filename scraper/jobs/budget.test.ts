import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitBudget, splitWithin } from './budget.ts'

test('splits by weight, the rest by largest remainder, ties by name', () => {
  expect(
    splitBudget(
      10,
      new Map([
        ['b', 1],
        ['a', 1],
        ['c', 1],
      ]),
    ),
  ).toEqual(
    new Map([
      ['b', 3],
      ['a', 4],
      ['c', 3],
    ]),
  )
  expect(
    splitBudget(
      240,
      new Map([
        ['a', 5],
        ['b', 1],
      ]),
    ),
  ).toEqual(
    new Map([
      ['a', 200],
      ['b', 40],
    ]),
  )
  expect(splitBudget(5, new Map())).toEqual(new Map())
})

test('the parts add up, none is further than one from its exact share, and the order of the labels does not matter', () => {
  const weights = fc.uniqueArray(fc.tuple(fc.string(), fc.double({ min: 0.001, max: 5, noNaN: true })), {
    minLength: 1,
    maxLength: 50,
    selector: ([label]) => label,
  })
  fc.assert(
    fc.property(weights, fc.nat(100_000), (pairs, total) => {
      const parts = splitBudget(total, new Map(pairs))
      const sum = pairs.reduce((all, [, weight]) => all + weight, 0)
      expect(parts.values().reduce((a, b) => a + b, 0)).toBe(total)
      for (const [label, weight] of pairs) expect(Math.abs((parts.get(label) ?? NaN) - (total * weight) / sum)).toBeLessThanOrEqual(1)
      expect(new Map([...splitBudget(total, new Map(pairs.toReversed()))].toSorted())).toEqual(new Map([...parts].toSorted()))
    }),
  )
})

test('what a full label cannot use goes to those with room', () => {
  const weights = new Map([
    ['a', 1],
    ['b', 1],
    ['c', 2],
  ])
  const within = (total: number, room: Record<string, number>) => Object.fromEntries(splitWithin(total, weights, (label) => room[label] ?? Infinity))
  expect(within(40, {})).toEqual({ a: 10, b: 10, c: 20 })
  expect(within(40, { a: 4 })).toEqual({ a: 4, b: 12, c: 24 })
  expect(within(40, { a: 4, c: 10 })).toEqual({ a: 4, b: 26, c: 10 })
  expect(within(40, { a: 1, b: 2, c: 3 })).toEqual({ a: 1, b: 2, c: 3 })
})

test('no label gets more than it has room for, and nothing is lost while there is room', () => {
  const labels = fc.uniqueArray(fc.tuple(fc.string(), fc.double({ min: 0.001, max: 5, noNaN: true }), fc.nat(1000)), {
    minLength: 1,
    maxLength: 20,
    selector: ([label]) => label,
  })
  fc.assert(
    fc.property(labels, fc.nat(10_000), (all, total) => {
      const room = new Map(all.map(([label, , most]) => [label, most]))
      const parts = splitWithin(total, new Map(all.map(([label, weight]) => [label, weight])), (label) => room.get(label) ?? 0)
      for (const [label, part] of parts) expect(part).toBeLessThanOrEqual(room.get(label) ?? 0)
      expect(parts.values().reduce((a, b) => a + b, 0)).toBe(
        Math.min(
          total,
          room.values().reduce((a, b) => a + b, 0),
        ),
      )
    }),
  )
})
