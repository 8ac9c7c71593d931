import { describe, expect, test } from 'vitest'
import { readArrival } from '../shard/arrival.ts'
import { openSite, type Page, type Site } from '#test/site/site.ts'
import { leapingClock, openBench } from './bench.fixture.ts'
import { good, send } from './pages.fixture.ts'

const hour = 3_600_000
const day = 24 * hour

type Bench = Awaited<ReturnType<typeof openBench>>

/** What goes to the queue of documents, as it goes: `path version`, with the reason where it is a withdrawal. */
function arrivalsOf({ documents }: Bench): string[] {
  const arrivals: string[] = []
  const { add } = documents
  documents.add = async (messages) => {
    for (const { body } of messages) {
      const arrival = readArrival(body)
      if ('document' in arrival) arrivals.push(`${new URL(arrival.document.uri).pathname} ${arrival.document.version}`)
      else arrivals.push(`${new URL(arrival.withdrawal.uri).pathname} ${arrival.withdrawal.version} ${arrival.withdrawal.reason}`)
    }
    return add(messages)
  }
  return arrivals
}

const openHost = (pages: Record<string, Page>) => openSite({ 'a.localhost': pages })
const broken: Page = (response) => void response.socket?.destroy()
/** Too short to be kept. */
const front = (...links: string[]) => `<p>Links:</p>${links.map((link) => `<a href="${link}">more</a>`).join('')}`
const askedFor = (site: Site, path: string) => site.paths('a.localhost').filter((asked) => asked === path).length

describe('an outcome is not an end', () => {
  test('a good page that fails three times in a row is asked for again an hour later, then two, and kept when it is back', async () => {
    const pace = leapingClock()
    await using site = await openHost({ '/': good(1, ['/page']), '/page': broken })
    await using bench = await openBench(site, { pace })
    const settle = async () => {
      for (let again = 0; again < 4; again++) {
        await bench.cycle()
        pace.leap(61_000)
      }
    }
    await settle()
    const tries = askedFor(site, '/page')
    expect(tries).toBe(3)
    pace.leap(hour)
    await settle()
    expect(askedFor(site, '/page')).toBe(2 * tries)
    pace.leap(hour)
    await settle()
    expect(askedFor(site, '/page')).toBe(2 * tries)
    site.set('a.localhost', { '/page': good(2) })
    pace.leap(hour)
    expect((await bench.cycle()).visits).toMatchObject({ stored: 1 })
  })

  test.each<[string, Page]>([
    ['http_404', send('', {}, 404)],
    ['http_403', send('', {}, 403)],
    ['not_html', send(Buffer.alloc(1000, 255), { 'content-type': 'application/octet-stream' })],
    ['redirected', send('', { location: '/' }, 302)],
    ['noindex', send(good(2), { 'x-robots-tag': 'noindex' })],
    ['gopher_too_short', send('<p>Only a few words.</p>')],
  ])('a page that ended as %s is kept when it is good at last', async (reason, bad) => {
    const pace = leapingClock()
    await using site = await openHost({ '/': good(1, ['/page']), '/page': bad })
    await using bench = await openBench(site, { pace })
    await bench.cycle()
    expect((await bench.rejects()).at(-1)).toMatchObject({ subject: 'http://a.localhost/page', reason })
    pace.leap(hour)
    await bench.cycle()
    expect(askedFor(site, '/page')).toBe(2)
    site.set('a.localhost', { '/page': good(3) })
    pace.leap(3 * hour)
    const arrivals = arrivalsOf(bench)
    await bench.cycle()
    expect(arrivals).toContain('/page 1')
  })

  test('a page that is gone for good is not asked for again', async () => {
    const pace = leapingClock()
    await using site = await openHost({ '/': good(1, ['/page']), '/page': send('', {}, 410) })
    await using bench = await openBench(site, { pace })
    for (let again = 0; again < 5; again++) {
      await bench.cycle()
      pace.leap(60 * day)
    }
    expect(askedFor(site, '/page')).toBe(1)
  })

  test('what robots.txt forbids costs no request, and is kept when it is allowed', async () => {
    const pace = leapingClock()
    await using site = await openHost({ '/robots.txt': 'User-agent: *\nDisallow: /page', '/': good(1, ['/page']), '/page': good(2) })
    await using bench = await openBench(site, { pace })
    await bench.cycle()
    site.set('a.localhost', { '/robots.txt': '' })
    expect(askedFor(site, '/page')).toBe(0)
    pace.leap(day)
    await bench.cycle()
    expect(askedFor(site, '/page')).toBe(1)
  })

  test('a front page that is refused yields its new links each time', async () => {
    const pace = leapingClock()
    await using site = await openHost({ '/': front('/1'), '/1': good(1), '/2': good(2), '/3': good(3) })
    await using bench = await openBench(site, { pace })
    const arrivals = arrivalsOf(bench)
    await bench.cycle()
    for (const links of [
      ['/1', '/2'],
      ['/1', '/2', '/3'],
    ]) {
      site.set('a.localhost', { '/': front(...links) })
      pace.leap(2 * hour)
      await bench.cycle()
    }
    expect(arrivals).toEqual(['/1 1', '/2 1', '/3 1'])
  })
})

