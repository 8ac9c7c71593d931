import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, contentAddress, sha256Hex } from './canonical-json.ts'

describe('canonicalJson', () => {
  test('sorts members by UTF-16 code unit, without white space (the example of RFC 8785 §3.2.3)', () => {
    const value = { '\u20ac': 'Euro', '\r': 'CR', '\ufb33': 'Dalet', '1': 'One', '\u{1f600}': 'Smiley', '\u0080': 'Control', '\u00f6': 'O' }
    const keys = [...canonicalJson(value).matchAll(/"([^"]+)":/g)].map(([, key]) => JSON.parse(`"${key}"`) as string)
    expect(keys).toEqual(['\r', '1', '\u0080', '\u00f6', '\u20ac', '\u{1f600}', '\ufb33'])
  })

  test('writes numbers as ECMAScript does', () => {
    expect(canonicalJson([1e30, 4.5, 2e-3, 1e-27, -0, 1 / 3])).toBe('[1e+30,4.5,0.002,1e-27,0,0.3333333333333333]')
  })

  test('leaves undefined members out', () => {
    expect(canonicalJson({ b: undefined, a: null })).toBe('{"a":null}')
  })

  test.each([
    ['undefined', undefined],
    ['NaN', [Number.NaN]],
    ['Infinity', { a: Number.POSITIVE_INFINITY }],
    ['bigint', 1n],
    ['function', () => 1],
    ['symbol', Symbol('s')],
    ['Date', { at: new Date(0) }],
    ['Uint8Array', Uint8Array.of(1)],
    ['Map', new Map()],
    // oxlint-disable-next-line no-sparse-arrays
    ['undefined', [1, , 2]],
  ])('refuses %s, which JSON has not', (name, value) => {
    expect(() => canonicalJson(value)).toThrow(new TypeError(`JSON has no ${name}`))
  })

  test('says the same as JSON, once, whatever the order of members', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonicalJson(JSON.parse(text))).toBe(text)
        expect(canonicalJson(reversed(value))).toBe(text)
      }),
    )
  })
})

test('a content address is the sha256 of the canonical text', () => {
  expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(sha256Hex(new TextEncoder().encode('abc'))).toBe(sha256Hex('abc'))
  expect(contentAddress({ b: 1, a: 2 })).toBe(sha256Hex('{"a":2,"b":1}'))
})

/** The same value, its members written down the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, member]) => [key, reversed(member)] as const)
  return Object.fromEntries(entries.toReversed())
}
