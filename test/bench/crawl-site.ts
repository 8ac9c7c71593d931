import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crawlHosts } from './crawl-pages.ts'

/** Of the benches of the crawl: hosts, and visits at a time. */
export const hosts = 40
export const concurrency = 32
/** Of each host. */
export const pagesOf = (quick: boolean): number => (quick ? 8 : 64)

export interface CrawlSite extends AsyncDisposable {
  /** Name and port of each host. */
  names: string[]
  /** For what a contestant writes; it goes with the site. */
  folder: string
}

/** Starts the web of the benches (crawl-web.ts) in a process of its own. */
export async function openCrawlSite(quick: boolean, encoding: 'plain' | 'gzip'): Promise<CrawlSite> {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
  const web = spawn(process.execPath, [`${import.meta.dirname}/crawl-web.ts`, String(hosts), String(pagesOf(quick)), encoding], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [port] = (await once(web.stdout, 'data')) as [Buffer]
  return {
    names: crawlHosts(hosts, Number(port)),
    folder,
    async [Symbol.asyncDispose]() {
      web.stdin.end()
      await once(web, 'close')
      await rm(folder, { recursive: true })
    },
  }
}
