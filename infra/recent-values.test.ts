import { expect, test } from 'vitest'
import { recentValues } from './recent-values.ts'

test('what is longest out of use goes first, and what is too large is not kept', () => {
  const recent = recentValues<string, number>(10)
  for (const key of ['a', 'b', 'c']) recent.keep(key, 1, 3)
  expect(recent.get('a')).toBe(1)
  recent.keep('d', 2, 4)
  expect(['a', 'b', 'c', 'd'].map((key) => recent.get(key))).toEqual([1, undefined, 1, 2])
  recent.keep('d', 3, 11)
  expect(recent.get('d')).toBeUndefined()
  recent.keep('a', 4, 7)
  expect(['a', 'c'].map((key) => recent.get(key))).toEqual([4, 1])
})
