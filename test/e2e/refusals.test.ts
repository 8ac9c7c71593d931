import { createServer } from 'node:net'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { localChain } from '#infra/chain/local.ts'
import { systemClock } from '#infra/clock.ts'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { oneProcess } from './one-process.ts'
import { anyPorts, runProgram } from './program.ts'

const program = oneProcess()
afterAll(() => program[Symbol.asyncDispose]())

/** Refused: exit code ≠ 0, one line on standard error that names the thing and the remedy, nothing on standard output. */
async function refused(
  args: readonly string[],
  options: Parameters<typeof runProgram>[1],
  line: RegExp,
  run: typeof runProgram | typeof program.run = program.run,
) {
  const { code, stdout, stderr } = await run(args, options)
  expect(stderr.trimEnd().split('\n'), stderr).toHaveLength(1)
  expect(stderr).toMatch(line)
  expect(stdout).toBe('')
  expect(code).toBe(2)
}

test.each([
  [
    'a bad key in the settings file',
    ['up'],
    /orrery\.toml: there is no setting "miner\.concurency"; the nearest is "miner\.concurrency"/,
    '[miner]\nconcurency = 4\n',
  ],
  ['a bad key on the command line', ['up', '--set', 'minr.name=x'], /no setting "minr\.name"; the nearest is "miner\.name"/],
  ['a seed that is no URL', ['up', '--seed', 'not-a-url'], /--seed "not-a-url" is no web address; write it whole/],
  ['a seed of another scheme', ['up', '--seed', 'ftp://example.org/'], /--seed "ftp:\/\/example\.org\/" is no web address/],
  ['the public web without a contact', ['up', '--seed', 'https://example.org/'], /miner\.contact/],
  ['a seed of the public web for one miner without a contact', ['miner', 'run', '--once', '--seed', 'https://example.org/'], /miner\.contact/],
  ['a seed with a password', ['miner', 'run', '--seed', 'http://me:secret@127.0.0.1/'], /--seed "http:\/\/me:secret@127.0.0.1\/" is no web address/],
  ['a block list that is not there', ['miner', 'run', '--once', '--set', 'miner.block_list=nowhere'], /block list "nowhere" cannot be read \(ENOENT\)/],
  ['an address nobody listens on', ['dataset', 'serve', '--set', 'dataset.host=192.0.2.1', '--set', 'dataset.port=0'], /Port 0 on 192\.0\.2\.1 cannot be used/],
  ['a settings file that is a folder', ['up', '--config', '.'], /configuration file ".*" cannot be read \(EISDIR\)/],
  ['a settings file that is not there', ['up', '--config', 'nowhere.toml'], /nowhere\.toml" cannot be read \(ENOENT\)/],
  ['an unknown variable of the environment', ['up'], /no setting "ORRERY_MINER_NAM"; the nearest is "ORRERY_MINER_NAME"/, undefined, { ORRERY_MINER_NAM: 'x' }],
  [
    'to publish without a token',
    ['dataset', 'publish', '--repo', 'a/b'],
    /no access token in HF_TOKEN, nor in nowhere\/token: set HF_TOKEN.*--token-file/,
    undefined,
    { HF_HOME: 'nowhere' },
  ],
  ['a key for a scope that is none', ['dataset', 'key', 'create', 'a', '--scope', 'all'], /--scope "all" is none; there are read, sql, tasks/],
  ['a key for no number of days', ['dataset', 'key', 'create', 'a', '--days', '1.5'], /--days "1\.5" is no whole number of at least 1/],
  ['pages that are no number', ['validator', 'explain', '5A', '--limit', '0'], /--limit "0" is no number of pages; write one from 1 to 400/],
  ['a time that is none', ['up', '--frozen-at', 'yesterday'], /run\.frozen_at/],
  ['a command that does not exist', ['upp'], /no such command "upp"; nearest: up$/m],
  ['an option that does not exist', ['miner', 'run', '--onec'], /no such option "--onec"; nearest: --once$/m],
  ['values of options that are names of commands, as such', ['miner', 'run', '--data', 'config', '--seed', 'up'], /--seed "up" is no web address/],
  ['one setting by two flags', ['up', '--data', 'a', '--set', 'data.dir=b'], /--set and --data give "data\.dir" two different values; leave one of them out/],
  ['a time that is none by --set', ['up', '--set', 'run.frozen_at=yesterday'], /run\.frozen_at/],
])('refuses %s and writes nothing', async (_, args, line, toml?: string, env: Record<string, string> = {}) => {
  const cwd = await temporaryFolder()
  if (toml !== undefined) await writeFile(join(cwd, 'orrery.toml'), toml)
  const before = await readdir(cwd)
  await refused(args, { cwd, env }, line)
  expect(await readdir(cwd)).toEqual(before)
})

const contactless = '[[sources]]\nlabel = "a"\nseeds = ["https://example.org/"]\n'

test.each([
  ['the public web without a contact', contactless, /miner\.contact/],
  ['a pattern that is none', `${contactless}include = ["*"]\n`, /sources\[0\]\.include\[0\]/],
  ['a part beyond the whole', '[miner]\nshare = "3/2"\n', /miner\.share/],
  ['one port for two services', '[bridge]\nport = 8710\n', /bridge\.port/],
  ['a data folder on /proc', '[data]\ndir = "/proc/x"\n', /data folder/],
  ['a block list that is a folder', '[miner]\nblock_list = "."\n', /block list "\." cannot be read/],
])('config show refuses what a run refuses: %s', async (_, toml, line) => {
  const cwd = await temporaryFolder()
  await writeFile(join(cwd, 'orrery.toml'), toml)
  for (const args of [
    ['config', 'show'],
    ['miner', 'run', '--once'],
    ['miner', 'run', '--dry-run'],
    ['up', ...(toml.includes('port') ? [] : anyPorts)],
  ])
    await refused(args, { cwd }, line)
  expect(await readdir(cwd)).toEqual(['orrery.toml'])
})

test('refuses a port that is in use, naming it and its setting', async () => {
  const cwd = await temporaryFolder()
  await using server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await refused(['up', '--set', `dataset.port=${port}`], { cwd }, new RegExp(`Port ${port} .*in use.*dataset\\.port`), runProgram)
  expect(await readdir(cwd)).toEqual([])
})

test.each([
  ['a file', (cwd: string) => join(cwd, 'mine')],
  ['a way through a file', (cwd: string) => join(cwd, 'mine', 'data')],
  ['a link that leads nowhere', (cwd: string) => join(cwd, 'dangling')],
  ['a name that is too long', (cwd: string) => join(cwd, 'x'.repeat(300))],
  ['a file system that keeps no files', () => '/proc/x'],
  ['a folder below one', () => '/proc/self/x/y'],
  ['a device', () => '/dev/null'],
])('refuses as data folder %s', async (_, dataOf) => {
  const cwd = await temporaryFolder()
  await writeFile(join(cwd, 'mine'), 'mine')
  await symlink(join(cwd, 'nowhere'), join(cwd, 'dangling'))
  await refused(['up', '--set', `data.dir=${dataOf(cwd)}`, ...anyPorts], { cwd }, /data folder ".*" cannot be used: .*--data/)
  expect((await readdir(cwd)).toSorted()).toEqual(['dangling', 'mine'])
})

test('the same setting by two flags is one where they agree', async () => {
  const cwd = await temporaryFolder()
  const { code, stdout } = await program.run(['config', 'show', '--data', 'here', '--set', 'data.dir=here', '--set', 'run.frozen_at=2026-01-15T12:00:00Z'], {
    cwd,
  })
  expect(code).toBe(0)
  expect(stdout).toMatch(/^dir = "here"$/m)
  expect(stdout).toMatch(/^frozen_at = "2026-01-15T12:00:00Z"$/m)
})

test('help of each command says what it takes, and is no failure', async () => {
  for (const words of [
    ['--help'],
    ['help'],
    ['help', 'miner', 'run'],
    ['miner', 'run', '--help'],
    ['dataset', 'publish', '-h'],
    ['chain', '--help'],
    ['up', '--help'],
  ]) {
    const { code, stdout, stderr } = await program.run(words)
    expect([code, stderr], words.join(' ')).toEqual([0, ''])
    expect(stdout).toContain('--set <key=value>')
  }
})

test.each([
  [['config', 'show'], 0],
  [['doctor', ...anyPorts], 0],
  [['miner', 'run', '--dry-run'], 0],
  [['miner', 'run', '--dry-run', '--seed', 'http://127.0.0.1:9/'], 0],
  [['chain', 'status'], 1],
  [['bridge', 'close'], 1],
  [['dataset', 'publish', '--repo', 'a/b'], 1],
  [['dataset', 'key', 'list'], 1],
  [['scraper', 'explain', 'page.html', '--text'], 0],
  [['scraper', 'rejects'], 0],
])('%j makes no files', async (args, expected) => {
  const cwd = await temporaryFolder()
  await writeFile(join(cwd, 'page.html'), '<p>A page.</p>')
  const { code, stderr } = await program.run(args, { cwd, env: { HF_TOKEN: 'hf_x' } })
  expect(code, stderr).toBe(expected)
  expect(await readdir(cwd)).toEqual(['page.html'])
})

test('chain status is a table on standard output, and nothing else', async () => {
  const data = await temporaryFolder()
  localChain(join(data, 'chain.sqlite'), {
    clock: systemClock(),
    netuid: 13,
    blockMs: 1000,
    tempoBlocks: 20,
    weightsRateLimitBlocks: 5,
    faucet: true,
    loopback: true,
  })[Symbol.asyncDispose]()
  const { code, stdout, stderr } = await program.run(['chain', 'status', '--data', data])
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^subnet 13 of 0x[0-9a-f]{8}…, block \d+, last epoch at /)
  expect(stdout).not.toContain('{"event"')
  expect(await readdir(data)).toEqual(['chain.sqlite'])
})

