import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readAnchored } from '#infra/chain/anchor.ts'
import { followVotes } from '#infra/desirability/follow-votes.ts'
import type { Chain, Metagraph, Neuron } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import { judgeMiners } from './judge-miners.ts'
import { scoreMiners, type Judgement, type MinerScore } from './scoring/score-miners.ts'
import { confirmWeights, submitWeights, type WeightsReport } from './scoring/submit-weights.ts'
import { weightShares } from './scoring/weight-shares.ts'
import type { Memory, ValidationReport, ValidatorParams } from './validator.ts'

const weightsWaitMs = 45_000

/**
 * Evaluates the miners that are due, scores all, and sets weights. What was found of a miner is durable when its evaluation ends, so that a cycle that was cut off
 * goes on at the same block with those that are left; its scores are committed once.
 */
export async function runCycle(params: ValidatorParams, memory: Memory, signal: AbortSignal): Promise<ValidationReport> {
  const { signer, chain, catalog, telemetry, facts } = params
  const { book, answers } = memory
  signal.throwIfAborted()
  await followVotes({ ...params, now: params.pace.now() })
  const lists = await memory.lists.read()
  await confirmWeights({ ...params, book })
  const previous = await catalog.head(lineage.scores(signer.address))
  const known = previous?.manifest.miners ?? []
  const number = (previous?.manifest.cycle ?? 0) + 1
  const { metagraph, judged } = await beginOrGoOn(number, chain, book)
  const { block, neurons } = metagraph
  const miners = minersOf(neurons, signer.address, known)
  await forgetOthers(neurons, params, memory)
  const due = await dueMiners(miners, judged, params, memory)
  const sampleBlock = await judgeMiners({ miners, due, lists, look: { block }, judged }, params, memory, signal)

  const nowMs = facts.now()
  const jobs = lists.jobs.filter(({ expires_at }) => expires_at === undefined || Date.parse(expires_at) > nowMs)
  const scoring = { book, answers, jobs, nowMs }
  const scores = await scoreMiners(
    miners.map(({ hotkey }) => hotkey),
    judged,
    known,
    scoring,
  )
  await catalog.commit(lineage.scores(signer.address), previous?.sha256, {
    kind: 'scores',
    parent: previous?.sha256 ?? null,
    block,
    cycle: number,
    miners: scores,
  })
  await book.end()
  const weights = await setWeights(number, scores, params, memory, signal)
  telemetry.event('validator.cycle', {
    hotkey: signer.address,
    block,
    sample_block: sampleBlock,
    miners: scores.length,
    evaluated: judged.size,
    passed: scores.filter(({ passed }) => passed).length,
    scores: scores.map(({ hotkey, score, credibility, passed }) => ({ hotkey, score, credibility, passed })),
    weights_accepted: weights.accepted,
  })
  return { block, sampleBlock, miners: scores, weights }
}

/** The cycle that was cut off, if the chain still knows its block; else a new one. @returns with what was judged so far */
async function beginOrGoOn(number: number, chain: Chain, book: Memory['book']): Promise<{ metagraph: Metagraph; judged: Map<string, Judgement> }> {
  const running = await book.running()
  if (running?.round.number === number) {
    try {
      const metagraph = await chain.metagraph(running.round.block)
      return { metagraph, judged: new Map(running.outcomes.map(({ hotkey, outcome }) => [hotkey, JSON.parse(outcome) as Judgement])) }
    } catch (error) {
      if (!(error instanceof OrreryError && error.code === 'not_found')) throw error
    }
  }
  const metagraph = await chain.metagraph()
  await book.begin({ number, block: metagraph.block })
  return { metagraph, judged: new Map() }
}

/** Who claims something, and who did. What validators and bridges commit is no claim. */
function minersOf(neurons: readonly Neuron[], own: string, known: readonly MinerScore[]): Neuron[] {
  const scored = new Set(known.map(({ hotkey }) => hotkey))
  return neurons.filter(({ hotkey, commitment }) => hotkey !== own && (scored.has(hotkey) || isClaim(commitment)))
}

const isClaim = (commitment: Uint8Array | undefined): boolean => commitment !== undefined && Object.keys(readAnchored(commitment)).length === 0

/** Those that were not evaluated for long enough, who has waited longest first. */
async function dueMiners(
  miners: readonly Neuron[],
  judged: ReadonlyMap<string, Judgement>,
  { settings, pace }: ValidatorParams,
  { book }: Memory,
): Promise<Neuron[]> {
  const last = new Map((await book.evaluated()).map(({ hotkey, at }) => [hotkey, at]))
  const lastOf = ({ hotkey }: Neuron): number => last.get(hotkey) ?? -Infinity
  const now = pace.now()
  const latest = now - (settings.evaluate_seconds ?? 0) * 1000
  // A clock that was set back makes nobody wait for it.
  const isDue = (miner: Neuron): boolean => lastOf(miner) <= latest || lastOf(miner) > now
  return miners.filter((miner) => !judged.has(miner.hotkey) && isDue(miner)).toSorted((a, b) => compareTimes(lastOf(a), lastOf(b)) || a.uid - b.uid)
}

const compareTimes = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1)

/** Forgets miners that are none any more. */
async function forgetOthers(neurons: readonly Neuron[], { folder }: ValidatorParams, { rows, judge, book }: Memory): Promise<void> {
  const hotkeys = new Set(neurons.map(({ hotkey }) => hotkey))
  await book.keep([...hotkeys])
  for (const hotkey of await rows.hotkeys()) if (!hotkeys.has(hotkey)) await rows.forget(hotkey)
  for (const hotkey of await judge.hotkeys()) if (!hotkeys.has(hotkey)) await judge.forget(hotkey)
  // What a version before kept of the rows of each miner.
  for (const name of await readdir(folder)) if (/^[0-9a-f]{32}$/.test(name)) await rm(join(folder, name), { recursive: true, force: true })
}

async function setWeights(
  number: number,
  scores: readonly MinerScore[],
  params: ValidatorParams,
  { book }: Memory,
  signal: AbortSignal,
): Promise<WeightsReport> {
  const { signer, chain, settings, telemetry } = params
  const { cycles_before_weights: before = 0, owner_hotkey: owner = '', owner_share: share = 0 } = settings
  if (number <= before) {
    telemetry.event('validator.weights_skipped', { hotkey: signer.address, reason: `this is cycle ${number}; the first ${before} set no weights` })
    return { uids: [], values: [], accepted: false }
  }
  // A uid may have become another's while miners were evaluated.
  const { neurons } = await chain.metagraph()
  const byHotkey = new Map(scores.map(({ hotkey, score }) => [hotkey, score]))
  const ownerUid = neurons.findIndex(({ hotkey }) => hotkey === owner)
  const shares = weightShares(
    neurons.map(({ hotkey }) => byHotkey.get(hotkey) ?? 0),
    ownerUid < 0 ? undefined : { uid: ownerUid, share },
  )
  return submitWeights(shares, { ...params, book, waitMs: params.weightsWaitMs ?? weightsWaitMs, signal })
}
