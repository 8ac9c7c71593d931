import { compareText } from '#schemas/compare-text.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import type { ScoresManifest } from '#schemas/manifest.ts'
import type { Failure } from '../failure.ts'
import { proof } from './constants.ts'
import type { ValuedJob } from './index-channel.ts'
import { answered, coverageFactor, isAsked, nextCoverage, type OnDemandAnswer, type OnDemandStanding, type PlatformCoverage } from './on-demand-channel.ts'
import type { ScoreBook } from './score-book.ts'
import { scoreOf } from './score.ts'
import { afterEvaluation, newcomer, type Outcome, type Standing } from './standing.ts'
import { effectiveBytes } from './store-channel.ts'

export type MinerScore = ScoresManifest['miners'][number]

/** What the evaluation of one miner came to, as it is kept until the cycle ends: plain JSON. */
export interface Judgement {
  /** Content address of the index that was evaluated. */
  index: string | null
  /** `skipped`: it could not be evaluated at all, for trouble that may be ours. */
  state: 'passed' | 'failed' | 'unjudged' | 'ours' | 'skipped'
  failures: Failure[]
  /** Pages that contradict their rows are among the failures. */
  drawn: boolean
  /** Pages that could be looked at, and the share of their bytes that nothing was said against. */
  looks: number
  passRate: number
  /** Share of the pages asked for that hold what their rows say. */
  confirmed: number
}

/** What became of on-demand jobs (scraper/validator/on-demand). */
interface Answers {
  since(hotkey: string, cursor: number): Promise<{ outcomes: OnDemandAnswer[]; cursor: number }>
  coverage(hotkey: string): Promise<PlatformCoverage[]>
}

export interface ScoringParams {
  book: Pick<ScoreBook, 'worth'>
  answers: Answers
  jobs: readonly DesirabilityJob[]
  /** The fact clock. */
  nowMs: number
}

/**
 * Scores of all miners, by hotkey: those that were evaluated move, the others stand as they stood.
 * @param judged by hotkey, of this cycle
 */
export async function scoreMiners(
  hotkeys: readonly string[],
  judged: ReadonlyMap<string, Judgement>,
  previous: readonly MinerScore[],
  params: ScoringParams,
): Promise<MinerScore[]> {
  const known = new Map(previous.map((miner) => [miner.hotkey, miner]))
  const skipped = [...judged.values()].filter(({ state }) => state === 'skipped').length
  // Who alone could not be evaluated may be the cause of it; where most could not be, we are.
  const skippedIs = skipped > judged.size / 2 ? 'ours' : 'unjudged'
  let asked = false
  // What a list says of places may be megabytes.
  const jobs = params.jobs.map(({ id, weight, params: { post_start_datetime, post_end_datetime }, max_rows }) => ({
    id,
    weight,
    params: { post_start_datetime, post_end_datetime },
    maxRows: max_rows,
  }))
  const moved = await Promise.all(
    hotkeys.map(async (hotkey) => {
      const old = known.get(hotkey) ?? beginner(hotkey)
      const judgement = judged.get(hotkey)
      const platforms = await params.answers.coverage(hotkey)
      asked ||= isAsked(platforms)
      if (!judgement) return { old, standing: standingOf(old), cursor: cursorOf(old), judgement }
      const { onDemand, cursor } = await afterAnswers(hotkey, standingOf(old).onDemand, cursorOf(old), platforms, params.answers)
      const outcome = await outcomeOf(hotkey, judgement, skippedIs, standingOf(old), { ...params, jobs })
      return { old, standing: { ...afterEvaluation(standingOf(old), outcome), onDemand }, cursor, judgement }
    }),
  )
  const totalBytes = moved.reduce((sum, { standing }) => sum + standing.store.effectiveBytes, 0)
  return moved
    .map(({ old, standing, cursor, judgement }): MinerScore => {
      const { score, index, store, onDemand } = scoreOf(standing, totalBytes, asked)
      const isTelling = judgement?.state === 'passed' || judgement?.state === 'failed'
      return {
        hotkey: old.hotkey,
        credibility: standing.index.credibility,
        raw: standing.index.raw,
        score,
        index: isTelling ? judgement.index : old.index,
        passed: isTelling ? judgement.state === 'passed' : old.passed,
        failures: isTelling ? judgement.failures : old.failures,
        standing: {
          store: { credibility: standing.store.credibility, effective_bytes: standing.store.effectiveBytes },
          on_demand: { ...standing.onDemand, cursor },
          looks: standing.looks,
          unjudged: standing.unjudged,
          confirmed: standing.confirmed,
          parts: { index, store, on_demand: onDemand },
        },
      }
    })
    .toSorted((a, b) => compareText(a.hotkey, b.hotkey))
}

const beginner = (hotkey: string): MinerScore => ({ hotkey, credibility: 0, raw: 0, score: 0, index: null, passed: false, failures: [] })

/** One of the version before, which knew the index alone, begins in the other channels. */
function standingOf({ credibility, raw, standing }: MinerScore): Standing {
  const index = { credibility, raw }
  if (!standing) return { ...newcomer, index }
  const { store, on_demand, looks, unjudged, confirmed = 1 } = standing
  const { cursor: _, ...onDemand } = on_demand
  return { index, store: { credibility: store.credibility, effectiveBytes: store.effective_bytes }, onDemand, looks, unjudged, confirmed }
}

const cursorOf = ({ standing }: MinerScore): number => standing?.on_demand.cursor ?? 0

async function afterAnswers(
  hotkey: string,
  old: OnDemandStanding,
  since: number,
  platforms: readonly PlatformCoverage[],
  answers: Answers,
): Promise<{ onDemand: OnDemandStanding; cursor: number }> {
  const { outcomes, cursor } = await answers.since(hotkey, since)
  const onDemand = outcomes.reduce(answered, old)
  return { onDemand: { ...onDemand, coverage: nextCoverage(onDemand.coverage, coverageFactor(platforms)) }, cursor }
}

/** Of who shows nothing nothing is learnt. */
function nextConfirmed({ confirmed, looks }: Pick<Standing, 'confirmed' | 'looks'>, judged: Judgement): number {
  const before = proof.confirmedPrior + Math.min(looks, proof.confirmedLooks)
  return (confirmed * before + judged.confirmed * judged.looks) / (before + judged.looks)
}

interface ValuingParams extends Omit<ScoringParams, 'jobs'> {
  jobs: readonly (ValuedJob & { maxRows: number | undefined })[]
}

async function outcomeOf(
  hotkey: string,
  judgement: Judgement,
  skippedIs: 'ours' | 'unjudged',
  old: Standing,
  { book, jobs, nowMs }: ValuingParams,
): Promise<Outcome> {
  switch (judgement.state) {
    case 'skipped':
      return { state: skippedIs }
    case 'ours':
    case 'unjudged':
      return { state: judgement.state }
    case 'failed':
      return { state: 'failed', drawn: judgement.drawn }
    case 'passed': {
      const { raw, jobs: own } = await book.worth(hotkey, jobs, nowMs)
      const rows = new Map(own.map((each) => [each.jobId, each.rows]))
      const held = jobs.map(({ id, maxRows }) => ({ rows: rows.get(id) ?? 0, maxRows }))
      const confirmed = nextConfirmed(old, judgement)
      const decodeRatio = Math.min(1, confirmed / proof.confirmedMin)
      const bytes = effectiveBytes({ jobs: held, expectedJobs: jobs.length, decodeRatio })
      return { state: 'passed', raw: raw * decodeRatio, effectiveBytes: bytes, passRate: judgement.passRate, looks: judgement.looks, confirmed }
    }
  }
}
