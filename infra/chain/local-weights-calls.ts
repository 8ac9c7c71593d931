import type { WeightsSubmission } from '#schemas/chain.ts'
import type { Call } from './extrinsic.ts'
import type { Dispatch } from './local-calls.ts'
import { countNeurons, findNeuron, writeCommits } from './local-tables.ts'
import { revealWindow } from './local-weights.ts'
import { refusal } from './refusal.ts'
import { publicKeyOf } from './ss58.ts'
import { weightsCommitHash } from './weights-commit.ts'
import { acceptWeights } from './weights-rules.ts'

/** Weight commitments of one hotkey that may wait at a time. */
const commitsMax = 10

export function setWeights({ name, dests, weights, version_key }: Call & { name: 'set_weights' }, context: Dispatch): void {
  const { parameters } = context
  if (parameters.commitReveal) throw refusal(name, 'CommitRevealEnabled')
  store({ uids: dests, values: weights, versionKey: version_key }, parameters.weightsRateLimitBlocks, context)
}

/** do_commit_weights. Its rate limit is counted from the last weights or commitment; those that expired are forgotten. */
export function commitWeights({ name, commit_hash }: Call & { name: 'commit_weights' }, { db, parameters, signer, block }: Dispatch): void {
  if (!parameters.commitReveal) throw refusal(name, 'CommitRevealDisabled')
  const neuron = findNeuron(db, signer)
  if (!neuron) throw refusal(name, 'HotKeyNotRegisteredInSubNet')
  if (neuron.stake < parameters.stakeThreshold) throw refusal(name, 'NotEnoughStakeToSetWeights')
  if (neuron.lastUpdate !== 0 && block - neuron.lastUpdate < parameters.weightsRateLimitBlocks) throw refusal(name, 'CommittingWeightsTooFast', { block })
  const waiting = neuron.commits.filter((commit) => block <= revealWindow(commit.block, parameters).last)
  if (waiting.length >= commitsMax) throw refusal(name, 'TooManyUnrevealedCommits')
  writeCommits(db, signer, [...waiting, { hash: commit_hash, block }])
  db.run('update neurons set last_update = ? where hotkey = ?', block, signer)
}

/** do_reveal_weights: what was committed before the one that is revealed goes with it. */
export function revealWeights({ name, uids, values, salt, version_key }: Call & { name: 'reveal_weights' }, context: Dispatch): void {
  const { db, parameters, signer, block } = context
  if (!parameters.commitReveal) throw refusal(name, 'CommitRevealDisabled')
  const commits = findNeuron(db, signer)?.commits ?? []
  const publicKey = publicKeyOf(signer)
  if (commits.length === 0 || !publicKey) throw refusal(name, 'NoWeightsCommitFound')
  const hash = weightsCommitHash({ publicKey }, { netuid: parameters.netuid, uids, values, salt, versionKey: version_key })
  const at = commits.findIndex((commit) => commit.hash === hash)
  const commit = commits[at]
  if (!commit) throw refusal(name, 'InvalidRevealCommitHashNotMatch')
  const { first, last } = revealWindow(commit.block, parameters)
  if (block < first) throw refusal(name, 'RevealTooEarly', { block })
  if (block > last) throw refusal(name, 'ExpiredWeightCommit', { block })
  // The rate limit held for the commitment.
  store({ uids, values, versionKey: version_key }, 0, context)
  writeCommits(db, signer, commits.slice(at + 1))
}

function store(submission: WeightsSubmission, weightsRateLimitBlocks: number, { db, parameters, signer, block }: Dispatch): void {
  const neuron = findNeuron(db, signer)
  const caller = {
    uid: neuron?.uid,
    stake: neuron?.stake ?? 0n,
    validatorPermit: neuron?.validatorPermit ?? false,
    lastUpdate: neuron?.lastUpdate ?? 0,
    block,
    neurons: countNeurons(db),
  }
  const stored = acceptWeights(submission, caller, { ...parameters, weightsRateLimitBlocks })
  const row = JSON.stringify(submission.uids.map((uid, i) => [uid, stored[i] ?? 0]))
  db.run('update neurons set weights = ?, last_update = ? where hotkey = ?', row, block, signer)
}
