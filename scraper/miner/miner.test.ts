import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { threadedCorpusIndex } from '#infra/corpus-index/threaded.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { job, openBench } from './bench.fixture.ts'
import { openMiner, type CycleReport, type MinerOptions } from './miner.ts'
import { forest, good } from './pages.fixture.ts'

async function objectsOf({ store }: Awaited<ReturnType<typeof openBench>>): Promise<string[]> {
  const objects: string[] = []
  for await (const { key } of store.list('')) objects.push(key)
  return objects
}

test('a cycle visits pages, keeps documents, writes a shard, an index and the commitment', async () => {
  await using site = await openSite(forest(2, 24, () => 0))
  await using bench = await openBench(site)
  const report = await bench.cycle()
  expect(report).toMatchObject({ cycle: 1, visits: { stored: 48, rejected: 0, failed: 0 }, documents: 48 })
  expect(report.snapshot).toMatchObject({ arrived: 48, kept: 48, committed: true })
  expect(await bench.documents.stats()).toMatchObject({ waiting: 0, leased: 0, done: 48 })
})

test('the same site gives the same pages and the same bytes, whatever the concurrency and whoever answers first', async () => {
  const runs: { report: CycleReport; objects: string[]; visited: string[] }[] = []
  for (const [concurrency, jitter] of [
    [1, () => 0],
    [3, (key: string) => key.length % 3],
    [16, (key: string) => (key.charCodeAt(0) * 7 + key.length * 3) % 11],
  ] as const) {
    await using site = await openSite(forest(5, 16, jitter))
    await using bench = await openBench(site, { concurrency, pages: 40 })
    const report = await bench.cycle()
    const visited = site.requests
      .map(({ host, path }) => host + path)
      .filter((url) => !/\/(?:robots\.txt|ai\.txt|tdmrep\.json)$/.test(url))
      .sort()
    runs.push({ report, objects: await objectsOf(bench), visited })
  }
  expect(runs[0]?.visited.length).toBe(40)
  expect(runs[1]).toEqual({ ...runs[0], report: { ...runs[1]?.report } })
  expect(runs[2]?.visited).toEqual(runs[0]?.visited)
  expect(runs[2]?.objects).toEqual(runs[0]?.objects)
  expect(runs[0]?.objects.length).toBeGreaterThan(1)
})

test('a cycle that is cut off gives its claims back; the next start goes on with it and keeps nothing twice', async () => {
  const stop = new AbortController()
  const web = forest(3, 12, () => 0)
  let answers = 0
  const counted = Object.fromEntries(
    Object.entries(web).map(([host, pages]) => [
      host,
      Object.fromEntries(
        Object.entries(pages).map(([path, page]): [string, Page] => [
          path,
          (response, request) => {
            if (++answers === 15) stop.abort(new Error('stop'))
            return typeof page === 'string' ? undefined : page(response, request)
          },
        ]),
      ),
    ]),
  )
  await using site = await openSite(counted)
  await using bench = await openBench(site, { reproducible: false })
  await expect(bench.cycle(stop.signal)).rejects.toThrow('stop')
  const { labels } = await bench.frontier.stats()
  expect(labels.get('all')?.leased).toBe(0)
  const report = await bench.cycle()
  expect(report).toMatchObject({ cycle: 1, snapshot: { arrived: 36, kept: 36 } })
})

test('what one label cannot use goes to the others', async () => {
  const web = forest(1, 30, () => 0)
  await using site = await openSite({ ...web, 'rare.localhost': { '/': good(500) } })
  const jobs = [job('rare', ['http://rare.localhost/'], ['http://rare.localhost/*']), job('common', ['http://a.localhost/'], ['http://*.localhost/*'])]
  await using bench = await openBench(site, { jobs, pages: 20 })
  expect(await bench.cycle()).toMatchObject({ targets: { rare: 10, common: 10 }, visits: { stored: 20 } })
  const { labels } = await bench.frontier.stats()
  expect([labels.get('rare')?.stored, labels.get('common')?.stored]).toEqual([1, 19])
})

test('the public web is not asked without a contact', async () => {
  await using site = await openSite({ 'a.localhost': {} })
  await using bench = await openBench(site, { jobs: [job('all', ['https://example.org/'], ['https://example.org/*'])] })
  await expect(bench.cycle()).rejects.toMatchObject({ code: 'invalid_config', message: expect.stringContaining('miner.contact') })
  expect(await bench.frontier.stats()).toMatchObject({ known: 0 })
})

test('a store that fails ends the cycle with its error and loses no claim', async () => {
  await using site = await openSite(forest(2, 5, () => 0))
  await using bench = await openBench(site)
  bench.documents.add = () => Promise.reject(new Error('disk full'))
  await expect(bench.cycle()).rejects.toThrow('disk full')
})

test('a second process under the same hotkey ends before it asks anybody, and leaves the claims of the first alone', async () => {
  await using site = await openSite(forest(1, 12, () => 0))
  let options: MinerOptions | undefined
  await using bench = await openBench(site, { plant: (given) => ((options = given), {}) })
  let second: unknown
  const stop = new AbortController()
  const cycle = bench.cycle(stop.signal)
  while (site.requests.length === 0) await delay(1)
  await using index = threadedCorpusIndex(join(bench.dataDir, 'corpus', 'miner-1'), { clock: bench.pace })
  await openMiner({ ...(options as MinerOptions), index }).catch((error: unknown) => (second = error))
  expect(second).toMatchObject({ code: 'conflict' })
  expect(await cycle).toMatchObject({ visits: { stored: 12, failed: 0 } })
})
