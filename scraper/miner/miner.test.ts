import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
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
  hostDelayMs?: number
  timeoutMs?: number
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
  const http = stack.use(
    createHttp({
      userAgent: 'Orrery/0',
      timeoutMs: setting.timeoutMs ?? 5000,
      bytesMax: 1 << 20,
      hosts: setting.hostDelayMs === undefined ? site.hosts : undefined,
      allowPrivate: [site.origin],
    }),
  )
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
  await using site = await openSite(forest(2, 24, () => 0))
  await using bench = await openBench(site)
  const report = await bench.cycle()
  expect(report).toMatchObject({ cycle: 1, visits: { stored: 48, rejected: 0, failed: 0 }, documents: 48 })
  expect(report.snapshot).toMatchObject({ arrived: 48, kept: 48, committed: true })
  expect(await bench.documents.stats()).toMatchObject({ waiting: 0, leased: 0, done: 48 })
})

test('the same site gives the same pages and the same bytes, whatever the concurrency and whoever answers first', async () => {
  const runs: { report: CycleReport; objects: string[]; visited: string[] }[] = []
  for (const [concurrency, jitter] of [
    [1, () => 0],
    [3, (key: string) => key.length % 3],
    [16, (key: string) => (key.charCodeAt(0) * 7 + key.length * 3) % 11],
  ] as const) {
    await using site = await openSite(forest(5, 16, jitter))
    await using bench = await openBench(site, { concurrency, pages: 40 })
    const report = await bench.cycle()
    const visited = site.requests
      .map(({ host, path }) => host + path)
      .filter((url) => !url.endsWith('robots.txt'))
      .sort()
    runs.push({ report, objects: await documentsOf(bench), visited })
  }
  expect(runs[0]?.visited.length).toBe(40)
  expect(runs[1]).toEqual({ ...runs[0], report: { ...runs[1]?.report } })
  expect(runs[2]?.visited).toEqual(runs[0]?.visited)
  expect(runs[2]?.objects).toEqual(runs[0]?.objects)
  expect(runs[0]?.objects.length).toBeGreaterThan(1)
})

/** A clock that does not wait: what sleeps wakes at once, later. */
function leapingClock(): Clock & { leap(ms: number): void } {
  let now = Date.UTC(2026, 0, 20)
  return {
    now: () => now,
    leap: (ms) => void (now += ms),
    async sleep(durationMs, signal) {
      signal?.throwIfAborted()
      await new Promise(setImmediate)
      now += Math.max(0, durationMs)
    },
  }
}

type Answer = Exclude<Page, string>

const send =
  (body: string | Uint8Array, headers: Record<string, string> = {}, status = 200): Answer =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body)
const good = (salt: number, links: readonly string[] = []) => html('page', salt, links)
const reasonsOf = async (bench: { rejects(): Promise<{ subject: string; reason: string }[]> }) =>
  Object.fromEntries((await bench.rejects()).map(({ subject, reason }) => [new URL(subject).pathname, reason]))

