import { expect, test } from 'vitest'
import { stackOf } from './stack-of.ts'

test.each([
  [new Error('planted'), /^Error: planted\n {4}at /],
  ['text', /^'text'$/],
  [undefined, /^undefined$/],
  [Object.create(null), /^\[Object: null prototype\] \{\}$/],
  [Object.assign(new Error('bare'), { stack: undefined }), /bare/],
])('says what was thrown: %o', (thrown, text) => expect(stackOf(thrown)).toMatch(text))

test('is bounded, and leaves no half of a character', () => {
  const text = stackOf(new Error('😀'.repeat(10_000)))
  expect(text.length).toBe(4000)
  expect(text.isWellFormed()).toBe(true)
})
