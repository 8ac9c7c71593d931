import { expect, test } from 'vitest'
import { isRangeWanted, precondition } from './preconditions.ts'

test.each([
  ['"a"', 'not_modified'],
  ['W/"a"', 'not_modified'],
  ['"b", W/"a"', 'not_modified'],
  ['"b" , "a,c" ,, "a"', 'not_modified'],
  ['*', 'not_modified'],
  ['"b"', 'send'],
  ['"a,b"', 'send'],
  ['a', 'send'],
  ['', 'send'],
  ['w/"a"', 'send'],
])('If-None-Match: %s is %s for "a"', (header, outcome) => {
  expect(precondition({ 'if-none-match': header }, '"a"')).toBe(outcome)
  expect(precondition({ 'if-none-match': header }, 'W/"a"')).toBe(outcome)
})

test('If-Match compares strongly, and comes first', () => {
  expect(precondition({ 'if-match': '"a"' }, '"a"')).toBe('send')
  expect(precondition({ 'if-match': '*' }, '"a"')).toBe('send')
  expect(precondition({ 'if-match': 'W/"a"' }, 'W/"a"')).toBe('failed')
  expect(precondition({ 'if-match': '"b"', 'if-none-match': '"a"' }, '"a"')).toBe('failed')
})

test('a range is for the representation that If-Range names, strongly', () => {
  expect(isRangeWanted({}, '"a"')).toBe(true)
  expect(isRangeWanted({ 'if-range': '"a"' }, '"a"')).toBe(true)
  for (const other of ['W/"a"', '"b"', 'Sat, 29 Oct 1994 19:43:31 GMT']) expect(isRangeWanted({ 'if-range': other }, '"a"')).toBe(false)
  expect(isRangeWanted({ 'if-range': 'W/"a"' }, 'W/"a"')).toBe(false)
})

test('a hostile list is read in linear time', () => {
  for (const text of ['"a" '.repeat(4000), ', '.repeat(8000), `"${'x'.repeat(16_000)}`, ' '.repeat(16_000)])
    expect(precondition({ 'if-none-match': text }, '"b"')).toBe('send')
})