/** A site whose page was stored, changes, and is visited again until nothing more comes of it. @returns what reached the queue since */
async function afterChange(change: (site: Site) => void, { visits = 1, waitMs = 30 * day } = {}) {
  const pace = leapingClock()
  await using site = await openHost({ '/': good(1, ['/page']), '/page': send(good(2), { etag: '"1"' }) })
  await using bench = await openBench(site, { pace, facts: pace })
  await bench.cycle()
  change(site)
  const arrivals = arrivalsOf(bench)
  for (let visit = 0; visit < visits; visit++) {
    pace.leap(waitMs)
    await bench.cycle()
  }
  const gone = [...arrivals]
  site.set('a.localhost', {
    '/robots.txt': '',
    '/ai.txt': send('', {}, 404),
    '/.well-known/tdmrep.json': send('', {}, 404),
    '/page': send(good(2), { etag: '"1"' }),
  })
  pace.leap(60 * day)
  await bench.cycle()
  return { gone, back: arrivals.slice(gone.length) }
}
const page = (answer: Page) => (site: Site) => site.set('a.localhost', { '/page': answer })
const headers = (extra: Record<string, string>) => page(send(good(2), { etag: '"1"', ...extra }))
/** As long as the page is the same, it answers 304, with what else it has to say. */
const notModified = (extra: Record<string, string>) =>
  page(
    (response, request) =>
      void (request.headers['if-none-match'] ? response.writeHead(304, extra).end() : send(good(2), { etag: '"1"', ...extra })(response, request)),
  )

