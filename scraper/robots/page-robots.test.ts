import type { HeaderLines } from '#infra/net/header-lines.ts'
import { describe, expect, test } from 'vitest'
import { readPageRobots } from './page-robots.ts'

const read = (headers: HeaderLines, robots: string[] = [], tdm: { tdmReservation?: string; tdmPolicy?: string } = {}) =>
  readPageRobots(headers, { robots, ...tdm }, 'http://h.example/dir/page')
const tagged = (value: string) => read({ 'x-robots-tag': value })

describe('directives', () => {
  test('of header and markup are one list', () => {
    expect(read({ 'x-robots-tag': 'NoArchive' }, ['noindex, follow'])).toEqual({
      directives: ['follow', 'noarchive', 'noindex'],
      index: false,
      follow: true,
      ai: true,
      unavailableAt: undefined,
      tdm: { reserved: null, policy: undefined },
      training: undefined,
    })
  })
  test('none is noindex and nofollow', () => expect(read({}, ['none'])).toMatchObject({ index: false, follow: false }))
  test('noai speaks of learning, noimageai of images only', () => {
    expect(tagged('noai, noimageai').ai).toBe(false)
    expect(tagged('noimageai')).toMatchObject({ ai: true, directives: ['noimageai'] })
  })
  test('what nobody knows is left out, and their number is bounded', () => {
    expect(tagged('foo, noai, bar: baz').directives).toEqual(['noai'])
    const cut = `${' '.repeat(4074)}unavailable_after: 1 `
    expect(tagged(`${cut}😀`).directives.join('')).toMatch(/^unavailable_after:1 \ufffd$/)
    expect(tagged(Array.from({ length: 500 }, (_, i) => `max-snippet:${i}`).join(',')).directives.length).toBeLessThanOrEqual(50)
  })
})

describe('directives are told apart by whatever stands between', () => {
  test.each([
    ['noindex, nofollow'],
    ['noindex nofollow'],
    ['noindex; nofollow'],
    ['NOINDEX;NOFOLLOW'],
    ['noindex\tnofollow'],
    ['noindex\u00a0nofollow'],
    ['"noindex", "nofollow"'],
    ["'noindex nofollow'"],
    ['noindex|nofollow'],
    ['noindex/nofollow'],
    ['noindex-nofollow'],
    ['noindexnofollow'],
    ['nofollownoindex'],
    ['[noindex] [nofollow]'],
    ['noindex\u3001nofollow'],
    ['\u201cnoindex\u201d, nofollow\u200b'],
    ['no-index, no-follow'],
    ['no index no follow'],
    ['no_index,no_follow'],
    [',noindex,,nofollow,'],
    ['robots: noindex nofollow'],
    ['*: noindex, nofollow'],
  ])('%j', (content) => {
    expect(read({}, [content]).directives).toEqual(['nofollow', 'noindex'])
    expect(tagged(content).directives).toEqual(['nofollow', 'noindex'])
  })
  test.each([
    ['noai noimageai', ['noai', 'noimageai']],
    ['noai; noimageai; max-snippet: 20 noml', ['max-snippet:20', 'noai', 'noimageai', 'noml']],
    ['nonexistent, noindexing, reindex, noairport', []],
    ['max-image-preview : large;noai', ['max-image-preview:large', 'noai']],
    ['unavailable_after: 2026-06-25 noai', ['noai', 'unavailable_after:2026-06-25']],
    [`unavailable_after: ${'x'.repeat(99)}, noai`, ['noai']],
  ])('%j is %j', (content, directives) => expect(read({}, [content]).directives).toEqual(directives))
  test('none of them is lost among many', () => {
    expect(tagged(`${Array.from({ length: 200 }, (_, i) => `max-snippet:${i}`).join(',')},noindex`).index).toBe(false)
  })
})

describe('a name in X-Robots-Tag', () => {
  test.each([
    ['otherbot: noindex, noarchive', []],
    ['Otherbot/2.1 : noindex', []],
    ['noindexfollow', ['follow', 'noindex']],
    ['index, noindex', ['index', 'noindex']],
    ['nofollow, otherbot: noindex, noarchive, orrery: nosnippet', ['nofollow', 'nosnippet']],
    ['Orrery: noindex', ['noindex']],
    ['otherbot: noindex\nnofollow', ['nofollow']],
    ['max-snippet: 20, noai', ['max-snippet:20', 'noai']],
    ['otherbot: noindex; nofollow', []],
    ['otherbot: noindex orrery: noai', ['noai']],
    ['noindex: yes, nofollow', ['nofollow', 'noindex']],
  ])('%j leaves us %j', (value, directives) => expect(tagged(value).directives).toEqual(directives))
})

describe('unavailable_after', () => {
  test.each([
    ['unavailable_after: 25 Jun 2026 15:00:00 PST', '2026-06-25T23:00:00Z'],
    ['Unavailable-After: Thursday, 25-Jun-26 15:00:00 EST', '2026-06-25T20:00:00Z'],
    ['noarchive, unavailable_after: Thu, 25 Jun 2026 15:00:00 GMT, noai', '2026-06-25T15:00:00Z'],
    ['unavailable_after: 2026-06-25T15:00:00+02:00', '2026-06-25T13:00:00Z'],
    ['unavailable_after:2026-06-25, unavailable_after: 2025-01-01', '2025-01-01T00:00:00Z'],
  ])('%s', (value, iso) => expect(tagged(value).unavailableAt).toBe(Date.parse(iso)))
  test('a date that is none says nothing', () => expect(tagged('unavailable_after: someday').unavailableAt).toBeUndefined())
  test('the comma of its date splits nothing', () => expect(tagged('unavailable_after: Thu, 25 Jun 2026 15:00:00 GMT, noai').ai).toBe(false))
})

describe('a TDM declaration', () => {
  test.each([
    [{ 'tdm-reservation': '1' }, {}, true],
    [{ 'tdm-reservation': '0' }, {}, false],
    [{ 'tdm-reservation': 'yes' }, {}, null],
    [{ 'tdm-reservation': '0, 1' }, {}, true],
    [{ 'tdm-reservation': ['0', '1'] }, {}, true],
    [{}, { tdmReservation: '1' }, true],
    [{ 'tdm-reservation': '0' }, { tdmReservation: '1' }, true],
    [{ 'tdm-reservation': '1' }, { tdmReservation: '0' }, true],
  ])('header %j, markup %j: %s', (headers, markup, reserved) => expect(read(headers as HeaderLines, [], markup).tdm.reserved).toBe(reserved))
  test('may name a policy', () => {
    expect(read({ 'tdm-reservation': '1', 'tdm-policy': '../policy.json' }).tdm.policy).toBe('http://h.example/policy.json')
    expect(read({ 'tdm-reservation': '1', 'tdm-policy': 'javascript:x' }).tdm.policy).toBeUndefined()
  })
})
