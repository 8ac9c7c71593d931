import type { Config } from '#infra/config/schema.ts'
import type { ApiAccess } from '#infra/net/api-access.ts'
import type { Server } from '#infra/net/server.ts'
import type { Encoders } from '#infra/tokenizer/encoders.ts'
import type { SignedPaths } from '#infra/net/signed-paths.ts'
import type { Sweep } from '#infra/sweep/sweep.ts'
import { sweepWhenDue } from '#infra/sweep/sweep-when-due.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Chain, Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Consumers } from '#schemas/consumers.ts'
import type { LossEvidence } from '#schemas/desirability.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { EpochSummary } from '#schemas/feed.ts'
import type { EpochProgress, Ledger } from '#schemas/ledger.ts'
import type { Nodes } from '#schemas/nodes.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { SteeringManifest } from '#schemas/steering.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { signedBlockPath } from './blocks/block-routes.ts'
import { provenShards } from './blocks/proven-shards.ts'
import { proveBlock } from './blocks/block-proof.ts'
import { writeReceipt } from './blocks/receipt.ts'
import { keptBlocks } from './blocks/token-blocks.ts'
import { documentTables } from './plan/row-documents.ts'
import { epochLine, ifOpened, type EpochLineParts } from './epoch-line.ts'
import { blockHealth } from './feed/block-health.ts'
import { openCallers } from './feed/callers.ts'
import { openEpochs } from './feed/epochs.ts'
import { createEvents, type Events } from './feed/events.ts'
import { createFeed, type Feed } from './feed/feed.ts'
import { keepHistory } from './feed/history.ts'
import type { OpenEpoch } from './feed/open-epoch.ts'
import { feedServer } from './feed/openapi.ts'
import type { SignatureChecks } from '#infra/signed-http/checks.ts'
import { feedSignatures } from './feed/signatures.ts'
import { summarize } from './feed/tally.ts'
import { waitLine } from './feed/wait-line.ts'
import { createBell } from './bell.ts'
import { bridgeScope } from './sweep-scope.ts'
import { serveIota } from './iota/serve.ts'
import { batchTokens } from './plan/generation.ts'
import { recentLists } from './plan/lists.ts'
import { readLosses } from './steer/read-losses.ts'
import { isSteered, steer } from './steer/steer.ts'

export interface BridgeParts {
  settings: Config['bridge']
  datasetName: string
  seed: number
  store: Pick<ObjectStore, 'get' | 'put'>
  catalog: Catalog
  ledger: Ledger
  /** Of the tokenizer of the dataset: blocks as text are made with it. */
  encoders: Pick<Encoders, 'vocabulary' | 'textOf'>
  /** Signs the addresses of blocks. */
  signedPaths: SignedPaths
  /** Commits the address of a receipt on the chain, and says in which block; absent: none is. */
  anchorReceipt?: (sha256: string) => Promise<number>
  /** Commits the root of what joins to the chain before its order is known; absent: the order follows from the seed of the settings. */
  anchorPlan?: EpochLineParts['anchorPlan']
  pace: Clock
  telemetry: Telemetry
  nodes: Nodes
  consumers: Consumers
  access: Pick<ApiAccess, 'keys'>
  chain: Pick<Chain, 'metagraph'>
  signatureChecks: SignatureChecks
  /** A hotkey of the wallet folder, made when missing. */
  wallet(name: string): Promise<{ signer: Signer }>
  /** Of the objects of the run. */
  sweep: Sweep
}

/** `opened`: an epoch was planned or opened. `waiting`: it is being trained. `steered`: it was closed and its losses moved the weights. `idle`: all was trained as often as it shall be. */
type Advance = 'opened' | 'waiting' | 'steered' | 'idle'

interface SteeredEpoch {
  summary: EpochSummary
  evidence: LossEvidence[]
  /** Label → weight; empty when there was no desirability list. */
  weightsBefore: ReadonlyMap<string, number>
  weightsAfter: ReadonlyMap<string, number>
}

interface EpochReport {
  outcome: 'steered' | 'idle'
  /** Of the epoch that was steered; undefined when idle. */
  epoch: SteeredEpoch | undefined
}

export interface Bridge extends AsyncDisposable {
  /** The feed, not yet listening. */
  app: Server
  /** One step, as far as it goes without waiting. Everything it needs to know is in the catalog and the ledger: after kill -9 the next call goes on. */
  advance(signal: AbortSignal): Promise<Advance>
  /** Steps until an epoch is steered, or there is none. @throws the signal's reason */
  runEpoch(signal: AbortSignal): Promise<EpochReport>
  /** Ends the feed; the epoch stays open for the next start. */
  close(): Promise<void>
}

const lookEveryMs = 1_000
/** Between two looks for work that came back by itself, while somebody waits for some. */
const callEveryMs = 500
/** Who takes nothing of a stream for so long is gone. */
const stallMs = 20_000
const raoPerTao = 1e9

