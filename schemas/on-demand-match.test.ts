import { expect, test } from 'vitest'
import { OnDemandWish, type OnDemandJob } from '#schemas/on-demand.ts'
import { OnDemandRow } from '#schemas/on-demand-rows.ts'
import { rowFault } from './on-demand-match.ts'

const times = { created_at: '2026-01-01T00:00:00Z', expire_at: '2026-01-01T00:02:00Z' }
const jobOf = (job: object, more: object = {}): OnDemandJob => ({
  ...OnDemandWish.parse({ job, limit: 10, ...more }),
  id: '00000000-0000-4000-8000-000000000000',
  ...times,
})
const rowOf = (content: string, more: object = {}) =>
  OnDemandRow.parse({
    uri: 'https://blog.example.org/a',
    datetime: '2026-01-01T00:00:00Z',
    source: 'WEB',
    label: 'tao',
    content,
    content_size_bytes: Buffer.byteLength(content),
    ...more,
  })
const web = (keywords: string[], more: object = {}) => jobOf({ platform: 'web', keywords }, more)
const post = (content: object, source: 'X' | 'REDDIT') => rowOf(JSON.stringify(content), { source, uri: 'https://x.com/a/status/1' })

test.each([
  ['a keyword in any case', web(['TAO', 'other']), rowOf('About Tao.'), undefined],
  ['one keyword of all', web(['tao', 'other'], { keyword_mode: 'all' }), rowOf('About Tao.'), 'keyword'],
  ['all of them', web(['tao', 'about'], { keyword_mode: 'all' }), rowOf('About Tao.'), undefined],
  ['its own label alone', web(['tao']), rowOf('Nothing of it.'), 'keyword'],
  ['its host', web(['example.org']), rowOf('x'), undefined],
  ['the end of another name', web(['ample.org']), rowOf('x'), 'keyword'],
  ['a top-level domain', web(['org']), rowOf('x'), 'keyword'],
  ['the page that was named, in another spelling', jobOf({ platform: 'web', url: 'http://www.blog.example.org/a/' }), rowOf('x'), undefined],
  ['another page', jobOf({ platform: 'web', url: 'https://blog.example.org/b' }), rowOf('x'), 'url'],
  ['no address', web(['x']), rowOf('x', { uri: 'javascript:x' }), 'content'],
  ['a date before', web(['x'], { start_date: '2026-01-01T00:00:00.001Z' }), rowOf('x'), 'date'],
  ['a date after', web(['x'], { end_date: '2025-12-31T23:59:59Z' }), rowOf('x'), 'date'],
  ['a date between', web(['x'], { start_date: '2026-01-01T00:00:00Z', end_date: '2026-01-01T00:00:00Z' }), rowOf('x'), undefined],
  ['another source', web(['x']), rowOf('x', { source: 2 }), 'source'],
  ['a source that is none', web(['x']), rowOf('x', { source: 'constructor' }), 'source'],
  ['a post of its user', jobOf({ platform: 'x', usernames: ['@Tao'] }), post({ username: '@tao', text: '' }, 'X'), undefined],
  ['a nested post', jobOf({ platform: 'x', usernames: ['tao'] }), post({ user: { username: 'TAO' }, text: '' }, 'X'), undefined],
  ['a post of another', jobOf({ platform: 'x', usernames: ['tao'] }), post({ username: 'toa' }, 'X'), 'username'],
  ['a post without its word', jobOf({ platform: 'x', keywords: ['tao'] }), post({ text: 'nothing', url: 'tao' }, 'X'), 'keyword'],
  ['a post that is no JSON', jobOf({ platform: 'x', keywords: ['tao'] }), rowOf('tao', { source: 'X' }), 'content'],
  ['a community as a keyword', jobOf({ platform: 'reddit', keywords: ['r/Bitcoin'] }), post({ communityName: 'r/bitcoin', body: 'x' }, 'REDDIT'), undefined],
  ['a word in its title', jobOf({ platform: 'reddit', keywords: ['tao'] }), post({ title: 'TAO', body: null }, 'REDDIT'), undefined],
  ['another community', jobOf({ platform: 'reddit', subreddit: 'r/tao' }), post({ communityName: 'r/bitcoin' }, 'REDDIT'), 'subreddit'],
])('%s', (_, job, row, fault) => expect(rowFault(job, row)).toBe(fault))

test.each([
  { content_size_bytes: 1 },
  { content: '' },
  { uri: '' },
  { datetime: 'now' },
  { label: 'x'.repeat(200) },
  { uri: 'a\0b' },
  { content: '\ud800', content_size_bytes: 3 },
])('%j is no row', (change) => {
  expect(
    OnDemandRow.safeParse({ uri: 'u', datetime: '2026-01-01T00:00:00', source: 8, label: { value: 'Tao' }, content: 'x', content_size_bytes: 1 }).data?.label,
  ).toBe('tao')
  expect(OnDemandRow.safeParse({ uri: 'u', datetime: '2026-01-01T00:00:00', source: 8, content: 'xx', content_size_bytes: 2, ...change }).success).toBe(false)
})