test('a hostile web: every URL ends with its reason, and the good pages are kept', async () => {
  const pages: Record<string, Page> = {
    '/bomb': send(gzipSync(Buffer.alloc(4 << 20)), { 'content-encoding': 'gzip' }),
    '/broken-gzip': send('not gzip', { 'content-encoding': 'gzip' }),
    '/huge': send(Buffer.alloc((1 << 20) + 1)),
    '/loop': send('', { location: '/loop' }, 302),
    '/private': send('', { location: 'http://169.254.169.254/latest/meta-data/' }, 302),
    '/file': send('', { location: 'file:///etc/passwd' }, 302),
    '/binary': send(Buffer.alloc(1000, 255), { 'content-type': 'application/octet-stream' }),
    '/bytes': send(Buffer.from([0x3c, 0x70, 0x3e, 0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80]), { 'content-type': 'text/html; charset=utf-8' }),
    '/deep': send('<div>'.repeat(100_000)),
    '/short': (response) =>
      void response.writeHead(200, { 'content-type': 'text/html', 'content-length': '1000' }).write('short', () => response.socket?.destroy()),
    '/reset': (response) => void response.socket?.destroy(),
    '/slow': () => undefined,
    '/gone': send('gone', {}, 410),
    '/error': send('oops', {}, 500),
    '/headers': send('x', { 'x-long': 'y'.repeat(40_000) }),
  }
  const links = [...Object.keys(pages), '/good', `/${'a'.repeat(100_000)}`, 'javascript:void(0)', 'http://[::1]/', '//0x7f000001/x']
  await using site = await openSite({ 'a.localhost': { '/': good(1, links), '/good': good(2), ...pages } })
  const pace = leapingClock()
  await using bench = await openBench(site, { pace, timeoutMs: 250 })
  const report = await bench.cycle()
  // Trouble of the way there is tried three times, later each time: beyond what a cycle waits for.
  for (let again = 0; again < 6; again++) {
    pace.leap(60_000)
    await bench.cycle()
  }
  expect(await reasonsOf(bench)).toEqual({
    '/bomb': 'too_large',
    '/broken-gzip': 'bad_encoding',
    '/huge': 'too_large',
    '/loop': 'redirect_loop',
    '/private': 'redirected',
    '/file': 'redirected',
    '/binary': 'not_html',
    '/bytes': 'gopher_too_short',
    '/deep': 'too_deep',
    '/short': 'connection_failed',
    '/reset': 'connection_failed',
    '/slow': 'timeout',
    '/gone': 'http_410',
    '/error': 'http_500',
    '/headers': 'headers_too_large',
  })
  expect(report.visits.stored).toBe(2)
  expect(site.paths('a.localhost').filter((path) => path === '/reset')).toHaveLength(3)
})

test('429 with Retry-After holds the whole host that long, then the page is asked again', async () => {
  const pace = leapingClock()
  const asked: { path: string; at: number }[] = []
  const note =
    (page: Page): Page =>
    (response, request) => {
      asked.push({ path: request.path, at: pace.now() })
      return typeof page === 'string' ? void response.writeHead(200, { 'content-type': 'text/html' }).end(page) : page(response, request)
    }
  let refusals = 1
  const busy: Page = (response, request) => (refusals-- > 0 ? send('', { 'retry-after': '7' }, 429)(response, request) : send(good(2))(response, request))
  await using site = await openSite({ 'a.localhost': { '/': note(send(good(1, ['/b', '/c']))), '/b': note(busy), '/c': note(send(good(3))) } })
  await using bench = await openBench(site, { pace })
  expect((await bench.cycle()).visits).toMatchObject({ stored: 3 })
  expect(asked.map(({ path }) => path)).toEqual(['/', '/b', '/b', '/c'])
  expect((asked[2]?.at ?? 0) - (asked[1]?.at ?? 0)).toBeGreaterThanOrEqual(7000)
})

test('a host rests between two requests, as long as robots.txt asks', async () => {
  const pace = leapingClock()
  const asked: number[] = []
  const note =
    (body: string): Page =>
    (response) => {
      asked.push(pace.now())
      response.writeHead(200, { 'content-type': 'text/html' }).end(body)
    }
  await using site = await openSite({
    '127.0.0.1': { '/robots.txt': 'User-agent: *\nCrawl-delay: 3\nDisallow: /never', '/': note(good(1, ['/b', '/never'])), '/b': note(good(2)) },
  })
  await using bench = await openBench(site, { pace, hostDelayMs: 1000, jobs: [job('all', [`${site.origin}/`], [`${site.origin}/*`])] })
  expect((await bench.cycle()).visits).toMatchObject({ stored: 2 })
  expect((asked[1] ?? 0) - (asked[0] ?? 0)).toBeGreaterThanOrEqual(3000)
  expect(await reasonsOf(bench)).toEqual({ '/never': 'robots_disallowed' })
  expect(site.paths('127.0.0.1')).not.toContain('/never')
})

const versioned =
  (etag: string, body: string): Page =>
  (response, request) =>
    request.headers['if-none-match'] === etag ? void response.writeHead(304, { etag }).end() : send(body, { etag })(response, request)