describe('what its owner takes back', () => {
  test.each<[string, (site: Site) => void]>([
    ['http_404', page(send('', {}, 404))],
    ['http_401', page(send('', {}, 401))],
    ['http_403', page(send('', {}, 403))],
    ['http_451', page(send('', {}, 451))],
    ['redirected', page(send('', { location: 'http://a.localhost/' }, 301))],
    ['noindex', headers({ 'x-robots-tag': 'noindex' })],
    ['noindex', notModified({ 'x-robots-tag': 'noindex' })],
    ['noindex', page(`<meta name="robots" content="none">${good(2)}`)],
    ['noai', page(`<meta name="robots" content="noai">${good(2)}`)],
    ['noai', headers({ 'x-robots-tag': 'noai' })],
    ['tdm_reserved', headers({ 'tdm-reservation': '1' })],
    ['tdm_reserved', notModified({ 'tdm-reservation': '1' })],
    ['unavailable', headers({ 'x-robots-tag': 'unavailable_after: 25 Jun 2010 15:00:00 GMT' })],
    ['robots_disallowed', (site) => site.set('a.localhost', { '/robots.txt': 'User-agent: *\nDisallow: /page' })],
    ['ai_train_disallowed', headers({ 'content-usage': 'train-ai=n' })],
    ['ai_train_disallowed', notModified({ 'content-usage': 'train-ai=n' })],
    ['ai_train_disallowed', (site) => site.set('a.localhost', { '/robots.txt': 'User-agent: *\nContent-Signal: /page ai-train=no' })],
    ['ai_txt_disallowed', (site) => site.set('a.localhost', { '/ai.txt': send('User-agent: *\nDisallow: /page', { 'content-type': 'text/plain' }) })],
    ['tdm_reserved', (site) => site.set('a.localhost', { '/.well-known/tdmrep.json': send(JSON.stringify([{ location: '/page', 'tdm-reservation': 1 }])) })],
  ])('(%s) leaves what was stored, and is stored anew when it is back', async (reason, change) => {
    expect(await afterChange(change)).toEqual({ gone: [`/page 1 ${reason}`], back: ['/page 2'] })
  })

  test('(http_410) leaves what was stored', async () => {
    expect(await afterChange(page(send('', {}, 410)))).toEqual({ gone: ['/page 1 http_410'], back: [] })
  })

  test('is told once, however often it is looked for', async () => {
    expect((await afterChange(page(send('', {}, 404)), { visits: 4, waitMs: day })).gone).toEqual(['/page 1 http_404'])
  })

  test.each<[string, Page]>([
    ['gopher_too_short', send('<p>We will be back soon.</p>')],
    ['not_html', send('%PDF-1.7', { 'content-type': 'application/pdf' })],
    ['http_405', send('', {}, 405)],
  ])('where something else is found twice (%s), what was stored leaves; once may be a moment', async (reason, answer) => {
    expect((await afterChange(page(answer), { visits: 1 })).gone).toEqual([])
    expect(await afterChange(page(answer), { visits: 2 })).toEqual({ gone: [`/page 1 ${reason}`], back: ['/page 2'] })
  })

  test.each<[string, (site: Site) => void]>([
    ['http_500', page(send('', {}, 500))],
    ['http_503', page(send('', {}, 503))],
    ['http_522', page(send('', {}, 522))],
    ['http_429', page(send('', {}, 429))],
    ['connection_failed', page(broken)],
    ['robots_unreachable', (site) => site.set('a.localhost', { '/robots.txt': send('', {}, 500) })],
  ])('trouble (%s) takes nothing back', async (_reason, change) => {
    expect(await afterChange(change, { visits: 8, waitMs: day })).toEqual({ gone: [], back: [] })
  })
})

test('a page that names the day of its end leaves on that day, though nothing of it changes', async () => {
  const pace = leapingClock()
  const until = new Date(Math.floor((pace.now() + 10 * day) / 1000) * 1000)
  const ending = send(good(2), { etag: '"1"', 'x-robots-tag': `unavailable_after: ${until.toUTCString()}` })
  await using site = await openHost({ '/': good(1, ['/page']), '/page': ending })
  await using bench = await openBench(site, { pace, facts: pace })
  const arrivals = arrivalsOf(bench)
  for (let at = 0; at < 11; at++) {
    await bench.cycle()
    pace.leap(day)
  }
  expect(arrivals).toEqual(['/ 1', '/page 1', '/page 1 unavailable'])
})

test('what was taken back is in no later shard, until it is back', async () => {
  const pace = leapingClock()
  await using site = await openHost({ '/': good(1, ['/page']), '/page': good(2) })
  await using bench = await openBench(site, { pace })
  const kept = async () => (await bench.cycle()).snapshot.kept
  expect(await kept()).toBe(2)
  site.set('a.localhost', { '/page': send('', {}, 404) })
  pace.leap(day)
  expect(await kept()).toBe(1)
  site.set('a.localhost', { '/page': good(2) })
  pace.leap(day)
  expect(await kept()).toBe(2)
})
