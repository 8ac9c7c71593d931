import { expect, test } from 'vitest'
import { minhash } from '#schemas/identity/minhash.ts'
import { isSameSketch, textSketch } from './text-sketch.ts'

const words = (from: number, count: number): string => Array.from({ length: count }, (_, n) => `word${(from + n) * 7919}`).join(' ')
const sketchOf = (text: string): string => textSketch(minhash(text))

test('a text is the same when only its date was changed', () => {
  const text = words(0, 400)
  expect(isSameSketch(sketchOf(`Updated on 3 May. ${text}`), sketchOf(`Updated on 12 June. ${text}`))).toBe(true)
})

test('a text is another when a part of it is', () => {
  expect(isSameSketch(sketchOf(words(0, 400)), sketchOf(words(0, 250) + words(1000, 150)))).toBe(false)
  expect(isSameSketch(sketchOf(words(0, 400)), sketchOf(words(5000, 400)))).toBe(false)
})

test('a sketch is 19 characters, and what is none is like nothing', () => {
  expect(sketchOf('a short text')).toMatch(/^[\w-]{19}$/)
  expect(isSameSketch('', '')).toBe(false)
})