test('a second cycle asks conditionally, and stores again only what has changed', async () => {
  const pace = leapingClock()
  await using site = await openSite({ 'a.localhost': { '/': versioned('"1"', good(1, ['/b'])), '/b': versioned('"1"', good(2)) } })
  await using bench = await openBench(site, { pace })
  await bench.cycle()
  site.set('a.localhost', { '/b': versioned('"2"', good(3)) })
  pace.leap(3_700_000)
  const second = await bench.cycle()
  expect(second).toMatchObject({ cycle: 2, visits: { stored: 1, unchanged: 1 } })
  expect(site.requests.slice(-2).map(({ headers }) => headers['if-none-match'])).toEqual(['"1"', '"1"'])
})

test('what a page asks is obeyed: noindex is not kept, nofollow leads nowhere, robots.txt names sitemaps', async () => {
  await using site = await openSite({
    'a.localhost': {
      '/robots.txt': 'Sitemap: /map.xml',
      '/map.xml': '<urlset><url><loc>http://a.localhost/listed</loc></url><url><loc>http://elsewhere.example/</loc></url></urlset>',
      '/': good(1, ['/noindex', '/nofollow']),
      '/noindex': send(good(2, ['/behind-noindex']), { 'x-robots-tag': 'noindex' }),
      '/nofollow': `<meta name="robots" content="nofollow">${good(3, ['/behind-nofollow'])}`,
      '/behind-noindex': good(4),
      '/behind-nofollow': good(5),
      '/listed': good(6),
    },
  })
  await using bench = await openBench(site)
  expect(await bench.cycle()).toMatchObject({ visits: { stored: 4, rejected: 1 }, sitemaps: 1 })
  expect(await reasonsOf(bench)).toEqual({ '/noindex': 'noindex' })
  expect(site.paths('a.localhost')).not.toContain('/behind-nofollow')
})

test('a cycle that is cut off gives its claims back; the next start goes on with it and keeps nothing twice', async () => {
  const stop = new AbortController()
  const web = forest(3, 12, () => 0)
  let answers = 0
  const counted = Object.fromEntries(
    Object.entries(web).map(([host, pages]) => [
      host,
      Object.fromEntries(
        Object.entries(pages).map(([path, page]): [string, Page] => [
          path,
          (response, request) => {
            if (++answers === 15) stop.abort(new Error('stop'))
            return typeof page === 'string' ? undefined : page(response, request)
          },
        ]),
      ),
    ]),
  )
  await using site = await openSite(counted)
  await using bench = await openBench(site, { reproducible: false })
  await expect(bench.cycle(stop.signal)).rejects.toThrow('stop')
  const { labels } = await bench.frontier.stats()
  expect(labels['all']?.leased).toBe(0)
  const report = await bench.cycle()
  expect(report).toMatchObject({ cycle: 1, snapshot: { arrived: 36, kept: 36 } })
})

test('what one label cannot use goes to the others', async () => {
  const web = forest(1, 30, () => 0)
  await using site = await openSite({ ...web, 'rare.localhost': { '/': good(500) } })
  const jobs = [job('rare', ['http://rare.localhost/'], ['http://rare.localhost/*']), job('common', ['http://a.localhost/'], ['http://*.localhost/*'])]
  await using bench = await openBench(site, { jobs, pages: 20 })
  expect(await bench.cycle()).toMatchObject({ targets: { rare: 1, common: 19 }, visits: { stored: 20 } })
})

test('the public web is not asked without a contact', async () => {
  await using site = await openSite({ 'a.localhost': {} })
  await using bench = await openBench(site, { jobs: [job('all', ['https://example.org/'], ['https://example.org/*'])] })
  await expect(bench.cycle()).rejects.toMatchObject({ code: 'invalid_config', message: expect.stringContaining('miner.contact') })
  expect(await bench.frontier.stats()).toMatchObject({ known: 0 })
})

test('a store that fails ends the cycle with its error and loses no claim', async () => {
  await using site = await openSite(forest(2, 5, () => 0))
  await using bench = await openBench(site)
  bench.documents.add = () => Promise.reject(new Error('disk full'))
  await expect(bench.cycle()).rejects.toThrow('disk full')
})
