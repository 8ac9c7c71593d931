import { BlockList, isIPv4 } from 'node:net'
import type { Database } from '#infra/sqlite/database.ts'
import { OrreryError } from '#schemas/errors.ts'
import { validatorPermits } from './epoch.ts'
import type { Call } from './extrinsic.ts'
import type { LocalParameters } from './local-parameters.ts'
import { findNeuron, readAccount, readHead, readNeurons, writePermits, type StoredNeuron } from './local-tables.ts'
import { commitWeights, revealWeights, setWeights } from './local-weights-calls.ts'
import { refusal } from './refusal.ts'
import { isAddress } from './ss58.ts'

/** pallet_commitments: bytes a hotkey may commit in one epoch, and what the shortest commitment costs of them. */
const commitmentBudgetBytes = 3_100
const commitmentCostMin = 100

export interface Dispatch {
  db: Database
  parameters: LocalParameters
  signer: string
  block: number
}

/**
 * Runs a verified call, inside the transaction it is included by.
 * @throws OrreryError `chain_refused`, `rate_limited`, `invalid_argument`; the transaction is then rolled back
 */
export function dispatch(call: Call, context: Dispatch): void {
  if ('netuid' in call && call.netuid !== context.parameters.netuid) throw refusal(call.name, 'SubNetworkDoesNotExist', { netuid: call.netuid })
  if (call.name === 'register') register(call, context)
  else if (call.name === 'serve_axon') serveAxon(call, context)
  else if (call.name === 'set_weights') setWeights(call, context)
  else if (call.name === 'commit_weights') commitWeights(call, context)
  else if (call.name === 'reveal_weights') revealWeights(call, context)
  else if (call.name === 'set_commitment') setCommitment(call, context)
  else faucet(call, context)
}

function register({ coldkey }: Call & { name: 'register' }, { db, parameters, signer, block }: Dispatch): void {
  if (!isAddress(coldkey)) throw new OrreryError('invalid_argument', `The coldkey "${coldkey}" is no SS58 address with prefix 42.`, { coldkey })
  if (findNeuron(db, signer)) throw refusal('register', 'HotKeyAlreadyRegisteredInSubNet')
  const neurons = readNeurons(db)
  const uid = neurons.length < parameters.maxUids ? neurons.length : neuronToPrune(neurons, block, parameters.immunityBlocks)
  db.run('delete from neurons where uid = ?', uid)
  db.run('insert into neurons (uid, hotkey, coldkey, registered_at) values (?, ?, ?, ?)', uid, signer, coldkey, block)
  permitBeforeFirstEpoch(db, parameters)
}

/** get_neuron_to_prune: outside immunity when there is one, the least paid of the last epoch, then the oldest, then the lowest uid. */
function neuronToPrune(neurons: readonly StoredNeuron[], block: number, immunityBlocks: number): number {
  const ranked = neurons.toSorted((a, b) => compare(a.pruning, b.pruning) || a.registeredAt - b.registeredAt || a.uid - b.uid)
  const pruned = ranked.find((neuron) => block - neuron.registeredAt >= immunityBlocks) ?? ranked[0]
  if (!pruned) throw refusal('register', 'NoNeuronIdAvailable')
  return pruned.uid
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

/** Permits are given at epochs; those of the genesis, before the first one, follow the registrations at once. */
function permitBeforeFirstEpoch(db: Database, parameters: LocalParameters): void {
  if (readHead(db).lastEpoch === 0) writePermits(db, validatorPermits(readNeurons(db), parameters))
}

/** Addresses only the own machine reaches. */
const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Addresses that no machine has (is_valid_ip_address). */
const nowhere = new BlockList()
nowhere.addAddress('0.0.0.0', 'ipv4')
nowhere.addAddress('255.255.255.255', 'ipv4')
nowhere.addAddress('::', 'ipv6')
nowhere.addAddress('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'ipv6')

/** validate_serve_axon, in its order. Where it is told to (`loopback`), a chain of one machine takes that machine's own addresses. */
function serveAxon({ ip, port }: Call & { name: 'serve_axon' }, { db, parameters, signer, block }: Dispatch): void {
  const neuron = findNeuron(db, signer)
  if (!neuron) throw refusal('serve_axon', 'HotKeyNotRegisteredInNetwork')
  const family = isIPv4(ip) ? 'ipv4' : 'ipv6'
  if (nowhere.check(ip, family) || (loopback.check(ip, family) && !parameters.loopback)) throw refusal('serve_axon', 'InvalidIpAddress', { ip })
  if (neuron.servedAt !== 0 && block - neuron.servedAt < parameters.servingRateLimitBlocks) throw refusal('serve_axon', 'ServingRateLimitExceeded', { block })
  if (port === 0) throw refusal('serve_axon', 'InvalidPort')
  db.run('update neurons set ip = ?, port = ?, served_at = ? where uid = ?', ip, port, block, neuron.uid)
}

function setCommitment({ data }: Call & { name: 'set_commitment' }, { db, parameters, signer, block }: Dispatch): void {
  if (!findNeuron(db, signer)) throw refusal('set_commitment', 'AccountNotAllowedCommit')
  const bytes = Buffer.from(data.slice(2), 'hex')
  const epoch = Math.floor(block / parameters.tempoBlocks)
  const last = db.get<{ epoch: number; spent: number }>('select epoch, spent from commitments where hotkey = ?', signer)
  const spent = (last?.epoch === epoch ? last.spent : 0) + Math.max(commitmentCostMin, bytes.length)
  if (spent > commitmentBudgetBytes) throw refusal('set_commitment', 'SpaceLimitExceeded', { block })
  db.run('insert or replace into commitments (hotkey, data, block, epoch, spent) values (?, ?, ?, ?, ?)', signer, bytes, block, epoch, spent)
}

/** Raises the signer's stake to what is asked for; never lowers it. */
function faucet({ stake }: Call & { name: 'faucet' }, { db, parameters, signer }: Dispatch): void {
  if (!parameters.faucet) throw refusal('faucet', 'FaucetDisabled')
  if (readAccount(db, signer).stake >= BigInt(stake)) return
  db.run('insert into accounts (address, stake) values (?, ?) on conflict do update set stake = excluded.stake', signer, stake)
  permitBeforeFirstEpoch(db, parameters)
}
