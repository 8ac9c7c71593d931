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

const source = '[[sources]]\nlabel = "a"\nseeds = ["https://example.org/"]\n'
const other = source.replace('"a"', '"b"')

test.each([
  ['an unknown key', '[miner]\nconcurency = 2\n', /no setting "miner.concurency"; the nearest is "miner.concurrency"/],
  ['an unknown section', '[minner]\nname = "a"\n', /no setting "minner"; the nearest is "miner"/],
  ['a value in place of a section', 'miner = 5\n', /"miner" is a table: write \[miner\]/],
  ['a value of the wrong kind', '[miner]\nconcurrency = "many"\n', /"miner.concurrency" = "many" is refused: expected number/],
  ['a number as text', '[miner]\nconcurrency = "4"\n', /"miner.concurrency" = "4" is refused: expected number/],
  ['a value out of range', '[dataset]\nport = 70000\n', /"dataset.port" = 70000 is refused/],
  ['a negative number', '[miner]\nhost_delay_ms = -1\n', /"miner.host_delay_ms" = -1 is refused/],
  ['what is no number', '[miner]\nhost_delay_factor = nan\n', /"miner.host_delay_factor" = NaN is refused/],
  ['what is no TOML', 'miner = [\n', /line \d+: this is no TOML/],
  ['a key that is there twice', '[run]\nseed = 1\nseed = 2\n', /line 3: this is no TOML/],
  ['a part beyond the whole', '[miner]\nshare = "3/2"\n', /"miner.share" = "3\/2" is refused: a part beyond the whole/],
  ['a contact that is no header', '[miner]\ncontact = "müller"\n', /"miner.contact" = "müller" is refused/],
  ['a DNS server by its name', '[miner]\ndns_servers = ["[::1]:53", "1.2.3"]\n', /"miner.dns_servers\[1\]" = "1.2.3" is refused: like 192.0.2.1/],
  ['a date where none is wanted', '[miner]\nname = 2026-01-15\n', /"miner.name" = "2026-01-15" is refused: expected string/],
  ['a time without its zone', '[run]\nfrozen_at = 2026-01-15T12:00:00\n', /"run.frozen_at" = "2026-01-15T12:00:00.000" is refused: no time with its zone/],
  ['a time without its day', '[run]\nfrozen_at = 12:00:00\n', /"run.frozen_at" = "12:00:00.000" is refused: no time with its zone/],
  ['a seed that is no URL', source.replace('https://example.org/', 'not a url'), /"sources\[0\].seeds\[0\]" = "not a url" is refused: no web address/],
  ['a seed without scheme', source.replace('https://', ''), /"sources\[0\].seeds\[0\]" = "example.org\/" is refused: no web address/],
  ['a seed with a password', source.replace('https://', 'https://me:secret@'), /"sources\[0\].seeds\[0\]" = .* is refused: no web address/],
  ['a seed of another scheme', source.replace('https', 'ftp'), /"sources\[0\].seeds\[0\]" = "ftp:\/\/example.org\/" is refused/],
  [
    'a pattern that is none',
    `${source}${other}include = ["https://example.org/*", "*"]\n`,
    /"sources\[1\].include\[1\]" = "\*" is refused: no URL pattern; write one like/,
  ],
  ['an exclude that is none', `${source}exclude = ["/tag/"]\n`, /"sources\[0\].exclude\[0\]" = "\/tag\/" is refused: no URL pattern/],
  ['a seed that its own source leaves out', `${source}exclude = ["https://example.org/"]\n`, /"sources\[0\].seeds\[0\]" = .* is refused: the exclude pattern/],
  ['one port for two services', '[dataset]\nport = 8000\n[bridge]\nport = 8000\n', /"bridge.port" = 8000 is refused: it is dataset.port too/],
  ['a default port for two services', '[dataset]\nport = 8720\nhost = "0.0.0.0"\n', /"bridge.port" is refused: it is dataset.port too/],
  ['a shortest time beyond the longest', '[miner]\nrevisit_min_seconds = 5000000\n', /"miner.revisit_min_seconds" = 5000000 is refused: it is more than/],
  ['no seeds', source.replace('"https://example.org/"', ''), /"sources\[0\].seeds" = \[\] is refused/],
  ['a source without its label', '[[sources]]\nseeds = ["https://example.org/"]\n', /"sources\[0\].label" is missing/],
  [
    'an unknown key in a source',
    `${source}${other}includes = ["https://example.org/*"]\n`,
    /no setting "sources\[1\].includes"; the nearest is "sources\[1\].include"/,
  ],
  [
    'an unknown key far down',
    `${source}[sources.quality.c4]\nenable = true\n`,
    /no setting "sources\[0\].quality.c4.enable"; the nearest is "sources\[0\].quality.c4.enabled"/,
  ],
  ['a wrong value far down', `${source}[sources.quality.c4]\nsentences_min = "x"\n`, /"sources\[0\].quality.c4.sentences_min" = "x" is refused/],
  ['one label twice', source + source, /"sources\[1\].label" = "a" is refused: sources\[0\] has this label/],
  ['one label twice in other letters', source + source.replace('"a"', '"A"'), /"sources\[1\].label" = "A" is refused: sources\[0\] has this label/],
  ['a table in place of sources', '[sources]\nlabel = "a"\n', /"sources" = .* is refused: expected array/],
  [
    'a header that is the own one of the crawler',
    `${source}headers = { User-Agent = "x" }\n`,
    /"sources\[0\].headers.User-Agent" = "x" is refused: the crawler sets/,
  ],
  ['a header that lets one in', `${source}headers = { cookie = "x" }\n`, /"sources\[0\].headers.cookie" = "x" is refused: a job is public/],
  ['a header of two lines', `${source}headers = { x = "a\\r\\nb" }\n`, /"sources\[0\].headers.x" = .* is refused: printable ASCII only/],
  ['a header twice', `${source}headers = { x = "a", X = "b" }\n`, /"sources\[0\].headers" = .* is refused: one header twice/],
  ['a depth below zero', `${source}depth_max = -1\n`, /"sources\[0\].depth_max" = -1 is refused/],
  ['no pages at all', `${source}pages_max = 0\n`, /"sources\[0\].pages_max" = 0 is refused/],
])('refuses %s in one line that names it', async (_, toml, message) => {
  await using here = await folder(toml)
  const error = thrownBy(() => loadConfig({ cwd: here.cwd, env: {} }))
  expect(error).toMatchObject({ code: 'invalid_config', exitCode: 2, message: expect.stringMatching(message) })
  expect(String(error)).not.toContain('\n')
})

