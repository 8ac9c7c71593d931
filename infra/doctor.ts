import { statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { existsSync } from 'node:fs'
import { OrreryError } from '#schemas/errors.ts'
import type { Config } from './config/schema.ts'
import { preflight, type PortWish } from './preflight.ts'
import { chromiumVersion } from './net/browser/chromium-version.ts'
import { findChromium } from './net/browser/find-chromium.ts'
import { duckdbVersion } from './sql/duckdb-version.ts'

export interface Finding {
  what: string
  ok: boolean
  /** What was found, or what is wrong and what to do. */
  detail: string
}

const freeBytesMin = 2 ** 30

/**
 * Looks at everything the program needs on this machine, and leaves nothing behind.
 * @param requireRunnable throws what a run would refuse of the settings
 */
export async function examine(config: Config, ports: readonly PortWish[], requireRunnable: (config: Config) => Promise<void>): Promise<Finding[]> {
  const checks: [string, () => Promise<string>][] = [
    ['Node', async () => `${process.version} at ${process.execPath}`],
    ['DuckDB', async () => `library ${await duckdbVersion()}`],
    ['data folder', () => preflight(config.data.dir).then(() => resolve(config.data.dir))],
    ['free disk', () => freeDisk(config.data.dir)],
    ...ports.map((wish): [string, () => Promise<string>] => [
      `port ${wish.setting}`,
      () => preflight(config.data.dir, [wish]).then(() => (wish.port === 0 ? 'any free one' : `${wish.port} is free`)),
    ]),
    ['browser', () => browserOf(config)],
    ['sources', () => requireRunnable(config).then(() => sourcesOf(config))],
  ]
  return Promise.all(checks.map(([what, check]) => finding(what, check)))
}

async function finding(what: string, check: () => Promise<string>): Promise<Finding> {
  try {
    return { what, ok: true, detail: await check() }
  } catch (error) {
    return { what, ok: false, detail: error instanceof Error ? error.message : String(error) }
  }
}

async function freeDisk(dataDir: string): Promise<string> {
  let path = resolve(dataDir)
  while (!existsSync(path) && dirname(path) !== path) path = dirname(path)
  const { bavail, bsize } = await statfs(path)
  const gigabytes = `${((bavail * bsize) / 2 ** 30).toFixed(1)} GiB free at ${path}`
  if (bavail * bsize < freeBytesMin)
    throw new OrreryError('data_unreadable', `${gigabytes}; less than 1 GiB is not enough for a crawl, name another folder with --data.`, { path })
  return gigabytes
}

/** Without one a crawl goes on; so only a path that was named and leads nowhere is a fault. */
async function browserOf({ browser }: Config): Promise<string> {
  if (browser.enabled === 'off') return 'off (browser.enabled)'
  const path = findChromium(browser.path)
  if (path !== undefined) return `${(await chromiumVersion(path)) ?? 'Chromium of an unknown version'} at ${path}, for pages that need it`
  if (browser.path === '') return 'no Chromium found, so pages are not rendered; install one (Debian: chromium) or name it with browser.path'
  throw new OrreryError('invalid_config', `No Chromium can be run at ${browser.path}; mend browser.path, or leave it empty to look for one.`, {
    setting: 'browser.path',
  })
}

function sourcesOf({ sources, site, miner }: Config): string {
  if (sources.length === 0) return `the embedded web of ${site.root}`
  const seeds = sources.flatMap((source) => source.seeds)
  return `${seeds.length} seeds in ${sources.length} sources; contact ${miner.contact === '' ? 'not set, and none needed for these' : miner.contact}`
}
