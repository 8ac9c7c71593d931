import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSite } from '#test/site/site.ts'
import { job, openBench } from './bench.fixture.ts'
import { good } from './pages.fixture.ts'

test('what the block list names is neither asked for nor kept, and told once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'blocked-'))
  try {
    const list = join(folder, 'blocked.txt')
    await writeFile(list, 'b.localhost\nhttp://a.localhost/secret\n')
    const links = ['/secret', '/secrets/1', '/ok', 'http://b.localhost/x']
    await using site = await openSite({
      'a.localhost': { '/': good(1, links), '/ok': good(2, links), '/secret': good(3), '/secrets/1': good(4) },
      'b.localhost': { '/': good(5), '/x': good(6) },
    })
    const jobs = [job('all', ['http://a.localhost/', 'http://b.localhost/'], ['http://*.localhost/*'])]
    await using bench = await openBench(site, { jobs, settings: { block_list: list } })
    const { visits } = await bench.cycle()
    expect(visits).toMatchObject({ stored: 2, failed: 1 })
    expect(site.paths('a.localhost')).toEqual(expect.arrayContaining(['/', '/ok']))
    expect(site.paths('a.localhost').filter((path) => path.startsWith('/secret'))).toEqual([])
    expect(site.paths('b.localhost')).toEqual([])
    const told = (await bench.rejects()).map(({ subject, reason }) => `${subject} ${reason}`)
    expect(told.toSorted()).toEqual(
      ['http://a.localhost/secret', 'http://a.localhost/secrets/1', 'http://b.localhost/', 'http://b.localhost/x'].map((url) => `${url} blocked`),
    )
  } finally {
    await rm(folder, { recursive: true })
  }
})
