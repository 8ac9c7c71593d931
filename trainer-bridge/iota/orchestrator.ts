import type { Clock } from '#schemas/clock.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { BatchLease, BatchOutcome, Ledger } from '#schemas/ledger.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { OpenEpoch } from '../feed/open-epoch.ts'
import { batchTokens } from '../plan/generation.ts'
import { activationId, readActivationId, type Activation } from './activation-id.ts'
import { layerStateError, type LossAnswer, type LossReport, type SampleAnswer } from './answers.ts'
import type { LayerPhase, Phases, Standing } from './phases.ts'

export interface OrchestratorParts {
  ledger: Pick<Ledger, 'lease' | 'answer' | 'close' | 'progress'>
  /** The newest epoch, open or not. */
  current(): OpenEpoch | undefined
  /** @throws OrreryError `not_found` */
  find(planId: string, epoch: number): Promise<OpenEpoch>
  /** The path of a batch's text, good for so long, for whoever has it. @throws OrreryError `not_acceptable` when no text encodes to its tokens; as blocks do */
  textPath(open: OpenEpoch, batch: number, ttlMs: number): Promise<string>
  /** No block can be read for now: nobody is sent for one. */
  isAway(): boolean
  /** So many batches were settled of the plan. */
  settled(planId: string, batches: number): void
  /** So many may be lent again. */
  returned(batches: number): void
  phases: Phases
  /** Of the pipeline. */
  layers: number
  /** A node may hold so many samples. */
  outstandingMax: number
  pace: Clock
  telemetry: Telemetry
}

/** A request of a node that is registered. */
export interface Asker {
  hotkey: string
  /** Where it reached the service, like https://feed.example. */
  origin: string
  /** The same for each repeat of the request. */
  requestKey: string
}

/** The data side of an IOTA orchestrator: what it gives out are leases, and a loss settles one. It remembers nothing that a restart must not forget. */
export interface Orchestrator {
  /** The same for a hotkey always, so that a restart moves nobody's weights: by its hash, about as many in each. */
  layerOf(hotkey: string): number
  /** The epoch that is open, else the last one, counted from 1 as IOTA does: who joins in its first has no merged weights to fetch. */
  epoch(): number
  phase(): Promise<LayerPhase>
  /** The phase, for who thinks to be in another. @throws NamedErrorThrown when it is not the one that is expected */
  confirm(hotkey: string, expected: LayerPhase | undefined): Promise<LayerPhase>
  /** Up to `limit` samples for a node of layer 0; none for others, who have theirs from their peers. @throws NamedErrorThrown outside of training */
  samples(asker: Asker, limit: number): Promise<SampleAnswer>
  /** Settles what is reported by a node of the last layer, once. @throws NamedErrorThrown when its phase is over; OrreryError `not_found`, `forbidden` */
  report(asker: Asker, report: LossReport): Promise<LossAnswer>
  /** Which of the activations are held, and holds them on. */
  hold(activationIds: readonly string[]): Promise<ReadonlyMap<string, boolean>>
}

/** A sample takes so long a layer, and a lease at least so long; its address is good for half an hour more. */
const [layerMs, leaseMsMin, urlMs] = [300_000, 180_000, 1_800_000]
/** Its nodes ask twice a second for two samples. */
const [samplesMax, asksAgainMs] = [8, 5_000]
/** How an epoch stands is looked at so often. */
const freshMs = 200
const lossMax = 1000

