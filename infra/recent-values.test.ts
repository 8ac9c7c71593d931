import fc from 'fast-check'
import { expect, test } from 'vitest'
import { recentValues, textBytes } from './recent-values.ts'

/** What an entry of a one-letter key takes beside its value. */
const bare = recentValues<string, number>({ bytesMax: 1000 })
bare.keep('a', 1)
const entry = bare.bytes

test('what is longest out of use goes first, and what is too large is not kept', () => {
  const recent = recentValues<string, { id: number; bytes: number }>({ bytesMax: 3 * entry + 10, bytesOf: ({ bytes }) => bytes })
  const ids = (...keys: string[]) => keys.map((key) => recent.get(key)?.id)
  for (const key of ['a', 'b', 'c']) recent.keep(key, { id: 1, bytes: 3 })
  expect(ids('a')).toEqual([1])
  recent.keep('d', { id: 2, bytes: 4 })
  expect(ids('a', 'b', 'c', 'd')).toEqual([1, undefined, 1, 2])
  recent.keep('d', { id: 3, bytes: 2 * entry + 11 })
  expect(ids('d')).toEqual([undefined])
  recent.keep('a', { id: 4, bytes: entry + 7 })
  expect(ids('a', 'c')).toEqual([4, 1])
})

test('whatever is kept and dropped, what is held is counted and never more than there is room for', () => {
  const step = fc.record({ key: fc.string({ maxLength: 300 }), bytes: fc.nat(3000), drops: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const recent = recentValues<string, number>({ bytesMax: 2000, bytesOf: (bytes) => bytes })
      for (const { key, bytes, drops } of steps) {
        if (drops) recent.drop(key)
        else recent.keep(key, bytes)
        expect(recent.bytes).toBeLessThanOrEqual(2000)
      }
      const left = steps.flatMap(({ key }) => recent.get(key) ?? [])
      for (const { key } of steps) recent.drop(key)
      expect(recent.bytes).toBe(0)
      expect(left.length).toBeLessThanOrEqual(steps.length)
    }),
  )
})

test('a long key counts as much as a long value', () => {
  const recent = recentValues<string, true>({ bytesMax: 1 << 20 })
  for (let i = 0; i < 1000; i++) recent.keep(`${'x'.repeat(8192)}${i}`, true)
  expect(recent.bytes).toBeLessThanOrEqual(1 << 20)
  expect(recent.bytes).toBeGreaterThan((1 << 20) - 2 * textBytes('x'.repeat(10_000)))
})

test('a value is good for its time, and not for longer when the clock is put back', () => {
  let now = 1_000_000
  const recent = recentValues<string, number>({ bytesMax: 10_000, now: () => now })
  recent.keep('short', 1, 10)
  recent.keep('long', 2, 1000)
  recent.keep('always', 3)
  now += 9
  expect(recent.get('short')).toBe(1)
  now += 1
  expect(['short', 'long', 'always'].map((key) => recent.get(key))).toEqual([undefined, 2, 3])
  now -= 500_000
  expect(['long', 'always'].map((key) => recent.get(key))).toEqual([undefined, 3])
})

test('making room costs the same in a large cache as in a small one', () => {
  cpuOf(160_000)
  // A look over what was let go would make it 90 times as much; what is far apart in memory makes it five.
  expect(cpuOf(16_000_000)).toBeLessThan(20 * Math.min(cpuOf(160_000), cpuOf(160_000)))
})

/** Of 200,000 values that find it full. */
function cpuOf(bytesMax: number): number {
  const recent = recentValues<number, true>({ bytesMax })
  const entries = bytesMax / 160
  for (let i = 0; i < 2 * entries; i++) recent.keep(i, true)
  const before = process.cpuUsage()
  for (let i = 0; i < 200_000; i++) recent.keep(2 * entries + i, true)
  const { user, system } = process.cpuUsage(before)
  return user + system
}
