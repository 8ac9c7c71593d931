import { CheerioCrawler, Configuration, log as crawleeLog, LogLevel } from '@crawlee/cheerio'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { Agent, request } from 'undici'
import { scanLinks } from '#scraper/extract/html/link-scanner.ts'
import { medianRatio, type Bench, type Contestant, type Sample } from './bench.ts'
import { crawlHosts } from './crawl-pages.ts'
import { crawlWith } from './crawl-orrery.ts'

/**
 * The way of a page through the crawl: fetch, links, frontier. Beside a bare undici loop with the same link scanner and an array for a queue, and crawlee's
 * CheerioCrawler with its own queue in memory, on the same pages of a server in another process. What becomes of a page's text is no part of it.
 */
const concurrency = 32
const hosts = 40
const pagesOf = (quick: boolean) => (quick ? 8 : 64)

let web: ChildProcess
let folder = ''
let names: string[] = []
/** Also of the gzip contestants. */
let isGzip = false

const startWeb = (encoding: 'plain' | 'gzip') => async (quick: boolean) => {
  isGzip = encoding === 'gzip'
  folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
  web = spawn(process.execPath, [`${import.meta.dirname}/crawl-web.ts`, String(hosts), String(pagesOf(quick)), encoding], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [port] = (await once(web.stdout ?? process.stdin, 'data')) as [Buffer]
  names = crawlHosts(hosts, Number(port))
}

async function stopWeb(): Promise<void> {
  web.stdin?.end()
  await once(web, 'close')
  await rm(folder, { recursive: true })
}

const seeds = () => names.map((name) => `http://${name}/`)

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
    for (const link of scanLinks(html, url).links) {
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
  tearDown: stopWeb,
})

const orrery = () => crawlWith({ origins: names.map((name) => `http://${name}`), folder, concurrency })

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
