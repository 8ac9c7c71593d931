import type { Config } from '#infra/config/schema.ts'
import type { Server } from '#infra/net/server.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Clock } from '#schemas/clock.ts'
import type { LossEvidence } from '#schemas/desirability.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { EpochSummary } from '#schemas/feed.ts'
import type { EpochProgress, Ledger, Settlement } from '#schemas/ledger.ts'
import { lineage } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { planNext } from './epoch-line.ts'
import { createFeed } from './feed/feed.ts'
import { findEpoch, newestEpoch, type OpenEpoch } from './feed/open-epoch.ts'
import { feedServer } from './feed/openapi.ts'
import { summarizeEpoch } from './feed/summary.ts'
import { createBell } from './bell.ts'
import { findSteering, steer, type Steering } from './steer/steer.ts'
import { weightsByLabel } from './steer/weights.ts'

export interface BridgeParts {
  settings: Config['bridge']
  datasetName: string
  seed: number
  store: Pick<ObjectStore, 'get'>
  catalog: Catalog
  ledger: Ledger
  pace: Clock
  telemetry: Telemetry
}

/** `opened`: an epoch was planned or opened. `waiting`: it is being trained. `steered`: it was closed and its losses moved the weights. `idle`: no new tokens. */
type Advance = 'opened' | 'waiting' | 'steered' | 'idle'

interface SteeredEpoch {
  summary: EpochSummary
  evidence: LossEvidence[]
  /** Label → weight; empty when there was no desirability list. */
  weightsBefore: Record<string, number>
  weightsAfter: Record<string, number>
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
type Standing = EpochProgress & { settlements: Settlement[] }

export async function openBridge(parts: BridgeParts): Promise<Bridge> {
  const { ledger, catalog, pace, telemetry } = parts
  let current = await newestEpoch(parts)
  let older: OpenEpoch | undefined
  let steered: { planId: string; epoch: SteeredEpoch } | undefined
  const bell = createBell()
  const report = progressReporter(telemetry, pace)

  async function find(planId: string, epoch: number): Promise<OpenEpoch> {
    for (const known of [current, older]) if (known?.planId === planId && known.epoch === epoch) return known
    return (older = await findEpoch(parts, planId, epoch))
  }

  async function advance(signal: AbortSignal): Promise<Advance> {
    signal.throwIfAborted()
    const newest = await newestEpochAfter(current)
    const standing = newest && (await standingOf(ledger, newest.planId, newest.epoch))
    if (newest && !(await isFinished(newest, standing))) return goOn(newest, standing)
    const next = await planNext(parts, newest)
    if (!next) return 'idle'
    current = next
    return goOn(next, await standingOf(ledger, next.planId, next.epoch))
  }

  async function newestEpochAfter(known: OpenEpoch | undefined): Promise<OpenEpoch | undefined> {
    const head = await catalog.head(lineage.plan(parts.datasetName))
    return head?.sha256 === known?.planId ? known : (current = await newestEpoch(parts))
  }

  async function isFinished({ planId, epoch }: OpenEpoch, standing: Standing | undefined): Promise<boolean> {
    if (steered?.planId === planId) return true
    return standing?.closed === true && (await findSteering(catalog, { planId, epoch })) !== undefined
  }

  async function goOn(open: OpenEpoch, standing: Standing | undefined): Promise<Advance> {
    const { planId, epoch, blocks, plan } = open
    if (!standing) {
      await ledger.open(planId, epoch, blocks.batches.labels())
      telemetry.event('bridge.epoch', { state: 'opened', epoch, plan_id: planId, batches: plan.batches })
      bell.after(plan.batches)
      return 'opened'
    }
    const left = plan.batches - standing.states.settled
    const over = left === 0 || standing.closed
    report(standing, over)
    bell.after(left)
    if (!over) return 'waiting'
    await finish(open)
    return 'steered'
  }

  async function finish({ planId, epoch, tokens }: OpenEpoch): Promise<void> {
    await ledger.close(planId, epoch)
    const final = await ledger.progress(planId, epoch)
    const steering = await steer({ catalog, planId, epoch, settlements: final.settlements, vocabulary: tokens.tokenizer.vocabulary })
    steered = { planId, epoch: steeredEpoch(final, steering) }
    const { evidence, weightsBefore, weightsAfter } = steered.epoch
    telemetry.event('bridge.steered', { epoch, plan_id: planId, weights_before: weightsBefore, weights_after: weightsAfter, evidence })
  }

  const leaseMs = Math.ceil(parts.settings.lease_seconds * 1000)
  const feed = createFeed({ ledger, pace, telemetry, leaseMs, current: () => current, find, settled: bell.count })
  const app = await feedServer(() => feed)
  const close = async (): Promise<void> => app.close()

  return {
    app,
    advance,
    async runEpoch(signal) {
      for (;;) {
        const step = await advance(signal)
        if (step === 'idle') return { outcome: 'idle', epoch: undefined }
        if (step === 'steered') return { outcome: 'steered', epoch: steered?.epoch }
        await bell.rung(pace, lookEveryMs, signal)
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** undefined when the epoch was never opened. */
async function standingOf(ledger: Ledger, planId: string, epoch: number): Promise<Standing | undefined> {
  return ledger.progress(planId, epoch).catch((error: unknown) => {
    if (error instanceof OrreryError && error.code === 'not_found') return undefined
    throw error
  })
}

/** Tells how an epoch stands at most once a second, and at its end. */
function progressReporter(telemetry: Telemetry, pace: Clock): (standing: Standing, last: boolean) => void {
  let toldAt = -Infinity
  return (standing, last) => {
    if (!last && pace.now() - toldAt < lookEveryMs) return
    toldAt = pace.now()
    const { epoch, batches, labels } = summarizeEpoch(standing)
    const loss = Object.fromEntries(labels.map(({ name, loss_last }) => [name, loss_last]))
    telemetry.event('bridge.progress', { epoch, batches, settled: standing.states.settled, loss })
  }
}

function steeredEpoch(final: Standing, steering: Steering | undefined): SteeredEpoch {
  return {
    summary: summarizeEpoch(final),
    evidence: steering?.after.evidence ?? [],
    weightsBefore: weightsByLabel(steering?.before.jobs ?? []),
    weightsAfter: weightsByLabel(steering?.after.jobs ?? []),
  }
}
