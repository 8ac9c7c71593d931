import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../conformance/temporary-folder.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')
const launcher = join(root, 'orrery')

/** As on a machine whose own Node is another, or where there is none. */
const env = { PATH: '/usr/bin:/bin', HOME: '/nowhere' }

test('starts from any folder, by its name and by links to it, with what it was given', async () => {
  const cwd = join(await temporaryFolder(), 'a folder — and a half')
  await mkdir(join(cwd, 'bin'), { recursive: true })
  await symlink(launcher, join(cwd, 'bin', 'absolute'))
  await symlink('absolute', join(cwd, 'bin', 'relative'))
  for (const command of [launcher, join(cwd, 'bin', 'absolute'), './bin/relative']) {
    const { stdout, stderr } = await run(command, ['config', 'show', '--set', 'miner.contact=a  "b" $c'], { cwd, env })
    expect([stdout.includes(String.raw`contact = "a  \"b\" $c"`), stderr], command).toEqual([true, ''])
  }
})

test('keeps exit codes', async () => {
  await expect(run(launcher, ['upp'], { env })).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('nearest: up') })
})

test('is the program itself: a signal to it needs nobody to pass it on', async () => {
  const cwd = await temporaryFolder()
  const child = spawn(launcher, ['dataset', 'serve', '--set', 'dataset.port=0', '--set', 'site.documents_max=1'], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  expect(await once(child, 'close')).toEqual([0, null])
})

test('says in one line that npm ci comes first', async () => {
  const elsewhere = await temporaryFolder()
  await mkdir(join(elsewhere, 'infra'))
  await copyFile(launcher, join(elsewhere, 'orrery'))
  await copyFile(join(root, 'infra/launch.mjs'), join(elsewhere, 'infra/launch.mjs'))
  await expect(run(join(elsewhere, 'orrery'), ['up'], { env })).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^orrery: [^\n]*"npm ci" in [^\n]*\n$/),
  })
})

test('the memory of its threads is kept in two pieces, unless somebody says otherwise', async () => {
  const elsewhere = await temporaryFolder()
  await mkdir(join(elsewhere, 'infra'))
  await copyFile(launcher, join(elsewhere, 'orrery'))
  await writeFile(join(elsewhere, 'infra/launch.mjs'), 'console.log(process.env.MALLOC_ARENA_MAX)')
  const said = async (more: Record<string, string>) => (await run(join(elsewhere, 'orrery'), [], { env: { ...env, ...more } })).stdout.trim()
  expect([await said({}), await said({ MALLOC_ARENA_MAX: '4' })]).toEqual(['2', '4'])
})
