import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { median, medianRatio, type Bench, type Contestant, type Sample } from './bench.ts'
import { concurrency, hosts, openCrawlSite, pagesOf, type CrawlSite } from './crawl-site.ts'
import { findPython, runPython } from './python.ts'

/**
 * What a page costs from its link to its row in a Parquet file: `orrery miner run --once`, a whole process with its durable frontier, documents and shards,
 * beside Scrapy with trafilatura and pyarrow on the same pages, each in a process of its own, its start counted. Scrapy keeps its queue in memory and looks
 * for equal texts only; ours is durable, and adds language, quality rules, personal data, near-duplicates and rights.
 */

const launcher = join(import.meta.dirname, '..', '..', 'infra', 'launch.mjs')

let site: CrawlSite
let python: string | undefined

const Report = z.object({ visits: z.object({ stored: z.number() }), snapshot: z.object({ kept: z.number() }) })

const urls = (path: string): string => JSON.stringify(site.names.map((name) => `http://${name}/${path}`))

async function mine(): Promise<Record<string, number>> {
  const config = join(site.folder, 'orrery.toml')
  await writeFile(config, `[[sources]]\nlabel = "bench"\nseeds = ${urls('')}\ninclude = ${urls('*')}\n`)
  const settings = [`concurrency=${concurrency}`, 'host_delay_ms=0', 'host_delay_factor=0', 'pages_per_cycle=1000000']
  const flags = settings.flatMap((setting) => ['--set', `miner.${setting}`])
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [launcher, 'miner', 'run', '--once', '--config', config, '--data', join(site.folder, 'data'), '--set', 'browser.enabled=off', ...flags],
    { maxBuffer: 2 ** 28 },
  )
  const report = Report.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''))
  return { pages: report.visits.stored, rows: report.snapshot.kept }
}

const Counts = z.object({ pages: z.number(), rows: z.number() })
const scrapy = async (): Promise<Record<string, number>> =>
  python
    ? Counts.parse(await runPython(python, script, [join(site.folder, 'out.parquet'), String(concurrency), ...site.names.map((name) => `http://${name}/`)]))
    : {}

const script = `
import hashlib, json, logging, sys
import pyarrow as pa, pyarrow.parquet as pq, scrapy, trafilatura
from scrapy.crawler import CrawlerProcess
from scrapy.linkextractors import LinkExtractor
logging.disable(logging.CRITICAL)
out, concurrency, *seeds = sys.argv[1:]
hosts = {seed.split('/')[2] for seed in seeds}
rows, seen, pages = [], set(), 0
class Pages(scrapy.Spider):
  name = 'pages'
  links = LinkExtractor()
  async def start(self):
    for seed in seeds: yield scrapy.Request(seed, self.parse)
  def parse(self, response):
    global pages
    pages += 1
    document = trafilatura.bare_extraction(response.text, url=response.url, with_metadata=True)
    row = document.as_dict() if document else {}
    digest = hashlib.sha256((row.get('text') or '').encode()).digest()
    if row.get('text') and digest not in seen:
      seen.add(digest)
      rows.append({key: row.get(key) for key in ('url', 'title', 'author', 'date', 'text')})
    for link in self.links.extract_links(response):
      if link.url.split('/')[2] in hosts: yield response.follow(link, self.parse)
settings = dict(CONCURRENT_REQUESTS=int(concurrency), CONCURRENT_REQUESTS_PER_DOMAIN=1, DOWNLOAD_DELAY=0, ROBOTSTXT_OBEY=True, LOG_ENABLED=False, TELNETCONSOLE_ENABLED=False, AUTOTHROTTLE_ENABLED=False)
process = CrawlerProcess(settings)
process.crawl(Pages)
process.start()
pq.write_table(pa.Table.from_pylist(rows), out, compression='zstd')
print(json.dumps(dict(pages=pages, rows=len(rows))))`

const counted = (crawl: () => Promise<Record<string, number>>): Contestant => ({
  async setUp(quick) {
    python = await findPython({ packages: ['scrapy', 'trafilatura', 'lxml_html_clean', 'pyarrow'], install: true })
    site = await openCrawlSite(quick, 'plain')
  },
  async run(quick) {
    const counts = await crawl()
    const expected = hosts * pagesOf(quick)
    if (counts['pages'] !== undefined && counts['pages'] !== expected) throw new Error(`${counts['pages']} pages were visited, not ${expected}.`)
    return counts
  },
  tearDown: async () => site[Symbol.asyncDispose](),
})

export const bench: Bench = {
  contestants: { orrery: counted(mine), scrapy_trafilatura: counted(scrapy) },
  summarize({ orrery = [], scrapy_trafilatura = [] }) {
    const isTaken = scrapy_trafilatura.some(({ counts }) => counts['pages'])
    return {
      figures: {
        pipeline_pages_per_cpu_s: median(orrery.map((sample) => 1 / cpu(sample))),
        vs_scrapy_trafilatura: isTaken ? medianRatio(scrapy_trafilatura, orrery, cpu) : null,
      },
      notes: {
        rows: `${orrery[0]?.counts['rows'] ?? 0} rows of ours, ${scrapy_trafilatura[0]?.counts['rows'] ?? 0} of theirs, of ${orrery[0]?.counts['pages'] ?? 0} pages of about 45 KB`,
        ...(isTaken ? {} : { vs_scrapy_trafilatura: 'there is no Python with scrapy, trafilatura and pyarrow, and they could not be installed' }),
      },
    }
  },
}

const cpu = ({ cpuSeconds, counts }: Sample): number => cpuSeconds / (counts['pages'] ?? 1)
