import fc from 'fast-check'
import { expect, test } from 'vitest'
import { manualClock } from '#test/manual-clock.ts'
import { scriptCache } from './scripts.ts'

const answer = (over: { status?: number; headers?: Record<string, string>; bytes?: number } = {}) => ({
  status: over.status ?? 200,
  headers: over.headers ?? {},
  body: new Uint8Array(over.bytes ?? 10),
})

test('a script is kept for an hour', () => {
  const clock = manualClock()
  const scripts = scriptCache(clock)
  const script = answer()
  scripts.keep('http://h.example/app.js', script)
  clock.advance(3_599_999)
  expect(scripts.of('http://h.example/app.js')).toBe(script)
  clock.advance(1)
  expect(scripts.of('http://h.example/app.js')).toBeUndefined()
})

test.each([
  [true, { status: 404 }],
  [true, { headers: { 'access-control-allow-origin': '*' } }],
  [false, { headers: { 'access-control-allow-origin': 'http://a.example' } }],
  [false, { status: 429 }],
  [false, { status: 503 }],
  [false, { status: 302 }],
  [false, { bytes: 5 << 20 }],
])('kept: %s for %j', (isKept, over) => {
  const scripts = scriptCache(manualClock())
  scripts.keep('http://h.example/', answer(over))
  expect(scripts.of('http://h.example/') !== undefined).toBe(isKept)
})

test('what is held stays within its bound, and what was used last stays', () => {
  const bytesMax = 8000
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat(5000)), { minLength: 1, maxLength: 50 }), (given) => {
      const scripts = scriptCache(manualClock(), bytesMax)
      for (const [i, bytes] of given) scripts.keep(`http://h.example/${i}`, answer({ bytes }))
      const held = Array.from({ length: 10 }, (_, i) => scripts.of(`http://h.example/${i}`)?.body.length ?? 0).reduce((a, b) => a + b, 0)
      expect(held).toBeLessThanOrEqual(bytesMax)
      const [last, bytes] = given.at(-1) ?? []
      expect(scripts.of(`http://h.example/${last}`)?.body.length).toBe(bytes)
    }),
  )
})
