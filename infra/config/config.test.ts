import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from './load.ts'
import { configReference } from './reference.ts'

async function folder(toml?: string) {
  const cwd = await mkdtemp(join(tmpdir(), 'orrery-config-'))
  if (toml !== undefined) await writeFile(join(cwd, 'orrery.toml'), toml)
  return { cwd, [Symbol.asyncDispose]: () => rm(cwd, { recursive: true }) }
}

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

test('has a default for every setting that needs one', async () => {
  await using here = await folder()
  const { config, origins } = loadConfig({ cwd: here.cwd, env: {} })
  expect(config.miner.host_delay_ms).toBe(1000)
  expect(new Set(origins.values())).toEqual(new Set(['default']))
})

test('takes flags before environment before file before defaults', async () => {
  await using here = await folder('[miner]\nconcurrency = 2\nhost_delay_ms = 20\npage_bytes_max = 200\n')
  const env = { ORRERY_MINER_HOST_DELAY_MS: '30', ORRERY_MINER_PAGE_BYTES_MAX: '300' }
  const { config, origins } = loadConfig({ cwd: here.cwd, env, flags: { 'miner.page_bytes_max': '400' } })
  expect(config.miner).toMatchObject({ concurrency: 2, host_delay_ms: 30, page_bytes_max: 400 })
  expect(origins.get('miner.concurrency')).toBe(`file ${join(here.cwd, 'orrery.toml')}`)
  expect(origins.get('miner.host_delay_ms')).toBe('environment ORRERY_MINER_HOST_DELAY_MS')
  expect(origins.get('miner.page_bytes_max')).toBe('flag')
})

test('takes a list of sources from the file', async () => {
  await using here = await folder('[[sources]]\nlabel = "news"\nseeds = ["https://example.org/"]\ninclude = ["https://example.org/*"]\n')
  expect(loadConfig({ cwd: here.cwd, env: {} }).config.sources).toHaveLength(1)
})

test.each([
  ['an unknown key', '[miner]\nconcurency = 2\n', /no setting "miner.concurency"; the nearest is "miner.concurrency"/],
  ['an unknown section', '[minner]\nname = "a"\n', /no setting "minner"/],
  ['a value of the wrong kind', '[miner]\nconcurrency = "many"\n', /"miner.concurrency" = "many" is refused/],
  ['a value out of range', '[dataset]\nport = 70000\n', /"dataset.port" = 70000 is refused/],
  ['a seed that is no URL', '[[sources]]\nlabel = "x"\nseeds = ["not a url"]\ninclude = ["*"]\n', /"sources.0.seeds.0"/],
  ['what is no TOML', 'miner = [\n', /line \d+: this is no TOML/],
])('refuses %s in one line that names it', async (_, toml, message) => {
  await using here = await folder(toml)
  const error = thrownBy(() => loadConfig({ cwd: here.cwd, env: {} }))
  expect(error).toMatchObject({ code: 'invalid_config', exitCode: 2, message: expect.stringMatching(message) })
  expect(String(error)).not.toContain('\n')
})

test('refuses an unknown ORRERY_ variable with the nearest valid name', async () => {
  await using here = await folder()
  expect(() => loadConfig({ cwd: here.cwd, env: { ORRERY_MINER_NAM: 'x' } })).toThrow(/nearest is "ORRERY_MINER_NAME"/)
})

test('refuses a configuration file that was named and is not there', async () => {
  await using here = await folder()
  expect(() => loadConfig({ cwd: here.cwd, env: {}, file: 'missing.toml' })).toThrow(/missing.toml" cannot be read \(ENOENT\)/)
})

test('the checked-in config reference is current (npm run schemas)', async () => {
  expect(await readFile(new URL('REFERENCE.md', import.meta.url), 'utf8')).toBe(configReference())
})
