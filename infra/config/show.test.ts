import { parse } from 'smol-toml'
import { expect, test } from 'vitest'
import { loadConfig } from './load.ts'
import { showConfig } from './show.ts'

const sources = [
  { label: 'x', seeds: ['https://example.org/'], include: ['https://example.org/*'] },
  { label: 'y', seeds: ['http://[::1]/'], exclude: ['http://*/tag/*'], depth_max: 2, pages_max: 50, headers: { 'accept-language': 'de', 'x!y': '"' } },
]

test('what is shown is TOML that gives the same settings again', () => {
  const loaded = loadConfig({ cwd: '/', env: {}, flags: { sources, 'miner.codec': 'snappy', 'dataset.port': 0 } })
  expect(parse(showConfig(loaded, { origin: false }))).toEqual(JSON.parse(JSON.stringify(loaded.config)))
})

test('with origins, each line says where its value came from', () => {
  const loaded = loadConfig({ cwd: '/', env: { ORRERY_MINER_NAME: 'm' }, flags: { 'run.seed': 5 } })
  const lines = showConfig(loaded, { origin: true }).split('\n')
  expect(lines.find((line) => line.startsWith('seed'))).toMatch(/^seed = 5 +# flag$/)
  expect(lines).toContainEqual(expect.stringMatching(/^name = "m" +# environment ORRERY_MINER_NAME$/))
  expect(lines).toContainEqual(expect.stringMatching(/^# frozen_at is not set +# default$/))
})
