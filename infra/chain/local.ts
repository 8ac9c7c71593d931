import { randomBytes } from 'node:crypto'
import { inspectDatabase, openDatabase, type Database } from '#infra/sqlite/database.ts'
import { waitForNobody, whenFree } from '#infra/sqlite/when-free.ts'
import { canonicalJson, sha256Hex } from '#schemas/canonical-json.ts'
import type { Chain, Metagraph, Neuron, PendingWeights, Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { Extrinsic } from './extrinsic.ts'
import { localBlocks, type LocalBlocks } from './local-blocks.ts'
import { isRefusal, localInclusion } from './local-inclusion.ts'
import { encodeParameters, hyperparametersOf, parseParameters, requireSameParameters, type LocalParameters } from './local-parameters.ts'
import { localChainSchema } from './local-schema.ts'
import { findNeuron, pastBlocks, readAccount, readHead, readNeurons, readPast, type Genesis, type StoredNeuron } from './local-tables.ts'
import { localWeights, revealWindow } from './local-weights.ts'
import { refusal } from './refusal.ts'

export type LocalChainOptions = Parameters<typeof parseParameters>[0] & {
  /** Blocks advance on it. Clocks of processes that share the file should agree; a block never goes back. */
  clock: Clock
  /**
   * Genesis and hashes follow from it, and whoever knows it foretells them all: for runs that are to be repeated alone. Without one they are drawn when the
   * chain is started and when a block is made.
   */
  seed?: string | undefined
  /** ms since epoch that all blocks say they are of: in a run that is to be repeated byte for byte. */
  saidAt?: number | undefined
}

/** A chain of this machine, in one file shared by processes. */
export interface LocalChain extends Chain, AsyncDisposable {
  /** Includes a call that was signed elsewhere. @throws `chain_refused` (BadProof, Stale, Future, and what the call itself may be refused for) */
  submit(extrinsic: Extrinsic): Promise<void>
  /** What the address must sign its next call for. */
  signingContext(address: string): Promise<{ nonce: number; genesis: string }>
  /** Raises the hotkey's stake to `stake` rao. Only on a chain with a development faucet. */
  faucet(signer: Signer, stake: bigint): Promise<void>
}

/** Whether the file can be used by this program. Reads its header, writes nothing. @throws OrreryError `newer_version`, `data_unreadable` */
export const inspectLocalChain = (path: string): void => inspectDatabase(path, localChainSchema)

/**
 * Opens the chain in that file, or starts it; its first calls are in block 1. Every call is signed by its hotkey and verified when it is included.
 * Epochs that fell due while no process ran are run by whichever calls next (local-epochs.ts). A call that finds the file in use waits without stopping
 * the event loop.
 * @throws OrreryError `newer_version`, `data_unreadable`, `invalid_argument`, `invalid_config` (the chain was started with other parameters)
 */
export function localChain(path: string, { clock, seed, saidAt, ...given }: LocalChainOptions): LocalChain {
  const parameters = parseParameters(given)
  const db = openDatabase(path, localChainSchema)
  try {
    const genesis = startOrJoin(db, path, parameters, clock, seed)
    waitForNobody(db)
    return chainOver(db, genesis, parameters, localBlocks(db, genesis, parameters, clock, { salts: seed === undefined ? 'drawn' : 'seeded', saidAt }))
  } catch (cause) {
    db[Symbol.dispose]()
    throw cause
  }
}

/** A chain that was started is only read. */
function startOrJoin(db: Database, path: string, parameters: LocalParameters, clock: Clock, seed: string | undefined): Genesis {
  const isStarted = () => db.get('select 1 from chain') !== undefined
  if (!isStarted())
    db.transaction(() => {
      if (isStarted()) return
      const genesisMs = Math.floor(clock.now()) - parameters.blockMs
      const stored = canonicalJson(encodeParameters(parameters))
      const salt = seed === undefined ? randomBytes(32) : Buffer.from(sha256Hex(seed), 'hex')
      const hash = `0x${sha256Hex(`orrery local chain\n${salt.toString('hex')}\n${stored}`)}`
      db.run('insert into chain (id, genesis_ms, genesis_hash, parameters) values (1, ?, ?, ?)', genesisMs, hash, stored)
      db.run('insert into salts values (0, ?)', salt)
    })
  const { parameters: stored, ...genesis } = readHead(db)
  requireSameParameters(path, stored, parameters)
  return genesis
}

function chainOver(db: Database, genesis: Genesis, parameters: LocalParameters, blocks: LocalBlocks): LocalChain {
  const { netuid } = parameters
  const closed = new AbortController()
  const { call, include } = localInclusion(db, genesis, parameters, blocks)
  const weights = localWeights({ db, network: { netuid, genesis: genesis.genesisHash }, parameters, blocks, call })
  return {
    block: (number) => whenFree(() => blocks.at(number ?? blocks.head())),
    metagraph: (block) =>
      whenFree(() => {
        // Refuses what is no block, or not there yet.
        const { number } = blocks.at(block ?? blocks.head())
        return db.transaction(() => metagraphOf(db, parameters, block === undefined ? readHead(db).head : number))
      }),
    hyperparameters: async () => hyperparametersOf(parameters),
    register: (signer, coldkey) =>
      whenFree(() => {
        if (!findNeuron(db, signer.address)) registerOnce(() => call(signer, { name: 'register', netuid, coldkey }))
        const neuron = findNeuron(db, signer.address)
        if (!neuron) throw refusal('register', 'NoNeuronIdAvailable')
        return neuron.uid
      }),
    serve: (signer, { ip, port }) =>
      whenFree(() => {
        const axon = findNeuron(db, signer.address)?.axon
        if (axon?.ip !== ip || axon.port !== port) call(signer, { name: 'serve_axon', netuid, ip, port })
      }),
    async submitWeights(signer, submission, intend) {
      const intended = weights.intend(submission)
      await intend?.(intended)
      return await whenFree(() => weights.submit(signer, intended))
    },
    confirmWeights: (signer, submitted) => whenFree(() => weights.confirm(signer, submitted)),
    commit: (signer, data) => whenFree(() => call(signer, { name: 'set_commitment', netuid, data: `0x${Buffer.from(data).toString('hex')}` })),
    faucet: (signer, stake) => whenFree(() => call(signer, { name: 'faucet', stake: String(stake) })),
    submit: (extrinsic) => whenFree(() => include(parseExtrinsic(extrinsic))),
    signingContext: async (address) => ({ nonce: readAccount(db, address).nonce, genesis: genesis.genesisHash }),
    onBlock: (signal) => blocks.follow(AbortSignal.any([signal, closed.signal])),
    async [Symbol.asyncDispose]() {
      closed.abort()
      db[Symbol.dispose]()
    },
  }
}

/** Another process may have registered the hotkey in between. */
function registerOnce(register: () => void): void {
  try {
    register()
  } catch (cause) {
    if (!isRefusal(cause, 'HotKeyAlreadyRegisteredInSubNet')) throw cause
  }
}

function parseExtrinsic(extrinsic: unknown): Extrinsic {
  const parsed = Extrinsic.safeParse(extrinsic)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new OrreryError('invalid_argument', `This is no signed call: ${issue?.path.join('.')}: ${issue?.message}.`, { issues: parsed.error.issues })
}

/** At the end of a block that is there. */
function metagraphOf(db: Database, parameters: LocalParameters, block: number): Metagraph {
  const { head, changedAt, lastEpoch } = readHead(db)
  const then = block >= changedAt ? { lastEpoch, neurons: readNeurons(db) } : block >= head - pastBlocks ? readPast(db, block) : undefined
  if (then) {
    const { neurons, lastEpoch: lastEpochBlock } = then
    return { netuid: parameters.netuid, block, lastEpochBlock, neurons: neurons.map(publicPart), pendingWeights: pendingOf(neurons, block, parameters) }
  }
  throw new OrreryError('not_found', `What the chain was at block ${block} is not known any more; it is at ${head}, and ${pastBlocks} blocks are kept.`, {
    block,
    head,
  })
}

const publicPart = ({ registeredAt: _registeredAt, servedAt: _servedAt, pruning: _pruning, commits: _commits, ...neuron }: StoredNeuron): Neuron => neuron

/** Without what can be revealed no more. */
const pendingOf = (neurons: readonly StoredNeuron[], at: number, parameters: LocalParameters): PendingWeights[] =>
  neurons
    .flatMap(({ hotkey, commits }) => commits.map(({ block }) => ({ hotkey, block, ...revealWindow(block, parameters) })))
    .flatMap(({ hotkey, block, first, last }) => (at > last ? [] : [{ hotkey, block, dueBlock: first }]))
    .toSorted((a, b) => a.block - b.block)
