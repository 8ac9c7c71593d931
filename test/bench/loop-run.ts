import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { trustOf } from '#dataset/ingest/trust.ts'
import { openDataset } from '#dataset/service.ts'
import { encodersOf, type Encoders } from '#infra/tokenizer/encoders.ts'
import { openBackends } from '#infra/backends.ts'
import { loadConfig } from '#infra/config/load.ts'
import { listen } from '#infra/net/server.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { lineage } from '#schemas/lineage.ts'
import { openPagePool } from '#scraper/document/page-pool.ts'
import { minerOf } from '#scraper/miner/command.ts'
import { feedClient } from '#trainer-bridge/node/feed-client.ts'
import { identityOf } from '#trainer-bridge/node/identity.ts'
import { bigramModel, type LanguageModel } from '#trainer-bridge/node/ngram.ts'
import { openBridge } from '#trainer-bridge/service.ts'
import { loopWeb, valuable } from './loop-web.ts'

export type Arm = 'steered' | 'uniform' | 'oracle'

export interface LoopSize {
  rounds: number
  /** Visits of a round. */
  pages: number
  /** Batches trained of a round, at most. */
  batches: number
}

export interface LoopOutcome {
  /** Mean over the valuable sources of the loss on texts that are on no page, nats per token; before the first round it is that of a guess. */
  heldOut: number
  /** Tokens that were trained, and the share of them that is of valuable sources. */
  tokens: number
  valuableShare: number
}

const batch = { rows: 4, tokens: 256 }
const node = 'node-1'
const pollMs = 50
/** What an oracle knows: all budget to what is valuable, but for the floor of a weight. */
const oracleWeight = 0.05
const { signal } = new AbortController()

/**
 * One run of the whole loop on a web of its own: crawl, ingest, tokenize, plan, train a bigram model by the feed, steer; so many rounds. But for `steered` the weights are put back after each round
 * to what they were: equal, or those of an oracle. All arms of a seed have the same web, the same visits and the same batches.
 */
export async function runLoop(arm: Arm, seed: number, { rounds, pages, batches }: LoopSize): Promise<LoopOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-bench-loop-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const web = stack.use(await loopWeb(Math.ceil((rounds * pages) / 2), seed))
  await writeFile(join(folder, 'orrery.toml'), sourcesToml(web.seeds))
  const { config } = loadConfig({
    cwd: folder,
    env: {},
    flags: {
      'data.dir': join(folder, 'data'),
      'run.seed': seed,
      'miner.pages_per_cycle': pages,
      // One visit after the other, or a label of one host could not have more than its turn.
      'miner.concurrency': 1,
      'miner.host_delay_ms': 0,
      'miner.host_delay_factor': 0,
      'miner.contact': 'https://example.org/',
      'browser.enabled': 'off',
      'dataset.port': 0,
      'bridge.port': 0,
      'access.port': 0,
      'bridge.rows': batch.rows,
      'bridge.sequence_tokens': batch.tokens,
      'bridge.epoch_batches': batches,
      'bridge.passes': 1,
    },
  })
  const telemetry = createTelemetry()
  const backends = stack.use(await openBackends(config, 'bench', telemetry))
  const { catalog } = backends
  const pool = stack.use(openPagePool({ threads: 1 }))
  const miner = stack.use(await minerOf({ ...backends, pages: pool }, config.miner))
  const encoders = stack.use(encodersOf(backends))
  const named = `dataset-${config.dataset.name}`
  const dataset = stack.use(
    await openDataset({
      ...backends,
      encoders,
      index: backends.corpusIndex(named),
      sweep: backends.sweep(named),
      trust: trustOf(backends, 'own'),
      settings: config.dataset,
    }),
  )
  const bridge = stack.use(
    await openBridge({
      ...backends,
      encoders,
      sweep: backends.sweep('bridge'),
      settings: config.bridge,
      datasetName: config.dataset.name,
      seed: config.run.seed,
    }),
  )
  const { origin } = await listen(bridge.app, { host: '127.0.0.1', port: 0, setting: 'bridge.port' })
  const learner = learnerOf(origin, backends)
  const fixed = new Map([...web.seeds.keys()].map((label) => [label, arm === 'oracle' && !isValuable(label) ? oracleWeight : 1]))
  if (arm !== 'steered') await weigh(catalog, fixed)
  for (let round = 0; round < rounds; round++) {
    await miner.cycle(signal)
    await dataset.refresh(signal)
    const trained = new AbortController()
    await Promise.all([bridge.runEpoch(signal).finally(() => trained.abort()), learner.train(trained.signal)])
    if (arm !== 'steered') await weigh(catalog, fixed)
  }
  return { heldOut: await heldOutLoss(learner.model(), encoders, web.heldOut), ...learner.report() }
}

