import { CheerioCrawler, Configuration, log as crawleeLog, LogLevel } from '@crawlee/cheerio'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { Agent, request } from 'undici'
import { scanLinks } from '#scraper/extract/html/link-scanner.ts'
import { medianRatio, type Bench, type Contestant, type Sample } from './bench.ts'
import { crawlWith } from './crawl-orrery.ts'
import { concurrency, hosts, openCrawlSite, pagesOf, type CrawlSite } from './crawl-site.ts'

/**
 * The way of a page through the crawl: fetch, links, frontier. Beside a bare undici loop with the same link scanner and an array for a queue, and crawlee's
 * CheerioCrawler with its own queue in memory, on the same pages of a server in another process. What becomes of a page's text is no part of it.
 */

let site: CrawlSite
/** Also of the gzip contestants. */
let isGzip = false

const startWeb = (encoding: 'plain' | 'gzip') => async (quick: boolean) => {
  isGzip = encoding === 'gzip'
  site = await openCrawlSite(quick, encoding)
}

const seeds = () => site.names.map((name) => `http://${name}/`)

async function bareLoop(): Promise<number> {
  const agent = new Agent({ connections: 2, pipelining: 1 })
  const known = new Set(seeds())
  const queue = [...known]
  let pages = 0
  let running = 0
  const visit = async (url: string): Promise<void> => {
    running++
    const { body } = await request(url, { dispatcher: agent, headers: isGzip ? { 'accept-encoding': 'gzip' } : {} })
    const html = isGzip ? (await promisify(gunzip)(await body.arrayBuffer())).toString() : await body.text()
    pages++
    for (const { url: link } of scanLinks(html, url).links) {
      if (known.has(link)) continue
      known.add(link)
      queue.push(link)
    }
    running--
  }
  const worker = async (): Promise<void> => {
    for (;;) {
      const url = queue.shift()
      if (url !== undefined) await visit(url)
      else if (running === 0) return
      else await new Promise(setImmediate)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  await agent.close()
  return pages
}

async function cheerioCrawler(): Promise<number> {
  crawleeLog.setLevel(LogLevel.OFF)
  let pages = 0
  const crawler = new CheerioCrawler(
    {
      minConcurrency: concurrency,
      maxConcurrency: concurrency,
      async requestHandler({ enqueueLinks }) {
        pages++
        await enqueueLinks({ strategy: 'all' })
      },
    },
    new Configuration({ persistStorage: false, purgeOnStart: false }),
  )
  await crawler.run(seeds())
  return pages
}

const contestant = (encoding: 'plain' | 'gzip', crawl: () => Promise<number>): Contestant => ({
  setUp: startWeb(encoding),
  async run(quick) {
    const pages = await crawl()
    const expected = hosts * pagesOf(quick)
    if (pages !== expected) throw new Error(`${pages} pages were visited, not ${expected}.`)
    return { pages }
  },
  tearDown: async () => site[Symbol.asyncDispose](),
})

const orrery = () => crawlWith({ origins: site.names.map((name) => `http://${name}`), folder: site.folder, concurrency })

export const bench: Bench = {
  contestants: {
    orrery: contestant('plain', orrery),
    bare_loop: contestant('plain', bareLoop),
    orrery_gzip: contestant('gzip', orrery),
    bare_loop_gzip: contestant('gzip', bareLoop),
    cheerio_crawler: contestant('plain', cheerioCrawler),
  },
  summarize: ({ orrery = [], bare_loop = [], orrery_gzip = [], bare_loop_gzip = [], cheerio_crawler = [] }) => ({
    figures: {
      vs_bare_loop: medianRatio(bare_loop, orrery, cpu),
      vs_bare_loop_gzip: medianRatio(bare_loop_gzip, orrery_gzip, cpu),
      vs_cheerio_crawler: medianRatio(cheerio_crawler, orrery, cpu),
    },
    notes: {
      pages: `${orrery[0]?.counts['pages'] ?? 0} pages of about 45 KB with 100 links on ${hosts} hosts; vs_bare_loop and vs_cheerio_crawler without a content encoding`,
    },
  }),
}

const cpu = ({ cpuSeconds, counts }: Sample): number => cpuSeconds / (counts['pages'] ?? 1)
