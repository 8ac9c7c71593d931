import { describe, expect, test } from 'vitest'
import { parseTdmFile, strictestTdm } from './tdm.ts'

const base = 'https://h.example/.well-known/tdmrep.json'
const of = (rules: unknown, path: string) => parseTdmFile(JSON.stringify(rules), base).of(path)

describe('tdmrep.json', () => {
  const rules = [
    { location: '/directory-a/*.html', 'tdm-reservation': 0 },
    { location: '/directory-b/', 'tdm-reservation': 1, 'tdm-policy': '/policies/policy.json' },
    { location: '/exact$', 'tdm-reservation': 1 },
    { location: '*', 'tdm-reservation': 0 },
  ]
  test.each([
    ['/directory-a/x/y.html', false, undefined],
    ['/directory-b/x', true, 'https://h.example/policies/policy.json'],
    ['/exact', true, undefined],
    ['/exact/not', false, undefined],
  ])('%s', (path, reserved, policy) => expect(of(rules, path)).toEqual({ reserved, policy }))

  test('the first rule that matches decides', () => {
    const both = [
      { location: '/', 'tdm-reservation': 0 },
      { location: '/a', 'tdm-reservation': 1 },
    ]
    expect(of(both, '/a').reserved).toBe(false)
    expect(of(both.toReversed(), '/a').reserved).toBe(true)
  })
  test('nothing matches: nothing said', () => expect(of([{ location: '/a', 'tdm-reservation': 1 }], '/b').reserved).toBeNull())
  test('a rule that is none is passed over', () => {
    expect(of([null, {}, { location: '/', 'tdm-reservation': 2 }, { location: '/', 'tdm-reservation': 1 }], '/').reserved).toBe(true)
  })
  test.each(['', 'not json', '{}', '<html>', '"x"', '['])('%j says nothing', (text) => expect(parseTdmFile(text, base).of('/').reserved).toBeNull())
})

test('who reserves outweighs who does not, and whoever speaks who does not', () => {
  const [yes, no, none] = [true, false, null].map((reserved) => ({ reserved, policy: undefined }))
  expect(strictestTdm([no!, none!, yes!]).reserved).toBe(true)
  expect(strictestTdm([none!, no!]).reserved).toBe(false)
  expect(strictestTdm([]).reserved).toBeNull()
})