const isValuable = (label: string): boolean => (valuable as readonly string[]).includes(label)

/** The rules of quality would refuse noise and much code; what is worth something is here for the loss to say. */
const sourcesToml = (seeds: ReadonlyMap<string, string>): string =>
  [...seeds]
    .map(([label, seed]) =>
      [
        '[[sources]]',
        `label = "${label}"`,
        `seeds = ["${seed}"]`,
        '[sources.quality]',
        'gopher_quality = { enabled = false }',
        'gopher_repetition = { enabled = false }',
        'replace_personal_data = false',
        '',
      ].join('\n'),
    )
    .join('\n')

async function weigh(catalog: Catalog, weights: ReadonlyMap<string, number>): Promise<void> {
  const head = await catalog.head(lineage.desirability)
  if (!head) throw new Error('There is no desirability list.')
  const jobs = head.manifest.jobs.map((job) => ({ ...job, weight: weights.get(job.params.label ?? '') ?? 1 }))
  await catalog.commit(lineage.desirability, head.sha256, { ...head.manifest, parent: head.sha256, jobs })
}

/** A training node that keeps its model. */
function learnerOf(origin: string, { pace, telemetry }: Pick<Awaited<ReturnType<typeof openBackends>>, 'pace' | 'telemetry'>) {
  const identity = identityOf({}, () => pace.now())
  const client = feedClient({ origin, node, identity, fetch: globalThis.fetch, pace, telemetry })
  let model: LanguageModel | undefined
  const sums = { tokens: 0, valuable: 0 }
  return {
    model: () => {
      if (!model) throw new Error('Nothing was trained.')
      return model
    },
    report: () => ({ tokens: sums.tokens, valuableShare: sums.valuable / sums.tokens }),
    async train(until: AbortSignal): Promise<void> {
      while (!until.aborted) {
        // The epoch may end while it waits for more.
        const answer = await client
          .lease(until, () => Infinity)
          .catch((error: unknown) => {
            if (until.aborted) return undefined
            throw error
          })
        if (!answer) return
        const { leases, retry_after_ms } = answer
        if (leases.length === 0) await pace.sleep(Math.min(pollMs, retry_after_ms), signal)
        for (const grant of leases) {
          model ??= bigramModel((await client.plan(signal)).plan?.tokenizer.vocabulary ?? 0)
          const tokens = await client.tokens(grant, signal)
          let nats = 0
          for (let at = 0; at < tokens.length; at += batch.tokens) nats += model.score(tokens.subarray(at, at + batch.tokens))
          for (let at = 0; at < tokens.length; at += batch.tokens) model.learn(tokens.subarray(at, at + batch.tokens))
          await client.ack(grant, nats / tokens.length, signal)
          sums.tokens += tokens.length
          if (isValuable(grant.label)) sums.valuable += tokens.length
        }
      }
    },
  }
}

async function heldOutLoss(model: LanguageModel, encoders: Encoders, heldOut: ReadonlyMap<string, readonly string[]>): Promise<number> {
  const losses: number[] = []
  for (const texts of heldOut.values()) {
    let [nats, count] = [0, 0]
    for await (const { tokens } of encoders.encode(asTexts(texts), signal)) {
      for (let at = 0; at < tokens.length; at += batch.tokens) nats += model.score(tokens.subarray(at, at + batch.tokens))
      count += tokens.length
    }
    losses.push(nats / count)
  }
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length
}

async function* asTexts(texts: readonly string[]): AsyncGenerator<{ text: string }> {
  for (const text of texts) yield { text }
}
