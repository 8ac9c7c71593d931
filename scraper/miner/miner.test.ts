import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { localChain } from '#infra/chain/local.ts'
import { ensureWallet } from '#infra/chain/wallet.ts'
import { frozenClock, systemClock } from '#infra/clock.ts'
import { Config } from '#infra/config/schema.ts'
import { sqliteCatalog } from '#infra/engine/sqlite/catalog.ts'
import { sqliteFrontier } from '#infra/engine/sqlite/frontier.ts'
import { sqliteQueue } from '#infra/engine/sqlite/queue.ts'
import { createHttp } from '#infra/net/http.ts'
import { folderStore } from '#infra/store/folder.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import type { Clock } from '#schemas/clock.ts'
import { jobId, type DesirabilityJob } from '#schemas/desirability.ts'
import { lineage } from '#schemas/manifest.ts'
import { openSite, type Page, type Site } from '#test/site/site.ts'
import { openMiner, type CycleReport } from './miner.ts'

const frozenAt = Date.UTC(2026, 0, 15)

interface Setting {
  concurrency?: number
  pages?: number
  reproducible?: boolean
  contact?: string
  pace?: Clock
  jobs?: DesirabilityJob[]
}

function job(label: string, seeds: string[], include: string[], weight = 1): DesirabilityJob {
  const params = { keyword: null, platform: 'web', label, post_start_datetime: null, post_end_datetime: null } as const
  return { id: jobId(params), weight, params, web: { seeds, include } }
}

/** A miner on embedded backends in a folder of its own. */
async function openBench(site: Site, setting: Setting = {}) {
  const stack = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(tmpdir(), 'orrery-miner-'))
  stack.defer(() => rm(dataDir, { recursive: true }))
  const pace = setting.pace ?? systemClock()
  const file = (name: string) => join(dataDir, `${name}.sqlite`)
  const catalog = stack.use(sqliteCatalog(file('catalog')))
  const frontier = stack.use(sqliteFrontier(file('frontier'), { clock: pace }))
  const documents = stack.use(sqliteQueue(file('queue'), 'documents', { clock: pace }))
  const chain = stack.use(localChain(file('chain'), { clock: systemClock(), netuid: 13, blockMs: 1000, tempoBlocks: 20, weightsRateLimitBlocks: 5 }))
  const http = stack.use(createHttp({ userAgent: 'Orrery/0', timeoutMs: 5000, bytesMax: 1 << 20, hosts: site.hosts }))
  const telemetry = createTelemetry()
  const jobs = setting.jobs ?? [job('all', ['http://a.localhost/'], ['http://*.localhost/*'])]
  await catalog.commit(lineage.desirability, undefined, { kind: 'desirability', parent: null, jobs, evidence: [], caused_by: null })
  const settings = Config.shape.miner.parse({
    pages_per_cycle: setting.pages ?? 100,
    concurrency: setting.concurrency ?? 8,
    host_delay_ms: 0,
    timeout_seconds: 5,
    contact: setting.contact ?? '',
  })
  const wallet = await ensureWallet(join(dataDir, 'wallets'), 'miner-1', { seed: 1 })
  const origin = { code_version: '0', config_sha256: '0'.repeat(64) }
  const store = folderStore(join(dataDir, 'store'))
  const miner = stack.use(
    await openMiner({
      ...wallet,
      settings,
      frontier,
      documents,
      store,
      catalog,
      chain,
      http,
      pace,
      facts: frozenClock(frozenAt),
      telemetry,
      origin,
      dataDir,
      reproducible: setting.reproducible ?? true,
    }),
  )
  return {
    miner,
    frontier,
    documents,
    telemetry,
    store,
    catalog,
    dataDir,
    cycle: (signal = new AbortController().signal) => miner.cycle(signal),
    rejects: async () =>
      (await readFile(join(dataDir, 'rejects', 'miner-1.jsonl'), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const prose = (topic: string, salt: number): string =>
  Array.from(
    { length: 30 },
    (_, i) => `The ${topic} number ${(i * 7919 + salt * 104_729) % 997} of the garden was seen with ${topic}${salt}x${i} and that is what we have.`,
  ).join(' ')
const html = (topic: string, salt: number, links: readonly string[]): string =>
  `<html lang="en"><head><title>${topic} ${salt}</title></head><body><main><h1>${topic}</h1><p>${prose(topic, salt)}</p>${links.map((link) => `<a href="${link}">more</a>`).join(' ')}</main></body></html>`

/** Hosts whose pages link to each other, in a tree, so that what is known depends on what was visited. */
function forest(hosts: number, pages: number, jitter: (key: string) => number): Record<string, Record<string, Page>> {
  return Object.fromEntries(
    Array.from({ length: hosts }, (_, h) => {
      const paths = Array.from({ length: pages }, (_, i): [string, Page] => {
        const links = [2 * i + 1, 2 * i + 2].filter((n) => n < pages).map((n) => `/p${n}.html`)
        if (i === 0 && h + 1 < hosts) links.push(`http://${hostName(h + 1)}/`)
        links.push(`http://${hostName((h * 3 + i) % hosts)}/p${1 + ((i * 5) % (pages - 1))}.html`)
        const page: Page = async (response, request) => {
          for (let turn = jitter(`${request.host}${request.path}`); turn > 0; turn--) await new Promise(setImmediate)
          response.writeHead(200, { 'content-type': 'text/html', etag: `"${h}-${i}"` }).end(html(`topic${h}`, h * 100 + i, links))
        }
        return [i === 0 ? '/' : `/p${i}.html`, page]
      })
      return [hostName(h), Object.fromEntries(paths)]
    }),
  )
}
const hostName = (h: number): string => `${String.fromCharCode(97 + h)}.localhost`

async function documentsOf({ store }: { store: ReturnType<typeof folderStore> }): Promise<string[]> {
  const objects: string[] = []
  for await (const { key } of store.list('')) objects.push(key)
  return objects
}

test('a cycle visits pages, keeps documents, writes a shard, an index and the commitment', async () => {
  await using site = await openSite(forest(3, 30, () => 0))
  await using bench = await openBench(site)
  const report = await bench.cycle()
  expect(report).toMatchObject({ cycle: 1, visits: { stored: 90, rejected: 0, failed: 0 }, documents: 90 })
  expect(report.snapshot).toMatchObject({ arrived: 90, kept: 90, committed: true })
  expect(await bench.documents.stats()).toMatchObject({ waiting: 0, leased: 0, done: 90 })
})

test('the same site gives the same pages and the same bytes, whatever the concurrency and whoever answers first', async () => {
  const runs: { report: CycleReport; objects: string[]; visited: string[] }[] = []
  for (const [concurrency, jitter] of [
    [1, () => 0],
    [3, (key: string) => key.length % 3],
    [16, (key: string) => (key.charCodeAt(0) * 7 + key.length * 3) % 11],
  ] as const) {
    await using site = await openSite(forest(6, 30, jitter))
    await using bench = await openBench(site, { concurrency, pages: 70 })
    const report = await bench.cycle()
    const visited = site.requests
      .map(({ host, path }) => host + path)
      .filter((url) => !url.endsWith('robots.txt'))
      .sort()
    runs.push({ report, objects: await documentsOf(bench), visited })
  }
  expect(runs[0]?.visited.length).toBe(70)
  expect(runs[1]).toEqual({ ...runs[0], report: { ...runs[1]?.report } })
  expect(runs[2]?.visited).toEqual(runs[0]?.visited)
  expect(runs[2]?.objects).toEqual(runs[0]?.objects)
  expect(runs[0]?.objects.length).toBeGreaterThan(1)
})