export function createOrchestrator(parts: OrchestratorParts): Orchestrator {
  const { ledger, layers, phases, pace, telemetry } = parts
  const ttlMs = Math.max(leaseMsMin, layerMs * layers)
  let looked: { at: number; open: Promise<OpenEpoch | undefined> } | undefined

  /** The epoch that is open in the ledger. */
  async function openEpoch(): Promise<OpenEpoch | undefined> {
    const now = pace.now()
    if (looked && now >= looked.at && now - looked.at < freshMs) return looked.open
    const look = { at: now, open: lookAt(parts.current()) }
    looked = look
    look.open.catch(() => (looked = undefined))
    return look.open
  }

  async function lookAt(open: OpenEpoch | undefined): Promise<OpenEpoch | undefined> {
    const progress = open && (await ledger.progress(open.planId, open.epoch).catch(noneWhenUnknown))
    return progress?.closed === false ? open : undefined
  }

  /** How the phases stand; an epoch whose time is over is closed by whoever sees it first. */
  async function stand(): Promise<{ open: OpenEpoch | undefined; standing: Standing }> {
    const open = await openEpoch()
    const standing = phases.at(open?.epoch)
    if (!open || !standing.isOver) return { open, standing }
    const { states } = await ledger.close(open.planId, open.epoch)
    looked = undefined
    telemetry.event('bridge.phase_ended', { plan_id: open.planId, epoch: open.epoch, kept: states.settled, dropped: states.void })
    return { open: undefined, standing: phases.at(undefined) }
  }

  const layerOf = (hotkey: string): number => Number(BigInt(`0x${sha256Hex(hotkey)}`) % BigInt(layers))

  async function answer({ planId, epoch, node, ...lease }: Activation, said: Parameters<typeof replyOf>[1]): Promise<BatchOutcome> {
    const [outcome] = await ledger.answer(planId, epoch, { node, replies: [replyOf(lease, said)] })
    return outcome as BatchOutcome
  }

  /** undefined: its text cannot be had, and it went back. */
  async function sampleOf(open: OpenEpoch, lease: BatchLease, origin: string): Promise<SampleAnswer[number] | undefined> {
    const id = activationId(lease)
    try {
      // Of a request that comes again it ends when it did.
      const path = await parts.textPath(open, lease.batch, lease.expiresAt - pace.now() + urlMs)
      return { activation_id: id, direction: 'forward', presigned_download_url: `${origin}${path}` }
    } catch (error) {
      if (!(error instanceof OrreryError)) throw error
      // Who reads tokens may still train it.
      const { token, fence, batch, node } = lease
      const reply = { token, fence, batch, kind: 'nack' as const, reason: error.message.slice(0, 200), untried: error.code !== 'not_acceptable' }
      await ledger.answer(open.planId, open.epoch, { node, replies: [reply] })
      return undefined
    }
  }

  async function settle(hotkey: string, activation: Activation, loss: number): Promise<LossAnswer> {
    const { planId, epoch, batch } = activation
    const { batches, plan } = await parts.find(planId, epoch)
    const tokens = batchTokens(plan.geometry)
    const outcome = await answer(activation, { kind: 'ack', label: batches.label(batch), by: hotkey, loss, tokens })
    if (outcome.state === 'settled') {
      if (!outcome.again) parts.settled(planId, 1)
      return { kept: true, message: 'the loss counts' }
    }
    if (outcome.state !== 'refused')
      throw new OrreryError('store_unavailable', `Batch ${batch} was answered for in a way that is none; report again.`, { batch })
    if (outcome.code === 'fenced') return lateFor(hotkey, outcome.message)
    if (outcome.code !== 'lease_lost') throw new OrreryError(outcome.code, outcome.message, { batch })
    return { kept: false, message: outcome.message }
  }

  /** Its epoch is over: the node hears of the phase, where there is one. */
  async function lateFor(hotkey: string, message: string): Promise<LossAnswer> {
    const { standing } = await stand()
    if (standing.phase !== 'training') throw layerStateError(layerOf(hotkey), standing.phase, { said: { kept: false, message } })
    return { kept: false, message }
  }

  async function holdOne(id: string): Promise<boolean> {
    const activation = readActivationId(id)
    const outcome = activation && (await answer(activation, { kind: 'renew', ttlMs }).catch(noneWhenUnknown))
    return outcome !== undefined && outcome.state !== 'refused'
  }

  return {
    layerOf,
    epoch: () => (parts.current()?.epoch ?? 0) + 1,
    phase: async () => (await stand()).standing.phase,
    async confirm(hotkey, expected) {
      const { phase } = (await stand()).standing
      if (expected !== undefined && phase !== expected) throw layerStateError(layerOf(hotkey), phase, { expected })
      return phase
    },

    async samples({ hotkey, origin, requestKey }, limit) {
      const { open, standing } = await stand()
      const layer = layerOf(hotkey)
      if (standing.phase !== 'training') throw layerStateError(layer, standing.phase)
      if (!open || !standing.isOpen || layer !== 0 || parts.isAway() || limit === 0) return []
      const wish = { node: hotkey, limit: Math.min(limit, samplesMax), ttlMs, outstandingMax: parts.outstandingMax, requestId: requestKey, asksAgainMs }
      const leased = await ledger.lease(open.planId, open.epoch, wish).catch(noneWhenUnknown)
      const given = await Promise.all((leased?.leases ?? []).map((lease) => sampleOf(open, lease, origin)))
      return given.filter((sample) => sample !== undefined)
    },

    async report({ hotkey }, { activation_id, loss }) {
      const activation = readActivationId(activation_id)
      if (!activation) throw new OrreryError('not_found', 'That is no activation_id of this feed; report the one that came with the sample.')
      const layer = layerOf(hotkey)
      if (layer !== layers - 1)
        throw new OrreryError('forbidden', `Layer ${layer} reports no loss; layer ${layers - 1} does, which has the targets.`, { layer })
      if (loss !== null && loss >= 0 && loss <= lossMax) return settle(hotkey, activation, loss).catch(notKeptWhenGone)
      const reason = `the loss is ${loss === null ? 'no number' : loss}`
      const outcome = await answer(activation, { kind: 'nack', reason, untried: true }).catch(noneWhenUnknown)
      if (outcome?.state === 'nacked') parts.returned(1)
      return { kept: false, message: `${reason}: the sample goes to another` }
    },

    hold: async (activationIds) => new Map(await Promise.all(activationIds.map(async (id) => [id, await holdOne(id)] as const))),
  }
}

type Said =
  | { kind: 'ack'; label: string; by: string; loss: number; tokens: number }
  | { kind: 'nack'; reason: string; untried: true }
  | { kind: 'renew'; ttlMs: number }
const replyOf = <Lease extends object>(lease: Lease, said: Said) => ({ ...lease, ...said })

/** An epoch that is closed, or was never opened, has nothing to give; that is no fault of who asks. */
function noneWhenUnknown(error: unknown): undefined {
  if (error instanceof OrreryError && (error.code === 'fenced' || error.code === 'not_found')) return undefined
  throw error
}

function notKeptWhenGone(error: unknown): LossAnswer {
  if (error instanceof OrreryError && error.code === 'not_found') return { kept: false, message: error.message }
  throw error
}
