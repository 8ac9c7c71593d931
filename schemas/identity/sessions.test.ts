import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalUrl, linkedUrl, pageUrl } from './canonical-url.ts'
import { isDrawn, withoutSession } from './sessions.ts'

const drawn = '8f14e45fceea167a5a36dedd4bea2543'

test.each([
  [`/list?page=2&sid=${drawn}`, '/list?page=2'],
  [`/list?sid=${drawn}`, '/list'],
  [`/(S(lit3py55t21z5v55vlm25s55))/orders.aspx?id=4`, '/orders.aspx?id=4'],
  [`/(S(lit3py55t21z5v55vlm25s55))`, '/'],
  [`/(X(1)S(lit3py55t21z5v55vlm25s55))/a`, '/a'],
  [`/(A(abcdefghijklmnop1)S(lit3py55t21z5v55vlm25s55))/a`, '/a'],
  ['/list;sid=8f14?page=2', '/list?page=2'],
  ['/list;sid=8f14;v=2;sid=8f15', '/list;v=2'],
  [`/sess-${drawn}/a/b`, '/a/b'],
  [`/sid=${drawn};sid=1`, '/'],
  ['/a?csrf_token=8f14e45fceea&id=4', '/a?id=4'],
  ['/a?rand=0.8172635444&id=4&_=1700000000000', '/a?id=4'],
])('%s is the page %s, and asked for as it was linked', (path, without) => {
  expect(linkedUrl(`http://h.example${path}`)).toEqual({ url: `http://h.example${without}`, asked: `http://h.example${path}` })
})

test.each([
  '/',
  '/list?page=2',
  '/conference?session=autumn-conference-2026',
  `/files/${drawn}`,
  `/commit?id=${drawn}`,
  '/assets/(small)/a',
  '/s-2024-annual-report/sessions.html',
  '/a?cb=2&token=spring',
])('%s is known by all of its address', (path) => expect(pageUrl(`http://h.example${path}`)).toBe(`http://h.example${path}`))

test('what a page is known by is canonical, without any session, and known by itself', () => {
  const part = fc.constantFrom('sid=', 's=', 'nonce=', ';sid=', '/(S(', '))', drawn, '/', '?', '&', 'a=1', '..', '.', '%2F', 'x', '/sid=', '/s-')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
      const page = pageUrl(`http://h.example/${parts.join('')}`)
      if (page === undefined) return
      expect([pageUrl(page), canonicalUrl(page)]).toEqual([page, page])
      const { pathname, search } = new URL(page)
      expect([search.slice(1).split('&').some(isDrawn), withoutSession(pathname)]).toEqual([false, pathname])
    }),
    { numRuns: 2000 },
  )
})
