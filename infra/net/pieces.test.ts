import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pieces } from './pieces.ts'

test('what is joined is what came, however it was cut', () => {
  const piece = fc.tuple(fc.uint8Array({ maxLength: 50 }), fc.constantFrom(1, 1000), fc.boolean())
  fc.assert(
    fc.property(fc.array(piece), (list) => {
      const pieces = new Pieces()
      const given = list.map(([bytes, times, isView]) => {
        const whole = Buffer.concat(Array.from({ length: times }, () => bytes))
        return isView ? Buffer.concat([whole, Buffer.alloc(whole.length * 3)]).subarray(0, whole.length) : whole
      })
      for (const bytes of given) pieces.add(bytes)
      const expected = Buffer.concat(given)
      expect(pieces.length).toBe(expected.length)
      expect(pieces.join().equals(expected)).toBe(true)
      expect(pieces.join()).toHaveLength(0)
    }),
  )
})

test('a million pieces of one byte take about as much as a megabyte, and so does what is cut out of larger buffers', () => {
  const before = process.memoryUsage()
  const pieces = new Pieces()
  const buffers = Array.from({ length: 4 }, () => Buffer.alloc(1 << 20, 'x'))
  for (let i = 0; i < 1_000_000; i++) pieces.add(buffers[i % 4]!.subarray(i, i + 1))
  expect(process.memoryUsage().arrayBuffers - before.arrayBuffers).toBeLessThan(8 << 20)
  expect(pieces.join()).toHaveLength(1_000_000)
})

test('what comes in one piece is not copied', () => {
  const pieces = new Pieces()
  const whole = Buffer.alloc(50_000)
  pieces.add(whole)
  expect(pieces.join()).toBe(whole)
})
