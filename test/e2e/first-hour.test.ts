import { execFile } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { good, send } from '#scraper/miner/pages.fixture.ts'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { openSite } from '../site/site.ts'
import { complaintsOf, runProgram, startProgram } from './program.ts'

const quick = ['--set', 'miner.host_delay_ms=0', '--set', 'miner.host_delay_factor=0', '--set', 'browser.enabled=off']

/** Four pages below a front page, one of them under a path that a source may leave out. */
const openDocs = () => openSite({ '127.0.0.1': { '/': good(1, ['/a', '/b', '/tag/x']), '/a': good(2), '/b': good(3), '/tag/x': good(4) } })

test('one cycle from a seed ends with what it made, in a folder of any name', async () => {
  await using site = await openDocs()
  const cwd = join(await temporaryFolder(), 'first hour — ü')
  await mkdir(cwd)
  const { code, stdout, stderr } = await runProgram(['miner', 'run', '--once', '--seed', `${site.origin}/`, '--data', 'my data', ...quick], { cwd })
  expect([code, complaintsOf(stderr)]).toEqual([0, []])
  expect(JSON.parse(stdout.split('\n').at(-1) ?? '')).toMatchObject({ visits: { stored: 4 }, documents: 4 })
  expect(await readdir(cwd)).toEqual(['my data'])
})

test('a source of a settings file keeps to what it says, without patterns', async () => {
  await using site = await openDocs()
  const cwd = await temporaryFolder()
  const source = `\uFEFF[[sources]]\r\nlabel = "docs"\r\nseeds = ["${site.origin}/"]\r\nexclude = ["${site.origin}/tag/*"]\r\nheaders = { accept-language = "de" }\r\n`
  await writeFile(join(cwd, 'orrery.toml'), source)
  const { code, stderr } = await runProgram(['miner', 'run', '--once', ...quick], { cwd })
  expect([code, complaintsOf(stderr)]).toEqual([0, []])
  const pages = site.requests.filter(({ path }) => /^\/(?:[ab]|tag\/x)?$/.test(path))
  expect(pages.map(({ path }) => path).toSorted()).toEqual(['/', '/a', '/b'])
  expect(new Set(pages.map(({ headers }) => headers['accept-language']))).toEqual(new Set(['de']))
})

test('a second process that mines as the same one says so in one line', async () => {
  const asked = Promise.withResolvers<void>()
  await using site = await openSite({ '127.0.0.1': { '/robots.txt': send('', {}, 404), '/': () => asked.resolve() } })
  const data = await temporaryFolder()
  const args = ['miner', 'run', '--once', '--seed', `${site.origin}/`, '--data', data, ...quick]
  const first = startProgram(args)
  await Promise.race([asked.promise, first.ended])
  const { code, stderr } = await runProgram(args)
  expect([code, stderr]).toEqual([expect.toBeOneOf([1, 2]), expect.stringMatching(/^orrery: [^\n]+\n$/)])
  first.child.kill('SIGINT')
  expect([await first.ended, complaintsOf(first.stderr())]).toEqual([130, []])
})

test('who reads only the first line is told nothing else', async () => {
  const program = join(import.meta.dirname, '../../orrery')
  const shell = `"${program}" config show | head -n 1; "${program}" miner run --help | head -n 1`
  const { promise, resolve } = Promise.withResolvers<string[]>()
  execFile('sh', ['-c', shell], { cwd: await temporaryFolder() }, (_, stdout, stderr) => resolve([...stdout.trim().split('\n'), stderr]))
  expect(await promise).toEqual(['sources = []', 'Usage: orrery miner run [options]', ''])
})
