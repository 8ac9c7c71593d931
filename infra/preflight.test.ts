import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { loadConfig } from './config/load.ts'
import { examine } from './doctor.ts'
import { preflight, servicePorts } from './preflight.ts'

async function folder() {
  const path = await mkdtemp(join(tmpdir(), 'orrery-preflight-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

const settings = (flags: Record<string, unknown> = {}) =>
  loadConfig({ cwd: '/', env: {}, flags: { 'dataset.port': 0, 'bridge.port': 0, 'access.port': 0, ...flags } }).config

test('passes for a folder that is not there yet, and makes none', async () => {
  await using here = await folder()
  await preflight(join(here.path, 'a', 'b'), Object.values(servicePorts(settings())))
  expect(await readdir(here.path)).toEqual([])
})

test('refuses a path that leads through a file', async () => {
  await using here = await folder()
  await writeFile(join(here.path, 'file'), '')
  await expect(preflight(join(here.path, 'file', 'data'))).rejects.toMatchObject({ code: 'data_unreadable', message: expect.stringContaining('--data') })
})

test('refuses a data folder in which a file stands for a folder', async () => {
  for (const name of ['store', 'rejects', 'claims', 'wallets']) {
    await using here = await folder()
    await writeFile(join(here.path, name), '')
    await expect(preflight(here.path)).rejects.toMatchObject({ code: 'data_unreadable', message: expect.stringMatching(new RegExp(`${name}" is no folder`)) })
  }
})

test('leaves nothing of what it tried', async () => {
  await using here = await folder()
  await preflight(here.path)
  await preflight(join(here.path, 'a', 'b'))
  expect(await readdir(here.path)).toEqual([])
})

test('refuses databases of another program and of a newer version', async () => {
  await using here = await folder()
  await writeFile(join(here.path, 'ledger.sqlite'), 'no database at all, but long enough to be looked at; '.repeat(4))
  await expect(preflight(here.path)).rejects.toMatchObject({ code: 'data_unreadable', message: expect.stringContaining('ledger.sqlite') })
  await rm(join(here.path, 'ledger.sqlite'))
  const newer = new DatabaseSync(join(here.path, 'queue.sqlite'))
  newer.exec('create table messages (id integer); pragma user_version = 99')
  newer.close()
  await expect(preflight(here.path)).rejects.toMatchObject({ code: 'newer_version', message: expect.stringContaining('queue.sqlite') })
})

test('looks at the databases in the folder of hosts too', async () => {
  await using here = await folder()
  await writeFile(join(here.path, 'hosts'), '')
  await expect(preflight(here.path)).rejects.toMatchObject({ code: 'data_unreadable', message: expect.stringContaining('hosts') })
  await rm(join(here.path, 'hosts'))
  await mkdir(join(here.path, 'hosts'))
  await writeFile(join(here.path, 'hosts', 'miner-1.sqlite'), 'no database at all, but long enough to be looked at; '.repeat(4))
  await expect(preflight(here.path)).rejects.toMatchObject({ code: 'data_unreadable', message: expect.stringContaining('miner-1.sqlite') })
})

test('the doctor finds the port that is taken, and says it is the only trouble', async () => {
  await using here = await folder()
  await using server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const config = settings({ 'data.dir': here.path, 'bridge.port': port })
  const findings = await examine(config, Object.values(servicePorts(config)), () => Promise.resolve())
  expect(findings.filter(({ ok }) => !ok)).toEqual([{ what: 'port bridge.port', ok: false, detail: expect.stringContaining(String(port)) }])
})
