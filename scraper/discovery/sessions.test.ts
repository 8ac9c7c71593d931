import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalUrl } from '#schemas/identity/canonical-url.ts'
import { withoutSession } from './sessions.ts'

const drawn = '8f14e45fceea167a5a36dedd4bea2543'

test.each([
  [`/list?page=2&sid=${drawn}`, '/list?page=2'],
  [`/list?sid=${drawn}`, '/list'],
  [`/(S(lit3py55t21z5v55vlm25s55))/orders.aspx?id=4`, '/orders.aspx?id=4'],
  [`/(S(lit3py55t21z5v55vlm25s55))`, '/'],
  ['/list;sid=8f14?page=2', '/list?page=2'],
  [`/sess-${drawn}/a/b`, '/a/b'],
  ['/a?csrf_token=8f14e45fceea&id=4', '/a?id=4'],
  ['/a?rand=0.8172635444&id=4', '/a?id=4'],
])('%s is %s', (path, without) => expect(withoutSession(`http://h.example${path}`)).toBe(`http://h.example${without}`))

test.each(['/', '/list?page=2', '/conference?session=autumn-conference-2026', `/files/${drawn}`, `/commit?id=${drawn}`, '/assets/(small)/a'])(
  '%s has none',
  (path) => expect(withoutSession(`http://h.example${path}`)).toBeUndefined(),
)

test('what is left is a canonical URL without any session', () => {
  const part = fc.constantFrom('sid=', 's=', 'nonce=', ';sid=', '/(S(', '))', drawn, '/', '?', '&', 'a=1', '..', '%2F', 'x')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const url = canonicalUrl(`http://h.example/${parts.join('')}`)
      const left = url === undefined ? undefined : withoutSession(url)
      if (left === undefined) return
      expect(canonicalUrl(left)).toBe(left)
      expect(new URL(left).origin).toBe('http://h.example')
      expect(left.length).toBeLessThan(url?.length ?? 0)
    }),
  )
})