test('refuses a chain file of a newer version, and leaves it as it is', async () => {
  const cwd = await temporaryFolder()
  const path = join(cwd, 'chain.sqlite')
  const database = new DatabaseSync(path)
  database.exec('create table chain (id integer); pragma user_version = 99')
  database.close()
  await refused(['up', '--data', cwd, ...anyPorts], { cwd }, /chain\.sqlite has version 99.*newer/)
  expect(await readdir(cwd)).toEqual(['chain.sqlite'])
})

test('doctor says what is wrong and changes nothing', async () => {
  const cwd = await temporaryFolder()
  const data = join(cwd, 'not-there')
  const { code, stdout } = await program.run(['doctor', '--data', data, ...anyPorts], { cwd })
  expect(code, stdout).toBe(0)
  expect(existsSync(data)).toBe(false)
})

test('doctor finds wrong what a run refuses', async () => {
  const cwd = await temporaryFolder()
  await writeFile(join(cwd, 'orrery.toml'), contactless)
  const { code, stdout, stderr } = await program.run(['doctor', '--data', '/proc/x', ...anyPorts], { cwd })
  expect([code, stderr]).toEqual([1, ''])
  expect(stdout).toMatch(/^WRONG +sources +.*miner\.contact/m)
  expect(stdout).toMatch(/^WRONG +data folder +.*\/proc\/x/m)
})

test('config show --origin prints each setting and where it came from', async () => {
  const cwd = await temporaryFolder()
  const { code, stdout } = await program.run(['config', 'show', '--origin', '--set', 'miner.concurrency=3'], { cwd, env: { ORRERY_RUN_SEED: '7' } })
  expect(code).toBe(0)
  expect(stdout).toMatch(/concurrency = 3 +# flag/)
  expect(stdout).toMatch(/seed = 7 +# environment ORRERY_RUN_SEED/)
  expect(stdout).toMatch(/port = 8710 +# default/)
})
