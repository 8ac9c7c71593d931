import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../../../shared/bench/loopback-web.mjs', import.meta.url))
const data = fileURLToPath(new URL('../../../shared/data/extraction-dev.jsonl.gz', import.meta.url))
/** The referee runs on the machine's own Node: that of this package cuts its data at other line ends. */
const node = '/usr/bin/node'

/** The referee, its data and a Node for it, where this project stands beside them. */
export const hasLoopbackWeb: boolean = [script, data, node].every((path) => existsSync(path))

export interface RefereeReport {
  requests: number
  /** Distinct pages and revisions that were served. */
  pages: number
  hostile: number
  calendarDepth: number
  conditional: number
  notModified: number
  agents: string[]
  violations: Record<string, number>
  examples: unknown[]
  hosts: Record<string, { kind: number; requests: number; minGapMs: number }>
}

export interface LoopbackWeb extends AsyncDisposable {
  /** `http://127.0.1.N:PORT`, kind = index % 10. */
  origins: string[]
  report(): Promise<RefereeReport>
  /** A tenth of the pages of kind 9 changes. */
  advance(): Promise<void>
}

/** Starts the hostile web with its referee. */
export async function startLoopbackWeb({ hosts, pages }: { hosts: number; pages: number }): Promise<LoopbackWeb> {
  const port = await freePort()
  const args = ['--data', data, '--hosts', String(hosts), '--pages', String(pages), '--port', String(port)]
  const child = spawn(node, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(createInterface({ input: child.stdout }), 'line')
  const referee = `http://127.0.0.1:${port}`
  const post = async (path: string) => void (await fetch(referee + path, { method: 'POST' }))
  return {
    origins: Array.from({ length: hosts }, (_, i) => `http://127.0.1.${i + 1}:${port}`),
    report: async () => (await (await fetch(`${referee}/__report`)).json()) as RefereeReport,
    advance: () => post('/__advance'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await once(child, 'close')
    },
  }
}

async function freePort(): Promise<number> {
  await using server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