test.each([
  ['2026-01-15T12:00:00Z', '2026-01-15T12:00:00Z'],
  ['2026-01-15T13:00:00+01:00', '2026-01-15T12:00:00Z'],
  ['2026-01-15 12:00:00Z', '2026-01-15T12:00:00Z'],
  ['2026-01-15', '2026-01-15T00:00:00Z'],
  ['"2026-01-15T12:00:00Z"', '2026-01-15T12:00:00Z'],
])('a date of TOML is a date: %s', async (written, meant) => {
  await using here = await folder(`[run]\nfrozen_at = ${written}\n`)
  expect(Date.parse(loadConfig({ cwd: here.cwd, env: {} }).config.run.frozen_at ?? '')).toBe(Date.parse(meant))
})

test('a day is its beginning in UTC on the command line too', () => {
  expect(loadConfig({ cwd: '/', env: {}, flags: { 'run.frozen_at': '2026-01-15' } }).config.run.frozen_at).toBe('2026-01-15T00:00:00Z')
})

test('reads what editors of other systems write', async () => {
  await using here = await folder('\uFEFF[run]\r\nseed = 5\r\n')
  expect(loadConfig({ cwd: here.cwd, env: {} }).config.run.seed).toBe(5)
})

test('the name of a table is no setting', () => {
  expect(() => loadConfig({ cwd: '/', env: {}, flags: { miner: '5' } })).toThrow(/"miner" is a table; name a setting of it, like miner.name/)
})

test('a source without patterns takes all pages of the hosts of its seeds', async () => {
  await using here = await folder('[[sources]]\nlabel = "a"\nseeds = ["https://example.org/a", "https://example.org/b", "http://[::1]:8080/"]\n')
  const [found] = loadConfig({ cwd: here.cwd, env: {} }).config.sources
  const takes = (url: string) => found?.include.some((pattern) => new URLPattern(pattern).test(url))
  expect(['https://example.org/c/d?e', 'http://[::1]:8080/x', 'https://example.net/', 'http://[::1]/'].map(takes)).toEqual([true, true, false, false])
})

test('text of the environment and of flags is what its setting is', () => {
  const env = { ORRERY_MINER_OBEY_RIGHTS: 'false', ORRERY_MINER_PORTS: '[80]', ORRERY_RUN_SEED: '7' }
  const { config } = loadConfig({ cwd: '/', env, flags: { 'miner.warc': 'true', 'miner.contact': 'true' } })
  expect(config.miner).toMatchObject({ obey_rights: false, ports: [80], warc: true, contact: 'true' })
  expect(() => loadConfig({ cwd: '/', env: {}, flags: { 'miner.warc': 'yes' } })).toThrow(/"miner.warc" = "yes" is refused: expected boolean/)
  expect(() => loadConfig({ cwd: '/', env: { ORRERY_RUN_SEED: 'NaN' } })).toThrow(/environment ORRERY_RUN_SEED: "run.seed" = "NaN" is refused/)
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
