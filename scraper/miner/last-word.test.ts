import { expect, test } from 'vitest'
import { openSite } from '#test/site/site.ts'
import { job, openBench } from './bench.fixture.ts'
import { withLastWord } from './last-word.ts'
import { good } from './pages.fixture.ts'

const jobs = [job('all', ['http://a.localhost/', 'http://a.localhost/gone'], ['http://a.localhost/*'])]

test('however a miner stops, it says what was done and which seeds came to nothing', async () => {
  await using site = await openSite({ 'a.localhost': { '/': good(1) } })
  await using bench = await openBench(site, { jobs })
  const said: string[] = []
  const output = { write: (text: string) => said.push(text) }
  const ended = withLastWord(bench.miner, { ...bench, output, reports: true }, async () => {
    await bench.cycle()
    throw new Error('stopped')
  })
  await expect(ended).rejects.toThrow('stopped')
  expect(said.join('')).toContain('pages visited  2 (1 failed, 1 stored)')
  expect(said.join('')).toContain('http://a.localhost/gone    answered 404, there is no such page')
})

test('one that never began says nothing', async () => {
  await using site = await openSite({ 'a.localhost': {} })
  await using bench = await openBench(site, { jobs })
  const said: string[] = []
  await withLastWord(bench.miner, { ...bench, output: { write: (text: string) => said.push(text) }, reports: false }, () => Promise.resolve())
  expect(said).toEqual([])
})

test('one that ends well with a report of its own needs no other, but on a terminal', async () => {
  await using site = await openSite({ 'a.localhost': { '/': good(1) } })
  await using bench = await openBench(site, { jobs: [job('all', ['http://a.localhost/'], ['http://a.localhost/*'])] })
  const said: string[] = []
  const run = (isTTY: boolean, reports: boolean) =>
    withLastWord(bench.miner, { ...bench, output: { isTTY, write: (text: string) => said.push(text) }, reports }, () => bench.cycle())
  await run(false, true)
  expect(said).toEqual([])
  await run(true, true)
  await run(false, false)
  expect(said).toHaveLength(2)
})
