import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Agent } from 'undici'
import { systemClock } from '#infra/clock.ts'
import { startSite, type Site } from '#infra/site/site.ts'
import type { TurnSummary } from '#infra/telemetry/summary.ts'
import { median, medianRatio, type Bench } from './bench.ts'

/** One whole turn of `orrery up --once`, beside the bare cost of fetching every page of the same embedded web. */
const root = resolve(import.meta.dirname, '../..')
let dataDir = ''
let site: Site | undefined

export const bench: Bench = {
  contestants: {
    turn: {
      async setUp() {
        dataDir = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
      },
      async run(quick) {
        const { documents, tokens, batches_settled } = await oneTurn(dataDir, quick)
        return { documents: documents.in_shards, tokens, batches: batches_settled }
      },
      tearDown: () => rm(dataDir, { recursive: true }),
    },
    bare_fetch: {
      async setUp() {
        site = await startSite({ root: join(root, 'node_modules'), documentsMax: 5000, clock: systemClock() })
      },
      run: async () => ({ pages: await fetchAll(site!) }),
      tearDown: async () => site?.[Symbol.asyncDispose](),
    },
  },
  summarize({ turn = [], bare_fetch = [] }) {
    return {
      figures: {
        turn_seconds: median(turn.map((s) => s.wallSeconds)),
        turn_cpu_seconds: median(turn.map((s) => s.cpuSeconds)),
        documents_per_cpu_s: median(turn.map((s) => (s.counts['documents'] ?? 0) / s.cpuSeconds)),
        tokens_per_cpu_s: median(turn.map((s) => (s.counts['tokens'] ?? 0) / s.cpuSeconds)),
        turn_vs_bare_fetch_cpu: medianRatio(turn, bare_fetch, (s) => s.cpuSeconds),
      },
    }
  },
}

async function oneTurn(data: string, quick: boolean): Promise<TurnSummary> {
  const args = [
    join(root, 'infra/launch.mjs'),
    'up',
    '--once',
    '--data',
    data,
    '--set',
    'dataset.port=0',
    '--set',
    'bridge.port=0',
    '--set',
    'access.port=0',
    '--set',
    `miner.pages_per_cycle=${quick ? 100 : 600}`,
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const output: Buffer[] = []
  const complaints: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk))
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`the turn ended with ${code}: ${Buffer.concat(complaints).toString()}`)
  const line = Buffer.concat(output)
    .toString()
    .split('\n')
    .findLast((text) => text.startsWith('{"event":"turn.summary"'))
  return JSON.parse(line ?? '') as TurnSummary
}

/** Every page of every sitemap, sixteen hosts at a time, and nothing done with them. */
async function fetchAll({ hosts, port }: Site): Promise<number> {
  const agent = new Agent({ connections: 16 })
  const waiting = [...hosts]
  let pages = 0
  const get = async (host: string, path: string): Promise<string> => {
    const { body } = await agent.request({ origin: `http://127.0.0.1:${port}`, path, method: 'GET', headers: { host } })
    return body.text()
  }
  const work = async (): Promise<void> => {
    for (let host = waiting.pop(); host !== undefined; host = waiting.pop()) {
      const sitemap = await get(host, '/sitemap.xml')
      for (const [, path = '/'] of sitemap.matchAll(/<loc>http:\/\/[^/]+([^<]+)</g)) {
        await get(host, path)
        pages++
      }
    }
  }
  await Promise.all(Array.from({ length: 16 }, work))
  await agent.close()
  return pages
}
