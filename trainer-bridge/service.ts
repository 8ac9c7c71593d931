import type { Config } from '#infra/config/schema.ts'
import type { Server } from '#infra/net/server.ts'
import type { Sweep } from '#infra/sweep/sweep.ts'
import { sweepWhenDue } from '#infra/sweep/sweep-when-due.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Clock } from '#schemas/clock.ts'
import type { LossEvidence } from '#schemas/desirability.ts'
import type { EpochSummary } from '#schemas/feed.ts'
import type { EpochProgress, Ledger } from '#schemas/ledger.ts'
import { lineage } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { epochLine, ifOpened } from './epoch-line.ts'
import { createFeed } from './feed/feed.ts'
import { findEpoch, newestEpoch, type OpenEpoch } from './feed/open-epoch.ts'
import { feedServer } from './feed/openapi.ts'
import { epochTally, type EpochTally } from './feed/tally.ts'
import { createBell } from './bell.ts'
import { bridgeScope } from './sweep-scope.ts'
import { recentLists } from './plan/lists.ts'
import type { Reported } from './steer/judge.ts'
import { findSteering, steer, type Steering } from './steer/steer.ts'
import { weightsByLabel } from './steer/weights.ts'

export interface BridgeParts {
  settings: Config['bridge']
  datasetName: string
  seed: number
  store: Pick<ObjectStore, 'get' | 'put'>
  catalog: Catalog
  ledger: Ledger
  pace: Clock
  telemetry: Telemetry
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

export async function openBridge(parts: BridgeParts): Promise<Bridge> {
  const { ledger, catalog, pace, telemetry } = parts
  const source = { ...parts, readList: recentLists(parts.store) }
  let line = epochLine(source)
  let current = await newestEpoch(source)
  let older: OpenEpoch | undefined
  let tallied: { planId: string; tally: EpochTally } | undefined
  /** Batches of an epoch whose tokens cannot be read. */
  let lost: { planId: string; batches: Set<number> } | undefined
  let steered: { planId: string; epoch: SteeredEpoch } | undefined
  const bell = createBell()
  const report = progressReporter(telemetry, pace, tally)

  async function find(planId: string, epoch: number): Promise<OpenEpoch> {
    for (const known of [current, older]) if (known?.planId === planId && known.epoch === epoch) return known
    return (older = await findEpoch(source, planId, epoch))
  }

  function tally(open: OpenEpoch): EpochTally {
    if (tallied?.planId !== open.planId) tallied = { planId: open.planId, tally: epochTally(ledger, open) }
    return tallied.tally
  }

  function unreadable({ planId }: OpenEpoch, batch: number): void {
    if (lost?.planId !== planId) lost = { planId, batches: new Set() }
    lost.batches.add(batch)
    // What was read of its shards is true no longer.
    line = epochLine(source)
  }

  function settled(planId: string, batch: number): void {
    if (lost?.planId === planId) lost.batches.delete(batch)
    bell.count()
  }

  async function advance(signal: AbortSignal): Promise<Advance> {
    signal.throwIfAborted()
    const newest = await newestEpochAfter(current)
    const standing = newest && (await ifOpened(ledger.progress(newest.planId, newest.epoch)))
    if (newest && !(await isFinished(newest, standing))) return goOn(newest, standing)
    const next = await line.next()
    if (!next) return 'idle'
    current = next
    return goOn(next, await ifOpened(ledger.progress(next.planId, next.epoch)))
  }

  async function newestEpochAfter(known: OpenEpoch | undefined): Promise<OpenEpoch | undefined> {
    const head = await catalog.head(lineage.plan(parts.datasetName))
    return head?.sha256 === known?.planId ? known : (current = await newestEpoch(source))
  }

  async function isFinished({ planId, epoch }: OpenEpoch, standing: EpochProgress | undefined): Promise<boolean> {
    if (steered?.planId === planId) return true
    return standing?.closed === true && (await findSteering(catalog, { planId, epoch })) !== undefined
  }

  async function goOn(open: OpenEpoch, standing: EpochProgress | undefined): Promise<Advance> {
    const { planId, epoch, plan } = open
    if (!standing) {
      await ledger.open(planId, epoch, plan.batches)
      telemetry.event('bridge.epoch', { state: 'opened', epoch, plan_id: planId, batches: plan.batches })
      bell.after(plan.batches)
      return 'opened'
    }
    const left = plan.batches - standing.states.settled
    // What nobody can read is not waited for: the next epoch is planned without it.
    const isLost = lost?.planId === planId && left <= lost.batches.size
    const over = left === 0 || standing.closed || isLost
    await report(open, standing, over)
    bell.after(left)
    if (!over) return 'waiting'
    await finish(open)
    return 'steered'
  }

  async function finish(open: OpenEpoch): Promise<void> {
    const { planId, epoch, plan } = open
    const final = await ledger.close(planId, epoch)
    const steering = await steer({ catalog, planId, epoch, settlements: await reportedOf(ledger, open), vocabulary: plan.tokenizer.vocabulary })
    steered = { planId, epoch: steeredEpoch(await tally(open).summarize(final), steering) }
    const { evidence, weightsBefore, weightsAfter } = steered.epoch
    telemetry.event('bridge.steered', {
      epoch,
      plan_id: planId,
      weights_before: Object.fromEntries(weightsBefore),
      weights_after: Object.fromEntries(weightsAfter),
      evidence,
    })
  }

  const scope = bridgeScope(parts)
  const leaseMs = Math.ceil(parts.settings.lease_seconds * 1000)
  const feed = createFeed({ ledger, pace, telemetry, leaseMs, current: () => current, find, tally, settled, unreadable })
  const app = await feedServer(() => feed)
  const close = async (): Promise<void> => app.close()

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

const pageLimit = 10_000

/** What was settled of an epoch, in the order of settling. */
async function reportedOf(ledger: Ledger, { planId, epoch, batches }: OpenEpoch): Promise<Reported[]> {
  const reported: Reported[] = []
  for (let after = 0; ;) {
    const page = await ledger.settlements(planId, epoch, { after, limit: pageLimit })
    for (const { batch, node, loss } of page) reported.push({ label: batches.label(batch), node, loss })
    after = page.at(-1)?.place ?? after
    if (page.length < pageLimit) return reported
  }
}

/** Tells how an epoch stands at most once a second, and at its end. */
function progressReporter(
  telemetry: Telemetry,
  pace: Clock,
  tally: (open: OpenEpoch) => EpochTally,
): (open: OpenEpoch, standing: EpochProgress, last: boolean) => Promise<void> {
  let toldAt = -Infinity
  return async (open, standing, last) => {
    if (!last && pace.now() - toldAt < lookEveryMs) return
    toldAt = pace.now()
    const { epoch, batches, labels } = await tally(open).summarize(standing)
    const loss = Object.fromEntries(labels.map(({ name, loss_last }) => [name, loss_last]))
    telemetry.event('bridge.progress', { epoch, batches, settled: standing.states.settled, loss })
  }
}

function steeredEpoch(summary: EpochSummary, steering: Steering | undefined): SteeredEpoch {
  return {
    summary,
    evidence: steering?.after.evidence ?? [],
    weightsBefore: weightsByLabel(steering?.before.jobs ?? []),
    weightsAfter: weightsByLabel(steering?.after.jobs ?? []),
  }
}
