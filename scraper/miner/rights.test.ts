import { expect, test } from 'vitest'
import { decodeDocuments } from '#schemas/parquet/decode.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { job, leapingClock, openBench } from './bench.fixture.ts'
import { good, send } from './pages.fixture.ts'

const reserving = JSON.stringify([
  { location: '/closed', 'tdm-reservation': 1, 'tdm-policy': '/policy' },
  { location: '/', 'tdm-reservation': 0 },
])
const files = ['/robots.txt', '/.well-known/tdmrep.json', '/ai.txt']

test('what an owner does not want to be learnt from is refused, with its reason; the rest keeps what was said', async () => {
  await using site = await openSite({
    'a.localhost': {
      '/robots.txt': send('User-agent: *\nContent-Usage: /usage train-ai=n\nContent-Signal: search=yes', { 'content-type': 'text/plain' }),
      '/.well-known/tdmrep.json': send(reserving, { 'content-type': 'application/json' }),
      '/ai.txt': send('User-agent: *\nDisallow: /artworks/\nAllow: *.html', { 'content-type': 'text/plain' }),
      '/': good(1, ['/closed', '/artworks/1', '/noai', '/usage', '/kept']),
      '/closed': good(2, ['/behind']),
      '/behind': good(3),
      '/artworks/1': good(4),
      '/noai': `<meta name="robots" content="noai">${good(5)}`,
      '/usage': good(7),
      '/kept': send(good(6), { 'x-robots-tag': 'noarchive' }),
    },
  })
  await using bench = await openBench(site)
  const { visits } = await bench.cycle()
  expect(visits).toMatchObject({ stored: 3, rejected: 4 })
  expect((await bench.rejects()).map(({ subject, reason }: { subject: string; reason: string }) => [new URL(subject).pathname, reason]).toSorted()).toEqual([
    ['/artworks/1', 'ai_txt_disallowed'],
    ['/closed', 'tdm_reserved'],
    ['/noai', 'noai'],
    ['/usage', 'ai_train_disallowed'],
  ])
  expect(site.paths('a.localhost').slice(0, 4)).toEqual([...files, '/'])
})

test('the files of a host are asked for like pages: each with the rest of the host behind it, before any page, once', async () => {
  const pace = leapingClock()
  const asked: { path: string; at: number }[] = []
  const note =
    (page: Page): Page =>
    (response, request) => {
      asked.push({ path: request.path, at: pace.now() })
      return typeof page === 'string' ? void response.writeHead(200, { 'content-type': 'text/html' }).end(page) : page(response, request)
    }
  let refusals = 1
  const busy = note((response) => (refusals-- > 0 ? void response.writeHead(429, { 'retry-after': '9' }).end() : void response.writeHead(404).end()))
  await using site = await openSite({
    '127.0.0.1': { '/.well-known/tdmrep.json': note(send('', {}, 404)), '/ai.txt': busy, '/': note(good(1, ['/b'])), '/b': note(good(2)) },
  })
  await using bench = await openBench(site, { pace, hostDelayMs: 1000, jobs: [job('all', [`${site.origin}/`], [`${site.origin}/*`])] })
  expect((await bench.cycle()).visits).toMatchObject({ stored: 2 })
  expect(asked.map(({ path }) => path)).toEqual(['/.well-known/tdmrep.json', '/ai.txt', '/ai.txt', '/', '/b'])
  const gaps = asked.slice(1).map(({ at }, n) => at - (asked[n]?.at ?? 0))
  expect(gaps[1]).toBeGreaterThanOrEqual(9000)
  for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(0)
})

test('a page without a date of its own is as old as its first visit, however often it changes', async () => {
  const pace = leapingClock()
  await using site = await openSite({ 'a.localhost': { '/': good(1) } })
  await using bench = await openBench(site, { pace, facts: pace })
  const start = pace.now()
  await bench.cycle()
  site.set('a.localhost', { '/': good(2) })
  pace.leap(40 * 86_400_000)
  await bench.cycle()
  const documents = (await documentsOf(bench)).toSorted((a, b) => a.version - b.version)
  expect(documents.map(({ version }) => version)).toEqual([1, 2])
  expect((documents[1]?.fetched_at.getTime() ?? 0) - start).toBeGreaterThan(39 * 86_400_000)
  expect(documents[1]?.datetime).toEqual(documents[0]?.datetime)
})

async function documentsOf({ store }: Awaited<ReturnType<typeof openBench>>) {
  const keys = (await Array.fromAsync(store.list(''), ({ key }) => key)).filter((key) => key.endsWith('.parquet'))
  return (await Promise.all(keys.map(async (key) => decodeDocuments(await store.get(key))))).flat()
}
