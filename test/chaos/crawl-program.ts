import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startProgram } from '../e2e/program.ts'

export interface CrawlFolder {
  /** Arguments of `miner run --once` over this folder. */
  args: string[]
  dataDir: string
}

/** A folder with the settings of a miner that crawls these origins, each whole. */
export async function crawlFolder(
  folder: string,
  origins: readonly string[],
  settings: Record<string, number>,
  crawlSettings: Record<string, number> = {},
): Promise<CrawlFolder> {
  const dataDir = join(folder, 'data')
  const config = join(folder, 'orrery.toml')
  const source = `[[sources]]\nlabel = "web"\nseeds = ${JSON.stringify(origins.map((origin) => `${origin}/`))}\ninclude = ${JSON.stringify(origins.map((origin) => `${origin}/*`))}\n`
  await writeFile(config, `${source}[miner]\n${table(settings).join('')}[crawl]\n${table(crawlSettings).join('')}[browser]\ntimeout_seconds = 8\n`)
  return { args: ['miner', 'run', '--once', '--data', dataDir, '--config', config], dataDir }
}

const table = (values: Record<string, number>): string[] => Object.entries(values).map(([name, value]) => `${name} = ${value}\n`)

interface CrawlEnd {
  code: unknown
  stderr: string
  /** Largest resident set that was seen, bytes; 0 where there is no /proc. */
  rssBytes: number
  /** The report of the cycle, when it came to its end. */
  cycle: { visits: Record<string, number>; bytes: number } | undefined
}

/** Runs a miner to the end of its cycle, or kills it with -9 after `killAfterMs` from its first visit on. */
export async function crawl({ args }: CrawlFolder, { killAfterMs }: { killAfterMs?: number } = {}): Promise<CrawlEnd> {
  const program = startProgram(args)
  const stop = new AbortController()
  const rss = watchRss(program.child.pid ?? 0, stop.signal)
  if (killAfterMs !== undefined) {
    await program.event('crawl.progress')
    await Promise.race([delay(killAfterMs), program.ended])
    program.child.kill('SIGKILL')
  }
  const code = await program.ended
  stop.abort()
  const cycle = program.events.find(({ event }) => event === 'miner.cycle') as CrawlEnd['cycle']
  return { code, stderr: program.stderr(), rssBytes: await rss, cycle }
}

async function watchRss(pid: number, signal: AbortSignal): Promise<number> {
  let most = 0
  while (!signal.aborted) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    most = Math.max(most, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024)
    await delay(200, undefined, { signal }).catch(() => undefined)
  }
  return most
}
