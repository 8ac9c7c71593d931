import { expect, test } from 'vitest'
import { places } from './places.ts'

test('nobody has more places than are left for all others, and what is given back is there again', () => {
  const { take } = places('streams')
  const takeAll = (owner: string): (() => void)[] => {
    const held: (() => void)[] = []
    try {
      for (;;) held.push(take(owner, 16))
    } catch {
      return held
    }
  }
  const [a, b, c] = [takeAll('a'), takeAll('b'), takeAll('constructor')]
  expect([a.length, b.length, c.length]).toEqual([8, 4, 2])
  expect(() => take('a', 16)).toThrow(expect.objectContaining({ code: 'rate_limited' }))
  for (const giveBack of [...a, ...a]) giveBack()
  expect(takeAll('d').length).toBe(5)
})
