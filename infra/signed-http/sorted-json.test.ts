import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parsePythonJson } from './python-json.ts'
import { sortedJson } from './sorted-json.ts'

const sorted = (text: string): string | undefined => {
  const [bytes] = sortedJson(Buffer.from(text))
  return bytes && Buffer.from(bytes).toString()
}

test.each([
  ['{}', '{}'],
  ['{"b": 1e-05, "a": 1.50}', '{"a": 1.50, "b": 1e-05}'],
  ['{"b": {"d": [], "c": [{"z": null, "y": true}, -0.0]}, "a": "x, y: {}"}', '{"a": "x, y: {}", "b": {"c": [{"y": true, "z": null}, -0.0], "d": []}}'],
  ['{"b":1,"a":[1,2]}', '{"a": [1, 2], "b": 1}'],
  [' { "b" : 1 , "a" : 2 } ', '{"a": 2, "b": 1}'],
  [String.raw`{"\u00e9": "\"\\", "z": "\\"}`, String.raw`{"z": "\\", "\u00e9": "\"\\"}`],
  // A loss that has diverged: Python writes what JSON does not have.
  ['{"b": NaN, "a": [-Infinity, "NaN", {"d": Infinity}]}', '{"a": [-Infinity, "NaN", {"d": Infinity}], "b": NaN}'],
  // A key outside the basic plane comes after one at its end: by code point, not by UTF-16.
  [String.raw`{"\ud83d\ude00": 1, "\uffff": 2}`, String.raw`{"\uffff": 2, "\ud83d\ude00": 1}`],
  ['{"__proto__": 1, "a": 2}', '{"__proto__": 1, "a": 2}'],
])('%s is written as Python sorts it', (text, expected) => expect(sorted(text)).toBe(expected))

test.each(['', '{', '{"a": 1, "a": 2}', 'nonsense', '{"a": 1}}', '[1,]', '['.repeat(33) + ']'.repeat(33), `"${'x'.repeat(65_536)}"`])(
  'nothing comes of %.20s',
  (text) => expect(sorted(text)).toBeUndefined(),
)

test('keys that may have been numbers are sorted as such too', () => {
  const both = sortedJson(Buffer.from('{"b": {"10": 1, "9": [{"-1": 1, "-2": 2}]}, "1": 0, "a": 1}')).map((bytes) => Buffer.from(bytes).toString())
  expect(both).toEqual(['{"1": 0, "a": 1, "b": {"10": 1, "9": [{"-1": 1, "-2": 2}]}}', '{"1": 0, "a": 1, "b": {"9": [{"-2": 2, "-1": 1}], "10": 1}}'])
})

test('whatever the JSON says, it says it still', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = sorted(JSON.stringify(value))
      expect(JSON.parse(text ?? '')).toEqual(JSON.parse(JSON.stringify(value)))
      expect(sorted(text ?? '')).toBe(text)
    }),
  )
})

test('a number that is none is null, and a text about it stays', () => {
  expect(parsePythonJson('{"a": NaN, "b": [Infinity, -Infinity], "NaN": "x \\" NaN", "c": 1}')).toEqual({ a: null, b: [null, null], NaN: 'x " NaN', c: 1 })
  for (const broken of ['NaNs', '{"a": NaN', '"NaN', `NaN"${String.raw`\"`.repeat(30_000)}`]) expect(() => parsePythonJson(broken)).toThrow(SyntaxError)
})
