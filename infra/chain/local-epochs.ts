import type { Database } from '#infra/sqlite/database.ts'
import { payEpoch } from './emission.ts'
import { isActive, runEpoch, type EpochOutcome } from './epoch.ts'
import type { LocalParameters } from './local-parameters.ts'
import { keepPast, pastBlocks, readHead, readNeurons, writePermits, type StoredNeuron } from './local-tables.ts'

const u16Max = 65_535

/**
 * Moves the head to `block`, running the epochs that fall due on the way, in order. Between two calls nothing but time moves the chain,
 * so whichever process comes first gets the same result, however long nobody looked. To be called inside a transaction. Returns the head.
 */
export function advanceTo(db: Database, block: number, parameters: LocalParameters): number {
  const { head, ownerEmission } = readHead(db)
  if (block <= head) return head
  const { tempoBlocks } = parameters
  const firstEpoch = (Math.floor(head / tempoBlocks) + 1) * tempoBlocks
  if (firstEpoch <= block) runEpochs(db, firstEpoch, block, parameters, ownerEmission)
  db.run('update chain set head = ?', block)
  return block
}

function runEpochs(db: Database, firstEpoch: number, head: number, parameters: LocalParameters, ownerEmissionBefore: bigint): void {
  const { tempoBlocks } = parameters
  let ownerEmission = ownerEmissionBefore
  let neurons = readNeurons(db)
  for (let block = firstEpoch; block <= head;) {
    const outcome = runEpoch(block, neurons, parameters)
    const alike = Math.min(epochsAlike(block, head, neurons, outcome, parameters), epochsUnseen(block, head, tempoBlocks))
    const payout = payEpoch(tempoBlocks, outcome)
    neurons = neurons.map((neuron, uid) => paid(neuron, outcome, payout.neurons[uid] ?? 0n, alike))
    ownerEmission += payout.owner * BigInt(alike)
    const lastEpoch = block + (alike - 1) * tempoBlocks
    keepPast(db, lastEpoch)
    write(db, neurons)
    db.run('update chain set last_epoch = ?, owner_emission = ?', lastEpoch, String(ownerEmission))
    block = lastEpoch + tempoBlocks
  }
}

function write(db: Database, neurons: readonly StoredNeuron[]): void {
  const update = 'update neurons set incentive = ?, dividends = ?, emission = ?, pruning = ? where uid = ?'
  for (const n of neurons) db.run(update, n.incentive, n.dividends, String(n.emission), String(n.pruning), n.uid)
  writePermits(
    db,
    neurons.map((neuron) => neuron.validatorPermit),
  )
}

/** How many epochs from `block` on end before the blocks at which the metagraph can still be asked for; each of those is kept by itself. */
const epochsUnseen = (block: number, head: number, tempoBlocks: number): number => Math.max(1, Math.floor((head - pastBlocks - block) / tempoBlocks) + 1)

/**
 * How many epochs from `block` to `head` come out as this one, so that a chain nobody looked at for a month costs no more than one:
 * without calls only permits (at this very epoch) and the activity cutoff can change the next.
 */
function epochsAlike(block: number, head: number, neurons: readonly StoredNeuron[], outcome: EpochOutcome, parameters: LocalParameters): number {
  if (neurons.some((neuron, uid) => neuron.validatorPermit !== outcome.permits[uid])) return 1
  const cutoffs = neurons.filter((neuron) => isActive(neuron, block, parameters)).map((neuron) => neuron.lastUpdate + parameters.activityCutoffBlocks)
  return Math.floor((cutoffs.reduce((least, cutoff) => Math.min(least, cutoff), head) - block) / parameters.tempoBlocks) + 1
}

const paid = (neuron: StoredNeuron, outcome: EpochOutcome, payout: bigint, epochs: number): StoredNeuron => ({
  ...neuron,
  validatorPermit: outcome.permits[neuron.uid] ?? false,
  incentive: Math.round((outcome.incentive[neuron.uid] ?? 0) * u16Max),
  dividends: Math.round((outcome.dividends[neuron.uid] ?? 0) * u16Max),
  emission: neuron.emission + payout * BigInt(epochs),
  pruning: payout,
})
