import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { good, send } from '#scraper/miner/pages.fixture.ts'
import { openSite } from '../site/site.ts'
import { oneProcess } from './one-process.ts'
import { anyPorts, runProgram, startProgram } from './program.ts'

/** A folder with settings of one source of these seeds, for a site on the loopback. */
async function folderOf(origin: string, seeds: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-dead-seeds-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const settings = `[miner]\nhost_delay_ms = 0\nhost_delay_factor = 0\n[browser]\nenabled = "off"\n[[sources]]\nlabel = "story"\nseeds = ${JSON.stringify(seeds)}\ninclude = ${JSON.stringify([`${origin}/*`])}\n`
  await writeFile(join(folder, 'orrery.toml'), settings)
  return folder
}

test('a dead seed is in the summary and the exit code, and its reject can be listed with its cause', async () => {
  const pages = { '/': good(1), '/short': '<p>Too short.</p>', '/away': send('', { location: 'http://127.0.0.1:9/' }, 301) }
  await using site = await openSite({ '127.0.0.1': pages })
  const seeds = ['/', '/short', '/away'].map((path) => `${site.origin}${path}`)
  const folder = await folderOf(site.origin, seeds)
  await using program = oneProcess()
  const run = await runProgram(['miner', 'run', '--once'], { cwd: folder })
  expect([run.code, run.stderr]).toEqual([1, expect.stringContaining('seed that came to nothing')])
  expect(run.stderr).toMatch(
    /\/away +it leads to http:\/\/127\.0\.0\.1:9\/, which no source includes; seed that address, or include http:\/\/127\.0\.0\.1:9\/\*/,
  )
  expect(run.events.filter(({ event }) => event === 'crawl.seed').map(({ url, cause }) => [url, cause])).toEqual(
    expect.arrayContaining([
      [seeds[1], 'gopher_too_short'],
      [seeds[2], 'moved_outside'],
    ]),
  )

  const before = await readdir(folder, { recursive: true })
  const listed = await program.run(['scraper', 'rejects', '--reason', 'gopher_too_short', '--json'], { cwd: folder })
  expect(JSON.parse(listed.stdout)).toMatchObject({ subject: seeds[1], label: 'story', details: { scores: { word_count: { score: 2, min: 50 } } } })
  expect(await program.run(['scraper', 'rejects', '--reason', 'too_short'], { cwd: folder })).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^orrery: .*nearest: gopher_too_short\.\n$/),
  })
  expect(await readdir(folder, { recursive: true })).toEqual(before)
})

test('seeds that all bring something end with 0', async () => {
  await using site = await openSite({ '127.0.0.1': { '/': good(1) } })
  const run = await runProgram(['miner', 'run', '--once'], { cwd: await folderOf(site.origin, [`${site.origin}/`]) })
  expect([run.code, run.stderr]).toEqual([0, ''])
})

test('what is stopped shows what was done until then', async () => {
  const asked = Promise.withResolvers<void>()
  await using site = await openSite({ '127.0.0.1': { '/': good(1, ['/silent']), '/silent': () => asked.resolve() } })
  const program = startProgram(['up', ...anyPorts], { cwd: await folderOf(site.origin, [`${site.origin}/`]) })
  await Promise.race([asked.promise, program.ended])
  program.child.kill('SIGINT')
  expect([await program.ended, program.stderr()]).toEqual([0, expect.stringMatching(/since the start[^]*pages visited +1 \(1 stored\)/)])
})
