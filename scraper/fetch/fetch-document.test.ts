import { describe, expect, test } from 'vitest'
import { frozenClock } from '#infra/clock.ts'
import { createHttp } from '#infra/net/http.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { Document } from '#schemas/document.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { story } from '#test/site/story.ts'
import { createRobots } from '../robots/robots.ts'
import { fetchDocument } from './fetch-document.ts'
import { sharedPages as pool } from '../document/page-pool.fixture.ts'
import type { PagePool } from '../document/page-pool.ts'
import { pageReader } from '../document/read-page.ts'

const clock = frozenClock(Date.UTC(2026, 0, 15))
const prose = story(1)
const page = `<html lang="en"><title>A garden</title><meta property="article:published_time" content="2026-01-02"><main><p>${prose}</p></main></html>`
const send =
  (body: string, headers: Record<string, string> = {}, status = 200): Page =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body)

/** @param timeoutMs of the page; short only where nothing answers: a busy machine may take long for what does */
async function fetchFrom(pages: Record<string, Page>, path = '/page', from: Pick<PagePool, 'read' | 'find'> = pool, timeoutMs = 60_000) {
  await using site = await openSite({ 'h.localhost': pages })
  const settings = { userAgent: 'Orrery/0', bytesMax: 100_000, hosts: site.hosts }
  await using patient = createHttp({ ...settings, timeoutMs: 60_000 })
  await using http = createHttp({ ...settings, timeoutMs })
  const readPage = pageReader({ pages: from, facts: clock, wishes: { obeyRights: false, keepsMarkdown: false } })
  const services = { http, robots: createRobots(patient, clock), pace: clock, pages: from, readPage }
  return await fetchDocument(`http://h.localhost${path}`, services, new AbortController().signal)
}

test('a page becomes what a miner would keep: a whole document but for whose it is', async () => {
  const headers = { etag: '"1"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT', 'x-robots-tag': 'noarchive', 'tdm-reservation': '1' }
  const fetched = await fetchFrom({ '/robots.txt': 'User-agent: *\nDisallow: /private', '/page': send(page, headers) })
  if (!fetched.ok) throw new Error(fetched.reason)
  const { document } = fetched
  expect(() => Document.parse({ ...document, label: 'garden', job_id: 'garden', hotkey: 'x', version: 1 })).not.toThrow()
  expect(document).toMatchObject({
    uri: 'http://h.localhost/page',
    title: 'A garden',
    lang: 'en',
    datetime: new Date('2026-01-02'),
    published_by: 'meta',
    fetched_at: new Date(clock.now()),
    etag: '"1"',
    rights: { robots: 'allowed', meta_robots: ['noarchive'], tdm_reservation: true, licence: null, licence_scope: null },
  })
})

const toOthersToo: Page = (response) =>
  void response.writeHead(200, { 'content-type': 'text/html', 'x-robots-tag': ['otherbot: noindex', 'noarchive'] }).end(page)

test('a line of X-Robots-Tag that speaks to another crawler says nothing of the next line', async () => {
  expect(await fetchFrom({ '/page': toOthersToo })).toMatchObject({ ok: true, document: { rights: { meta_robots: ['noarchive'] } } })
})

test('a host that cannot be asked is not the fault of the page', async () => {
  await using http = createHttp({ userAgent: 'Orrery/0', timeoutMs: 200, bytesMax: 100_000 })
  const readPage = pageReader({ pages: pool, facts: clock, wishes: { obeyRights: false, keepsMarkdown: false } })
  const services = { http, robots: createRobots(http, clock), pace: clock, readPage }
  const found = await fetchDocument('http://10.0.0.1/page', services, new AbortController().signal)
  expect(found).toEqual({ ok: false, reason: 'private_address', fault: 'ours' })
})

describe('a page that cannot be had is the fault of', () => {
  test.each<[string, string, Record<string, Page>]>([
    ['page', 'http_404', {}],
    ['page', 'moved', { '/page': send('', { location: '/x' }, 301) }],
    ['page', 'noindex', { '/page': send(page, { 'x-robots-tag': 'noindex' }) }],
    ['page', 'gopher_too_short', { '/page': send('<p>short') }],
    ['page', 'no_text', { '/page': send('<script>only</script>') }],
    ['page', 'not_html', { '/page': send('%PDF', { 'content-type': 'application/pdf' }) }],
    ['page', 'too_large', { '/page': send('x'.repeat(100_001)) }],
    ['page', 'robots_disallowed', { '/robots.txt': 'User-agent: orrery\nDisallow: /', '/page': send(page) }],
    ['ours', 'robots_unreachable', { '/robots.txt': send('', {}, 503), '/page': send(page) }],
    ['ours', 'http_503', { '/page': send('', {}, 503) }],
    ['ours', 'timeout', { '/page': () => undefined }],
    ['ours', 'connection_failed', { '/page': (response) => void response.socket?.destroy() }],
  ])('%s: %s', async (fault, reason, pages) => {
    const fetched = await fetchFrom(pages, '/page', pool, reason === 'timeout' ? 200 : undefined)
    expect(fetched).toMatchObject({ ok: false, reason, fault })
  })

  test('says where it has moved, and of what it answered the bytes', async () => {
    expect(await fetchFrom({ '/page': send('', { location: '/x?a=1' }, 301) })).toMatchObject({ reason: 'moved', location: expect.stringMatching(/\/x\?a=1$/) })
    expect(await fetchFrom({ '/page': send('<p>short') })).toMatchObject({ reason: 'gopher_too_short', htmlSha256: sha256Hex('<p>short') })
  })

  test('says that a browser would show more', async () => {
    const shell = `<body><div id="root"></div><script>${'x'.repeat(9000)}</script></body>`
    expect(await fetchFrom({ '/page': send(shell) })).toMatchObject({ reason: 'no_text', lacksBrowser: true })
  })
})

test('a page that takes too long here may be read by another machine', async () => {
  const slow = { find: pool.find, read: async () => ({ document: 'too_slow', textId: '', textChars: 0, needsBrowser: false }) }
  expect(await fetchFrom({ '/page': send(page) }, '/page', slow)).toMatchObject({ ok: false, reason: 'too_slow', fault: 'ours' })
})
