import { createServer } from 'node:net'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { anyPorts, runProgram } from './program.ts'

/** Refused: exit code ≠ 0, one line on standard error that names the thing and the remedy, nothing on standard output. */
async function refused(args: readonly string[], options: Parameters<typeof runProgram>[1], line: RegExp) {
  const { code, stdout, stderr } = await runProgram(args, options)
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
  ['a time that is none', ['up', '--frozen-at', 'yesterday'], /run\.frozen_at/],
  ['a command that does not exist', ['upp'], /upp/],
])('refuses %s and writes nothing', async (_, args, line, toml?: string) => {
  const cwd = await temporaryFolder()
  if (toml !== undefined) await writeFile(join(cwd, 'orrery.toml'), toml)
  const before = await readdir(cwd)
  await refused(args, { cwd }, line)
  expect(await readdir(cwd)).toEqual(before)
})

test('refuses a port that is in use, naming it and its setting', async () => {
  const cwd = await temporaryFolder()
  await using server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await refused(['up', '--set', `dataset.port=${port}`], { cwd }, new RegExp(`Port ${port} .*in use.*dataset\\.port`))
  expect(await readdir(cwd)).toEqual([])
})

test('refuses a data folder that is a file', async () => {
  const cwd = await temporaryFolder()
  await writeFile(join(cwd, 'data'), 'mine')
  await refused(['up', '--data', join(cwd, 'data'), ...anyPorts], { cwd }, /data folder ".*data" cannot be used: .*no folder.*--data/)
  expect(await readdir(cwd)).toEqual(['data'])
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
  const { code, stdout } = await runProgram(['doctor', '--data', data, ...anyPorts], { cwd })
  expect(code, stdout).toBe(0)
  expect(existsSync(data)).toBe(false)
})

test('config show --origin prints each setting and where it came from', async () => {
  const cwd = await temporaryFolder()
  const { code, stdout } = await runProgram(['config', 'show', '--origin', '--set', 'miner.concurrency=3'], { cwd, env: { ORRERY_RUN_SEED: '7' } })
  expect(code).toBe(0)
  expect(stdout).toMatch(/concurrency = 3 +# flag/)
  expect(stdout).toMatch(/seed = 7 +# environment ORRERY_RUN_SEED/)
  expect(stdout).toMatch(/port = 8710 +# default/)
})
