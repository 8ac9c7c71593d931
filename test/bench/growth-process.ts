import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { leases, settle as settleBatch } from '../conformance/answer-lease.ts'
import { createInterface } from 'node:readline'
import { openBackends } from '#infra/backends.ts'
import { loadConfig } from '#infra/config/load.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { trustOf } from '#dataset/ingest/trust.ts'
import { openDataset } from '#dataset/service.ts'
import { encodersOf } from '#infra/tokenizer/encoders.ts'
import { lineage } from '#schemas/lineage.ts'
import { documentMessage, withdrawalMessage } from '#scraper/shard/arrival.ts'
import { ShardWriter } from '#scraper/shard/shard-writer.ts'
import { openBridge } from '#trainer-bridge/service.ts'
import { cpuSeconds } from './cpu-seconds.ts'
import { growingJobs, growingWeb } from './growing-web.ts'

/**
 * A miner, a dataset and a bridge in one process, without a crawl: what it would have brought comes from growing-web.ts, through the queue of the miner.
 * `node growth-process.ts FOLDER` does what each line of its input says, and answers with a line of JSON: `open` (settles what was left, and says how long
 * everything took), `fill PAGES PORTION`, `turn` (a thousand new pages, and what they cost), `tell` (what stands now).
 */
const [folder = ''] = process.argv.slice(2)
// As the program does (infra/launch.mjs): each thread would hold a compiler of its own.
enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/orrery'))
const started = performance.now()
const turnPages = 1000
const { signal } = new AbortController()

const { config } = loadConfig({
  cwd: folder,
  env: {},
  flags: { 'data.dir': folder, 'bridge.epoch_batches': 4, 'dataset.port': 0, 'bridge.port': 0, 'access.port': 0 },
})
const telemetry = createTelemetry()
const backends = await openBackends(config, 'bench', telemetry)
const { store, catalog, chain, ledger, pace, facts, origin, dataDir } = backends
const { signer, coldkey } = await backends.wallet('miner-1')
await chain.register(signer, coldkey)
const documents = backends.queue('documents')
const index = backends.corpusIndex('miner-1')
const known = backends.corpusIndex('dataset')
const parts = { signer, store, catalog, chain, facts, pace, telemetry, origin, index, documents, codec: 'zstd' as const, spool: join(dataDir, 'spool') }
const writer = new ShardWriter({ ...parts, portion: { messages: 4000, bytes: 32 << 20 }, layout: { layout: 'parts', rowsMax: 1_000_000 } })
const encoders = encodersOf(backends)
const dataset = await openDataset({
  ...backends,
  encoders,
  index: known,
  sweep: backends.sweep('dataset'),
  trust: trustOf(backends, 'own'),
  settings: config.dataset,
})
const bridge = await openBridge({ ...backends, encoders, sweep: backends.sweep('bridge'), settings: config.bridge, datasetName: config.dataset.name, seed: 1 })
const rejects = () => undefined
const web = growingWeb(signer.address)
let arrived = 0

/** @returns CPU seconds of all that follows from so many new pages */
async function grow(first: number, count: number): Promise<number> {
  let cpu = 0
  const measure = async (work: () => Promise<unknown>): Promise<void> => {
    const before = cpuSeconds()
    await work()
    cpu += cpuSeconds() - before
  }
  for (let page = first; page < first + count; page += turnPages) {
    const messages = messagesOf(page, Math.min(turnPages, first + count - page))
    for (let at = 0; at < messages.length; at += 200) await measure(() => documents.add(messages.slice(at, at + 200)))
  }
  await measure(settle)
  return cpu
}

function messagesOf(first: number, count: number) {
  const { documents: brought, withdrawn } = web(first, count)
  return [...brought.map(documentMessage), ...withdrawn.map((withdrawal) => withdrawalMessage({ ...withdrawal, reason: 'http_410' }))]
}

async function settle(): Promise<void> {
  await writer.flush({ jobs: growingJobs, rejects, signal })
  await writer.compact(rejects, signal)
  const report = await writer.report(signal)
  arrived += report.written.reduce((sum, { bytes }) => sum + bytes, 0)
  await dataset.refresh(signal)
  await train()
}

/** Plans an epoch and trains it, without a model. */
async function train(): Promise<void> {
  for (;;) {
    const step = await bridge.advance(signal)
    if (step === 'idle' || step === 'steered') return
    if (step === 'opened') continue
    const head = await catalog.head(lineage.plan(config.dataset.name))
    for (const lease of await leases(ledger, [head?.sha256 ?? '', (head?.version ?? 1) - 1], { limit: 100 }))
      await settleBatch(ledger, lease, { loss: 3, tokens: 1024 })
  }
}

const say = (fact: Record<string, unknown>) => process.stdout.write(`${JSON.stringify(fact)}\n`)

async function tell(): Promise<Record<string, unknown>> {
  const memory = await Promise.all([index, known].map(async (each) => (await each.stats()).memoryBytes))
  const { live } = await index.stats()
  return {
    pages: at,
    rss_bytes: process.resourceUsage().maxRSS * 1024,
    index_memory_bytes: Math.max(...memory),
    live,
    arrived_bytes: arrived,
    written_bytes: writtenBytes(),
  }
}

/** By the first folder of the keys (infra/store/counted.ts). */
function writtenBytes(): Record<string, number> {
  const counted = Object.entries(telemetry.snapshot()).flatMap(([name, bytes]) => {
    const [, under] = /^store\.written\{under=(.*)\}$/.exec(name) ?? []
    return under === undefined ? [] : [[under, bytes] as const]
  })
  return Object.fromEntries(counted)
}

let at = 0

async function fill(goal: number, portion: number): Promise<void> {
  for (let count = 0; at < goal; at += count) {
    count = Math.min(portion, goal - at)
    await grow(at, count)
    if ((at + count) % 40_000 < portion) console.error(`${at + count} of ${goal} pages, ${Math.round(cpuSeconds())} s of CPU`)
  }
}

async function turn(): Promise<number> {
  const cpu = await grow(at, turnPages)
  at += turnPages
  return cpu
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...values] = line.split(' ')
  if (command === 'open') {
    await settle()
    say({ open_s: (performance.now() - started) / 1000 })
  } else if (command === 'fill') {
    await fill(Number(values[0]), Number(values[1]))
    say({ pages: at })
  } else if (command === 'turn') say({ cpu_s: await turn() })
  else say(await tell())
}
process.exit(0)
