import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Config } from '#infra/config/schema.ts'
import { openSite } from '#test/site/site.ts'
import { openBench } from './bench.fixture.ts'
import { describeNext } from './dry-run.ts'
import { good } from './pages.fixture.ts'

test('a dry run says what comes next and why, and leaves everything as it was', async () => {
  await using site = await openSite({ 'a.localhost': { '/': good(1, ['/b', '/tag/x?sort=1']) }, 'b.localhost': { '/': good(2) } })
  await using bench = await openBench(site, { pages: 1 })
  const settings = Config.shape.miner.parse({})
  const describe = () => describeNext({ ...bench, frontier: () => bench.frontier }, settings)
  expect(await describe()).toMatch(/now +http:\/\/a\.localhost\/ +all +3000000 +a seed/)
  expect(await bench.frontier.stats()).toMatchObject({ known: 0 })
  await bench.cycle()
  const asked = site.requests.length
  const before = await bench.frontier.stats()
  expect(await describe()).toMatch(/now +http:\/\/a\.localhost\/b +all +50000 +weight 1 × freshness 0\.5 × novelty 1/)
  const path = join(bench.dataDir, 'block-list')
  await writeFile(path, 'a.localhost\n')
  expect(await describeNext({ ...bench, frontier: () => bench.frontier }, { ...settings, block_list: path })).toMatch(/http:\/\/a\.localhost\/b .* blocked/)
  expect(await bench.frontier.stats()).toEqual(before)
  expect(site.requests).toHaveLength(asked)
})
