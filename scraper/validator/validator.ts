import { join } from 'node:path'
import { portThread, type PortThread } from '#infra/sqlite/port-thread.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Chain, Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { runCycle } from './cycle.ts'
import { openSampleJudge, type SampleJudge } from './judge-sample.ts'
import { listHistory } from './lists-in-force.ts'
import { threadedOutcomes, type OnDemandOutcomes } from './on-demand/outcomes.ts'
import type { Refetch } from './refetch.ts'
import { threadedRowBook, type RowBook } from './row-book/row-book.ts'
import { threadedScoreBook, type ScoreBook } from './scoring/score-book.ts'
import type { MinerScore } from './scoring/score-miners.ts'
import type { WeightsReport } from './scoring/submit-weights.ts'
import type { TakeInOrder } from './take-in.ts'
import { TurnOrder } from './take-turn.ts'

export interface ValidatorSettings {
  /** Pages fetched again per miner and evaluation. */
  sample_pages: number
  /** No evaluation begins later than so long after the draw of its cycle. Default: all that are due are evaluated. */
  every_seconds?: number
  /** Between two evaluations of one miner, at least. Default 0: each cycle evaluates all. */
  evaluate_seconds?: number
  /** Cycles of this validator, over all restarts, before it sets weights. Default 0. */
  cycles_before_weights?: number
  /** What goes to `owner_hotkey` of all weights, 0..1. */
  owner_share?: number
  /** Hotkey of the subnet's owner; empty or not registered: nobody has a share beforehand. */
  owner_hotkey?: string
}

export interface ValidatorParams {
  signer: Signer
  settings: ValidatorSettings
  store: ObjectStore
  catalog: Catalog
  chain: Chain
  refetch: Refetch
  /** It says who it is, and may count jobs of the public web that only validators want. */
  hasContact: boolean
  pace: Clock
  facts: Clock
  telemetry: Telemetry
  /** A folder of its own, for what it found in the files of miners, and what they earned. */
  folder: string
  /** How long a cycle waits for the chain to take its weights (permit, rate limit). Default 45 s. */
  weightsWaitMs?: number
}

export interface ValidationReport {
  /** Block of the metagraph that was evaluated. */
  block: number
  /** Block whose hash seeded the samples: ten before, or the first of a young chain. */
  sampleBlock: number
  /** By hotkey. */
  miners: readonly MinerScore[]
  weights: WeightsReport
}

export interface Validator extends AsyncDisposable {
  /**
   * One round over all miners that are due; one that was cut off goes on.
   * @throws OrreryError `not_found` without a desirability list, `conflict` beside another validator of this hotkey; the signal's reason
   */
  cycle(signal: AbortSignal): Promise<ValidationReport>
  /** Ends a running cycle and waits for it. */
  close(): Promise<void>
}

/** What is remembered of miners, and the thread in which that lives. */
export interface Memory {
  /** In a thread of its own: a file of a million rows takes seconds. */
  rows: RowBook
  judge: SampleJudge
  lists: ReturnType<typeof listHistory>
  order: TakeInOrder
  book: ScoreBook
  /** What became of on-demand jobs (on-demand/judge.ts). */
  answers: Pick<OnDemandOutcomes, 'since' | 'coverage'>
  thread: PortThread
}

/** A validator over one hotkey. Cycles run one after another. */
export function openValidator(params: ValidatorParams): Validator {
  const closed = new AbortController()
  const stack = new AsyncDisposableStack()
  const thread = portThread(`the findings ${params.folder}`, params.pace)
  const memory: Memory = {
    rows: stack.use(threadedRowBook(join(params.folder, 'found.sqlite'), portThread(`the rows ${params.folder}`, params.pace))),
    judge: stack.use(openSampleJudge({ ...params, thread })),
    lists: listHistory(params.catalog),
    order: { taking: new TurnOrder(), settling: new TurnOrder() },
    book: stack.use(threadedScoreBook(join(params.folder, 'scoring.sqlite'), thread)),
    answers: stack.use(threadedOutcomes(join(params.folder, 'on-demand.sqlite'), { clock: params.pace, thread })),
    thread,
  }
  let running: Promise<unknown> = Promise.resolve()
  const close = async (): Promise<void> => {
    closed.abort(new OrreryError('invalid_argument', 'The validator is closed; open another.'))
    await running
    await stack.disposeAsync()
  }
  return {
    cycle(signal) {
      const turn = running.then(() => runCycle(params, memory, AbortSignal.any([signal, closed.signal])))
      running = turn.catch(() => undefined)
      return turn
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
