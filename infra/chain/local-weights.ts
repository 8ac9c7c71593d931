import type { Database } from '#infra/sqlite/database.ts'
import type { IntendedWeights, Signer, SubmittedWeights, WeightsSubmission } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Network } from '#schemas/network.ts'
import { parseCall, type Call } from './extrinsic.ts'
import type { LocalBlocks } from './local-blocks.ts'
import type { LocalParameters } from './local-parameters.ts'
import { findNeuron } from './local-tables.ts'
import { weightsCommitHash, weightsSalt } from './weights-commit.ts'
import { areWeights } from './weights.ts'

interface WeightsParts {
  db: Database
  network: Network
  parameters: LocalParameters
  blocks: LocalBlocks
  call(signer: Signer, call: Call): void
}

/** A validator's side of weights: in plain, or committed by their hash and revealed by whoever asks for them in their time. */
export interface LocalWeights {
  /** What would be sent now. @throws OrreryError `invalid_argument` for what is no weight */
  intend(submission: WeightsSubmission): IntendedWeights
  submit(signer: Signer, intended: IntendedWeights): SubmittedWeights
  confirm(signer: Signer, submitted: SubmittedWeights | IntendedWeights): 'set' | 'pending' | 'missing'
}

/** Blocks in which what was committed in `block` can be revealed: those of one epoch. */
export function revealWindow(block: number, { tempoBlocks, revealPeriodEpochs }: Pick<LocalParameters, 'tempoBlocks' | 'revealPeriodEpochs'>) {
  const first = (Math.floor(block / tempoBlocks) + revealPeriodEpochs) * tempoBlocks
  return { first, last: first + tempoBlocks - 1 }
}

export function localWeights({ db, network, parameters, blocks, call }: WeightsParts): LocalWeights {
  const { netuid } = network
  const committed = (signer: Signer, { uids, values, versionKey }: WeightsSubmission, madeAtBlock: number) => ({
    netuid,
    uids,
    values,
    versionKey,
    salt: weightsSalt(signer, network, madeAtBlock),
  })

  const hashOf = (signer: Signer, intended: IntendedWeights): string => weightsCommitHash(signer, committed(signer, intended, intended.madeAtBlock))

  function intend({ uids, values, versionKey }: WeightsSubmission): IntendedWeights {
    const way = parameters.commitReveal ? 'commit_reveal' : 'plain'
    parseCall({ name: 'set_weights', netuid, dests: [...uids], weights: [...values], version_key: versionKey })
    return { uids: [...uids], values: [...values], versionKey, madeAtBlock: blocks.head(), way }
  }

  function submit(signer: Signer, intended: IntendedWeights): SubmittedWeights {
    const { uids, values, versionKey, way, madeAtBlock } = intended
    if (way === 'plain') call(signer, { name: 'set_weights', netuid, dests: [...uids], weights: [...values], version_key: versionKey })
    else call(signer, { name: 'commit_weights', netuid, commit_hash: hashOf(signer, intended) })
    const block = findNeuron(db, signer.address)?.lastUpdate ?? madeAtBlock
    return { ...intended, block, dueBlock: way === 'plain' ? block : revealWindow(block, parameters).first }
  }

  function confirm(signer: Signer, submitted: SubmittedWeights | IntendedWeights): 'set' | 'pending' | 'missing' {
    const head = blocks.head()
    const neuron = findNeuron(db, signer.address)
    const commit = submitted.way === 'plain' ? undefined : neuron?.commits.find(({ hash }) => hash === hashOf(signer, submitted))
    if (!neuron || !commit) {
      if (!('block' in submitted) && head <= submitted.madeAtBlock) return 'pending'
      return neuron && areWeights(neuron.weights, submitted) ? 'set' : 'missing'
    }
    const { first, last } = revealWindow(commit.block, parameters)
    if (head < first) return 'pending'
    if (head > last) return 'missing'
    const { uids, values, salt, versionKey } = committed(signer, submitted, submitted.madeAtBlock)
    try {
      call(signer, { name: 'reveal_weights', netuid, uids: [...uids], values: [...values], salt, version_key: versionKey })
      return 'set'
    } catch (error) {
      // A permit that is gone, above all: it may be there again at a later block of its time.
      if (error instanceof OrreryError && error.code === 'chain_refused') return 'pending'
      throw error
    }
  }

  return { intend, submit, confirm }
}
