import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { loadConfig } from '#infra/config/load.ts'
import { Config } from '#infra/config/schema.ts'
import { openSite } from '#test/site/site.ts'
import { openBench } from './bench.fixture.ts'
import { describeNext } from './dry-run.ts'
import { good } from './pages.fixture.ts'

test('a dry run says what comes next and why, and leaves everything as it was', async () => {
  await using site = await openSite({ 'a.localhost': { '/': good(1, ['/b', '/tag/x?sort=1']) }, 'b.localhost': { '/': good(2) } })
  await using bench = await openBench(site, { pages: 1 })
  const settings = Config.parse({})
  // The bench closes what it opened.
  const stay = { [Symbol.asyncDispose]: () => Promise.resolve() }
  const kept = { pace: bench.pace, catalog: () => ({ ...bench.catalog, ...stay }), frontier: () => ({ ...bench.frontier, ...stay }) }
  const describe = () => describeNext(kept, settings)
  expect(await describe()).toMatch(/now +http:\/\/a\.localhost\/ +all +3000000 +a seed/)
  expect(await bench.frontier.stats()).toMatchObject({ known: 0 })
  await bench.cycle()
  const asked = site.requests.length
  const before = await bench.frontier.stats()
  expect(await describe()).toMatch(/now +http:\/\/a\.localhost\/b +all +50000 +weight 1 × freshness 0\.5 × novelty 1/)
  const path = join(bench.dataDir, 'block-list')
  await writeFile(path, 'a.localhost\n')
  expect(await describeNext(kept, { ...settings, miner: { ...settings.miner, block_list: path } })).toMatch(/http:\/\/a\.localhost\/b .* blocked/)
  expect(await bench.frontier.stats()).toEqual(before)
  expect(site.requests).toHaveLength(asked)
})

test('before the first run the seeds of the sources come next', async () => {
  const { config } = loadConfig({ cwd: '/', env: {}, flags: { sources: [{ label: 'x', seeds: ['https://example.org/'] }] } })
  const nothing = { pace: systemClock(), catalog: () => undefined, frontier: () => undefined }
  expect(await describeNext(nothing, config)).toMatch(/now +https:\/\/example\.org\/ +x +3000000 +a seed/)
  expect(await describeNext(nothing, Config.parse({}))).toMatch(/the first run crawls the embedded web. 0 URLs known/)
})