export async function openBridge(parts: BridgeParts): Promise<Bridge> {
  const { ledger, catalog, pace, telemetry, settings } = parts
  const closing = new AbortController()
  const source = { ...parts, shards: provenShards(parts.store), readList: recentLists(parts.store), kept: keptBlocks(), tables: documentTables() }
  const line = epochLine(source)
  await line.refuseOtherGeometry()
  const epochs = await openEpochs(source)
  let steered: { planId: string; epoch: SteeredEpoch } | undefined
  const bell = createBell()
  const waiters = waitLine()
  const events = createEvents(standingNow)
  const report = progressReporter(ledger, telemetry, pace, events)
  const health = blockHealth({
    pace,
    telemetry,
    lostMs: Math.ceil(settings.lost_seconds * 1000),
    signal: closing.signal,
    current: () => epochs.current(),
    changed() {
      events.tell('blocks', { state: health.isAway() ? 'away' : 'back' })
      waiters.call(Infinity)
      bell.ring()
    },
    lost(key) {
      if (key !== undefined) line.lost(key)
    },
  })

  /** How it stands, for whoever begins to listen. */
  async function standingNow(): Promise<object> {
    const open = epochs.current()
    const standing = open && (await ifOpened(ledger.progress(open.planId, open.epoch)))
    return {
      epoch: open?.epoch ?? null,
      plan_id: open?.planId ?? null,
      closed: standing?.closed ?? null,
      states: standing?.states ?? null,
      blocks: health.isAway() ? 'away' : 'back',
    }
  }

  let stepping: Promise<unknown> = Promise.resolve()
  /** One step after the other, whoever asks for them. */
  function advance(signal: AbortSignal): Promise<Advance> {
    const next = stepping.then(() => step(signal))
    stepping = next.catch(() => undefined)
    return next
  }

  async function step(signal: AbortSignal): Promise<Advance> {
    signal.throwIfAborted()
    const newest = await epochs.refresh()
    const standing = newest && (await ifOpened(ledger.progress(newest.planId, newest.epoch)))
    if (newest && !(await isFinished(newest, standing))) return goOn(newest, standing)
    const next = await line.next(signal)
    if (!next) return 'idle'
    epochs.add(next)
    return goOn(next, await ifOpened(ledger.progress(next.planId, next.epoch)))
  }

  async function isFinished({ planId, epoch }: OpenEpoch, standing: EpochProgress | undefined): Promise<boolean> {
    if (steered?.planId === planId) return true
    return standing?.closed === true && (await isSteered(catalog, parts.datasetName, { planId, epoch }))
  }

  async function goOn(open: OpenEpoch, standing: EpochProgress | undefined): Promise<Advance> {
    const { planId, epoch, plan } = open
    if (!standing) {
      await ledger.open(planId, epoch, plan.batches, settings.attempts_max)
      telemetry.event('bridge.epoch', { state: 'opened', epoch, plan_id: planId, batches: plan.batches })
      events.tell('epoch', { state: 'opened', epoch, plan_id: planId, batches: plan.batches })
      bell.after(plan.batches)
      waiters.call(Infinity)
      return 'opened'
    }
    await keepHistory(parts, open)
    const left = plan.batches - standing.states.settled - standing.states.void
    // What nobody can read is not waited for: single blocks are set aside as they are leased, and without any there is nothing to wait for.
    const isLost = health.isPlanLost(planId)
    const over = left === 0 || standing.closed || isLost
    await report(open, standing, over)
    bell.after(left)
    if (!over) return 'waiting'
    await finish(open, standing.closed ? 'it was asked to' : isLost ? 'its blocks cannot be read' : 'all is settled')
    return 'steered'
  }

  /** A chain that is away holds up no training: the next receipt names this one as its parent, and is anchored with it. */
  async function anchorReceipt(receipt: string, epoch: number): Promise<void> {
    try {
      const block = await parts.anchorReceipt?.(receipt)
      if (block !== undefined) telemetry.event('bridge.anchored', { epoch, receipt, block })
    } catch (error) {
      if (!(error instanceof OrreryError)) throw error
      telemetry.event('bridge.anchor_failed', { epoch, receipt, problem: error.message })
    }
  }

  async function finish(open: OpenEpoch, why: string): Promise<void> {
    const { planId, epoch, plan } = open
    const final = await ledger.close(planId, epoch)
    telemetry.event('bridge.epoch', { state: 'closed', epoch, plan_id: planId, why })
    events.tell('epoch', { state: 'closed', epoch, plan_id: planId, why })
    while (!(await keepHistory(parts, open))) closing.signal.throwIfAborted()
    await anchorReceipt(await writeReceipt(parts, { planId, epoch, batches: plan.batches }), epoch)
    const { store, datasetName } = parts
    const losses = () => readLosses({ ledger, nodes: parts.nodes }, open)
    const steering = await steer({ catalog, store, datasetName, planId, epoch, losses, batchTokens: batchTokens(plan.geometry), tokenizer: plan.tokenizer })
    steered = { planId, epoch: steeredEpoch(await summarize(ledger, open, final), steering) }
    const { evidence, weightsBefore, weightsAfter } = steered.epoch
    telemetry.event('bridge.steered', {
      epoch,
      plan_id: planId,
      weights_before: Object.fromEntries(weightsBefore),
      weights_after: Object.fromEntries(weightsAfter),
      evidence,
    })
    events.tell('steered', { epoch, weights: Object.fromEntries(weightsAfter) })
  }

  const callers = openCallers({
    ...parts,
    admission: settings.admission,
    host: settings.host,
    stakeMin: BigInt(Math.round(settings.stake_min * raoPerTao)),
    keys: parts.access.keys,
  })
  const signatures = feedSignatures({ wallet: parts.wallet, checks: parts.signatureChecks })
  const scope = bridgeScope(parts)
  const feed = createFeed({
    ...parts,
    epochs,
    callers,
    health,
    events,
    line: waiters,
    leaseMs: Math.ceil(settings.lease_seconds * 1000),
    leasesPerNode: settings.leases_per_node,
    payPerMillionTokens: settings.pay_per_million_tokens,
    stallMs,
    receivers: signatures.receivers,
    prove: (open, batch) => proveBlock(parts, open, batch),
    lookNow: () => void advance(closing.signal).catch(() => undefined),
    settled: (_planId, batches) => bell.count(batches),
  })
  const app = await feedServer(() => feed, { verify: signatures.verify, access: () => callers.access })
  await serveIota(app, {
    ...parts,
    job: parts.datasetName,
    callers,
    current: () => epochs.current(),
    find: epochs.find,
    async textPath({ planId, epoch }, batch, ttlMs) {
      const place = { planId, epoch, batch }
      await feed.block(place, 'text')
      return signedBlockPath(parts.signedPaths, place, 'text', ttlMs)
    },
    isAway: () => health.isAway(),
    settled: (_planId, batches) => bell.count(batches),
    returned: (batches) => waiters.call(batches),
  })
  const looking = setInterval(() => void callWaiters(feed).catch(() => undefined), callEveryMs).unref()

  /** What came back by itself, or by another process, rings nowhere. */
  async function callWaiters({ epochs: { current } }: Pick<Feed, 'epochs'>): Promise<void> {
    const open = waiters.length > 0 ? current() : undefined
    const standing = open && (await ifOpened(ledger.progress(open.planId, open.epoch)))
    if (standing && !standing.closed) waiters.call(standing.states.planned + standing.states.expired + standing.states.nacked)
  }

  const close = async (): Promise<void> => {
    closing.abort(new OrreryError('store_unavailable', 'The feed is ending.'))
    clearInterval(looking)
    waiters.close()
    await app.close()
  }

  return {
    app,
    advance,
    async runEpoch(signal) {
      for (;;) {
        const step = await advance(signal)
        if (step === 'idle') return { outcome: 'idle', epoch: undefined }
        if (step === 'steered') {
          await sweepWhenDue(parts.sweep, scope, { owner: `bridge ${parts.datasetName}`, telemetry, signal })
          return { outcome: 'steered', epoch: steered?.epoch }
        }
        await bell.rung(pace, lookEveryMs, signal)
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Tells how an epoch stands, when that has changed, at most once a second, and at its end. */
function progressReporter(
  ledger: Ledger,
  telemetry: Telemetry,
  pace: Clock,
  events: Events,
): (open: OpenEpoch, standing: EpochProgress, last: boolean) => Promise<void> {
  let toldAt = -Infinity
  let told = ''
  return async (open, standing, last) => {
    if (!last && pace.now() - toldAt < lookEveryMs) return
    toldAt = pace.now()
    const { epoch, batches, labels } = await summarize(ledger, open, standing)
    const loss = Object.fromEntries(labels.map(({ name, loss_last }) => [name, loss_last]))
    const news = JSON.stringify([epoch, standing.states, loss])
    if (news === told && !last) return
    told = news
    telemetry.event('bridge.progress', { epoch, batches, settled: standing.states.settled, loss })
    events.tell('progress', { epoch, batches, states: standing.states, loss })
  }
}

function steeredEpoch(summary: EpochSummary, { labels }: SteeringManifest): SteeredEpoch {
  const weights = labels.flatMap((label) => (label.weights ? [{ label: label.evidence.label, ...label.weights }] : []))
  return {
    summary,
    evidence: labels.map(({ evidence }) => evidence),
    weightsBefore: new Map(weights.map(({ label, before }) => [label, before])),
    weightsAfter: new Map(weights.map(({ label, after }) => [label, after])),
  }
}
