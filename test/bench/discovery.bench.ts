import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'
import { z } from 'zod'
import { median, type Bench, type Contestant, type Sample } from './bench.ts'
import type { SiteReport, WebReport } from './discovery-web.ts'
import { findPython, runPython } from './python.ts'

/**
 * Which pages a crawler visits on a web that leads astray (discovery-sites.ts): forty hosts whose own texts are known, beside pages without end. Each contestant
 * has 1.3 visits for each text there is: `orrery miner run --once`, whole, and Scrapy with its defaults and its link extractor.
 */
const visitsPerText = 1.3
const launcher = join(import.meta.dirname, '..', '..', 'infra', 'launch.mjs')

interface Web {
  hosts: string[]
  /** Of all sites, mirrors counted once. */
  texts: number
  folder: string
  process: ChildProcessByStdio<Writable, Readable, null>
  lines: AsyncIterator<string>
}

let web: Web
let python: string | undefined

async function openWeb(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
  const served = spawn(process.execPath, [join(import.meta.dirname, 'discovery-web.ts')], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: served.stdout })[Symbol.asyncIterator]()
  web = { ...(JSON.parse((await lines.next()).value ?? '') as Pick<Web, 'hosts' | 'texts'>), folder, process: served, lines }
}

/** All texts there are, and what has come of them: the web is over with this. */
async function closeWeb(): Promise<WebReport> {
  web.process.stdin.end()
  const report = JSON.parse((await web.lines.next()).value ?? '') as WebReport
  if (web.process.exitCode === null) await once(web.process, 'close')
  return report
}

const Report = z.object({ snapshot: z.object({ kept: z.number() }) })

async function mine(visits: number): Promise<number> {
  const config = join(web.folder, 'orrery.toml')
  const include = web.hosts.map((host) => `${host}/*`)
  await writeFile(
    config,
    `[[sources]]\nlabel = "bench"\nseeds = ${JSON.stringify(web.hosts.map((host) => `${host}/`))}\ninclude = ${JSON.stringify(include)}\n`,
  )
  const settings = ['host_delay_ms=0', 'host_delay_factor=0', `pages_per_cycle=${visits}`]
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      launcher,
      ...'miner run --once --set browser.enabled=off'.split(' '),
      '--config',
      config,
      '--data',
      join(web.folder, 'data'),
      ...settings.flatMap((setting) => ['--set', `miner.${setting}`]),
    ],
    { maxBuffer: 2 ** 28 },
  )
  return Report.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).snapshot.kept
}

const Rows = z.object({ rows: z.number() })
const scrapy = async (visits: number): Promise<number | undefined> =>
  python ? Rows.parse(await runPython(python, script, [String(visits), ...web.hosts])).rows : undefined

const script = `
import hashlib, json, logging, sys
import scrapy, trafilatura
from urllib.parse import urlsplit
from scrapy.crawler import CrawlerProcess
from scrapy.linkextractors import LinkExtractor
logging.disable(logging.CRITICAL)
visits, *seeds = sys.argv[1:]
hosts = {urlsplit(seed).netloc for seed in seeds}
seen = set()
class Pages(scrapy.Spider):
  name = 'pages'
  links = LinkExtractor()
  async def start(self):
    for seed in seeds: yield scrapy.Request(seed + '/', self.parse)
  def parse(self, response):
    text = trafilatura.extract(response.text, url=response.url)
    if text: seen.add(hashlib.sha256(text.encode()).digest())
    for link in self.links.extract_links(response):
      if urlsplit(link.url).netloc in hosts: yield response.follow(link, self.parse)
process = CrawlerProcess(dict(ROBOTSTXT_OBEY=True, LOG_ENABLED=False, TELNETCONSOLE_ENABLED=False, CLOSESPIDER_PAGECOUNT=int(visits)))
process.crawl(Pages)
process.start()
print(json.dumps(dict(rows=len(seen))))`

const counted = (crawl: (visits: number) => Promise<number | undefined>): Contestant => ({
  async setUp() {
    python = await findPython({ packages: ['scrapy', 'trafilatura', 'lxml_html_clean'], install: true })
    await openWeb()
  },
  async run(quick): Promise<Record<string, number>> {
    const rows = await crawl(Math.round(visitsPerText * web.texts * (quick ? 0.5 : 1)))
    const { sites, policies, overlaps } = await closeWeb()
    for (const site of sites)
      console.log(
        `${site.kind.padEnd(14)} ${site.found} of ${site.texts} texts in ${site.requests} requests${site.completeAt === null ? '' : `, the last at ${site.completeAt}`}`,
      )
    const sum = (value: (site: SiteReport) => number) => sites.reduce((total, site) => total + value(site), 0)
    const inTime = sites.filter(({ completeAt, texts }) => completeAt !== null && completeAt <= visitsPerText * texts)
    const counts = {
      rows: rows ?? 0,
      requests: sum((s) => s.requests),
      found: sum((s) => s.found),
      texts: sum((s) => s.texts),
      sites: sites.length,
      complete: inTime.length,
      policies,
      overlaps,
    }
    return rows === undefined ? {} : counts
  },
  tearDown: async () => rm(web.folder, { recursive: true }),
})

const of = (samples: readonly Sample[], value: (counts: Record<string, number>) => number) =>
  median(samples.flatMap(({ counts }) => (counts['requests'] === undefined ? [] : [value(counts)])))
const share = (a: string, b: string) => (counts: Record<string, number>) => (counts[a] ?? 0) / (counts[b] ?? 1)

export const bench: Bench = {
  contestants: { orrery: counted(mine), scrapy: counted(scrapy) },
  summarize({ orrery = [], scrapy: theirs = [] }) {
    return {
      figures: {
        useful_share: of(orrery, share('found', 'requests')),
        kept_share: of(orrery, share('rows', 'requests')),
        found_share: of(orrery, share('found', 'texts')),
        sites_complete_share: of(orrery, share('complete', 'sites')),
        requests_at_once: of(orrery, (counts) => counts['overlaps'] ?? 0),
        scrapy_useful_share: of(theirs, share('found', 'requests')),
        scrapy_found_share: of(theirs, share('found', 'texts')),
        scrapy_sites_complete_share: of(theirs, share('complete', 'sites')),
        scrapy_requests_at_once: of(theirs, (counts) => counts['overlaps'] ?? 0),
      },
    }
  },
}
