import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openBackends } from './backends.ts'
import { loadConfig } from './config/load.ts'
import { createTelemetry } from './telemetry/telemetry.ts'

async function open(flags: Record<string, unknown>) {
  const dataDir = await mkdtemp(join(tmpdir(), 'orrery-backends-'))
  onTestFinished(() => rm(dataDir, { recursive: true }))
  const events: string[] = []
  const telemetry = createTelemetry()
  telemetry.listen(({ name }) => void events.push(name))
  const { config } = loadConfig({
    cwd: '/',
    env: {},
    flags: { 'data.dir': dataDir, 'dataset.port': 0, 'bridge.port': 0, 'access.port': 0, 'site.documents_max': 1, ...flags },
  })
  await using backends = await openBackends(config, '0', telemetry)
  return { hasBrowser: backends.browser !== undefined, events }
}

test('without a Chromium everything else opens, and it is said once', async () => {
  expect(await open({ 'browser.path': '/no/such/chromium' })).toEqual({ hasBrowser: false, events: ['browser.absent'] })
})

test('a Chromium is not missed where none is wanted', async () => {
  expect(await open({ 'browser.path': '/no/such/chromium', 'browser.enabled': 'off' })).toEqual({ hasBrowser: false, events: [] })
  expect(await open({ 'browser.path': '/no/such/chromium', 'run.frozen_at': '2026-01-01T00:00:00Z' })).toEqual({ hasBrowser: false, events: [] })
})
