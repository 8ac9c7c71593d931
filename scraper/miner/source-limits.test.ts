import { expect, test } from 'vitest'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import { openSite } from '#test/site/site.ts'
import { job, openBench } from './bench.fixture.ts'
import { good, send } from './pages.fixture.ts'

const limited = (web: Partial<DesirabilityJob['web']>, label = 'all', host = 'a.localhost'): DesirabilityJob => {
  const plain = job(label, [`http://${host}/`], [`http://${host}/*`])
  return { ...plain, web: { ...plain.web, ...web } }
}

/** / → /1 → /2 → /3, each with a tag page. */
const chain = {
  '/': good(1, ['/1', '/tag/1']),
  '/1': good(2, ['/2', '/tag/2']),
  '/2': good(3, ['/3', '/tag/3']),
  '/3': good(4),
  '/tag/1': good(5),
  '/tag/2': good(6),
  '/tag/3': good(7),
}

/** A front page that links to twenty others. */
const broad = (salt: number): Record<string, string> => {
  const paths = Array.from({ length: 20 }, (_, i) => `/${i}`)
  return Object.fromEntries([['/', good(salt, paths)], ...paths.map((path, i) => [path, good(salt + 1 + i)])])
}

const pagesOf = (paths: readonly string[]) => paths.filter((path) => !/^\/(?:robots\.txt|ai\.txt|\.well-known\/.*)$/.test(path)).toSorted()

test('what a source leaves out is not asked for', async () => {
  await using site = await openSite({ 'a.localhost': chain })
  await using bench = await openBench(site, { jobs: [limited({ exclude: ['http://*.localhost/tag/*'] })] })
  await bench.cycle()
  expect(pagesOf(site.paths('a.localhost'))).toEqual(['/', '/1', '/2', '/3'])
})

test('what one source leaves out another may take', async () => {
  await using site = await openSite({ 'a.localhost': chain })
  const tags = job('tags', [], ['http://a.localhost/tag/*'])
  await using bench = await openBench(site, { jobs: [limited({ exclude: ['http://*.localhost/tag/*'] }), tags] })
  await bench.cycle()
  const { labels } = await bench.frontier.stats()
  expect([labels.get('all')?.stored, labels.get('tags')?.stored]).toEqual([4, 3])
})

test.each([
  [0, ['/']],
  [1, ['/', '/1', '/tag/1']],
  [2, ['/', '/1', '/2', '/tag/1', '/tag/2']],
])('no link further than %d from a seed is followed', async (depth_max, pages) => {
  await using site = await openSite({ 'a.localhost': chain })
  await using bench = await openBench(site, { jobs: [limited({ depth_max })] })
  await bench.cycle()
  expect(pagesOf(site.paths('a.localhost'))).toEqual(pages)
})

test('where a seed has moved to is no link away from it', async () => {
  await using site = await openSite({ 'a.localhost': { ...chain, '/': send('', { location: '/home' }, 301), '/home': good(8, ['/1']) } })
  await using bench = await openBench(site, { jobs: [limited({ depth_max: 1 })] })
  await bench.cycle()
  expect(pagesOf(site.paths('a.localhost'))).toEqual(['/', '/1', '/home'])
})

test('a source has no more visits than its limit over all cycles, and the others have what it cannot use', async () => {
  await using site = await openSite({ 'a.localhost': broad(100), 'b.localhost': broad(200) })
  const jobs = [limited({ pages_max: 3 }), limited({}, 'other', 'b.localhost')]
  await using bench = await openBench(site, { jobs, pages: 12 })
  for (const targets of [
    { all: 3, other: 9 },
    { all: 3, other: 21 },
  ]) {
    expect((await bench.cycle()).targets).toEqual(targets)
  }
  expect(pagesOf(site.paths('a.localhost'))).toHaveLength(3)
  expect(pagesOf(site.paths('b.localhost'))).toHaveLength(21)
})

test('the requests for the pages of a source say what it wants said, and their hosts hear it from nobody else', async () => {
  await using site = await openSite({ 'a.localhost': { '/': good(1) }, 'b.localhost': { '/': good(2) } })
  await using bench = await openBench(site, { jobs: [limited({ headers: { 'accept-language': 'de', 'x-from': 'us' } }), limited({}, 'other', 'b.localhost')] })
  await bench.cycle()
  const asked = (host: string) => site.requests.find((request) => request.host === host && request.path === '/')?.headers
  expect(asked('a.localhost')).toMatchObject({
    'accept-language': 'de',
    'x-from': 'us',
    'user-agent': 'Orrery/0',
    accept: expect.stringContaining('text/html'),
  })
  expect(asked('b.localhost')).not.toHaveProperty('accept-language')
})
