import { expect, test } from 'vitest'
import { seededRandom } from '#test/seeded-random.ts'
import { IdOrder } from './id-order.ts'

test('rows come by their ids, none of them twice, until it is enough', async () => {
  const random = seededRandom(2)
  const ids = Float64Array.from({ length: 3000 }, () => Math.floor(random() * 2 ** 52))
  ids[7] = 0
  ids[8] = 2 ** 52 - 1
  const order = new IdOrder()
  await order.take(ids, 2900)
  await order.take(ids, 3000)
  expect(order.end).toBe(2900)
  const expected = [...ids.keys()].slice(1, 2900).toSorted((a, b) => (ids[a] as number) - (ids[b] as number))
  for (const from of [0, 1, 40, 2000, 2898]) {
    const least = ids[expected[from] as number] as number
    const last = ids[expected[Math.min(2898, from + 20)] as number] as number
    const rows: number[] = []
    order.walk(
      least,
      (row) => rows.push(row),
      (id) => id > last,
    )
    expect(new Set(rows).size).toBe(rows.length)
    const wanted = rows.filter((row) => (ids[row] as number) >= least && (ids[row] as number) <= last)
    expect(wanted.toSorted((a, b) => (ids[a] as number) - (ids[b] as number))).toEqual(expected.slice(from, from + 21))
    expect(rows.length).toBeLessThan(40)
  }
})
