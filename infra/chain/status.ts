import type { Chain, Hyperparameters } from '#schemas/chain.ts'

/** One neuron as a line of `orrery chain status`; amounts in TAO, shares 0..1. */
interface NeuronStatus {
  uid: number
  /** First and last characters of the SS58 address. */
  hotkey: string
  stakeTao: number
  validatorPermit: boolean
  /** Block of the last weights; undefined = never set. */
  weightsSetAt: number | undefined
  /** Weights in force, by uid, the largest 65,535. */
  weights: Record<number, number>
  /** First block at which weights that it committed can be revealed; undefined: none wait. */
  revealDue: number | undefined
  incentive: number
  dividends: number
  emissionTao: number
  /** `ip:port` */
  axon: string | undefined
  /** 0x + hex */
  commitment: string | undefined
}

export interface ChainStatus {
  netuid: number
  /** Hash of block 0: which chain it is. */
  genesis: string
  hyperparameters: Hyperparameters
  block: number
  blockHash: string
  /** undefined = none yet */
  lastEpochBlock: number | undefined
  neurons: NeuronStatus[]
}

/** What there is to see of a subnet. @throws OrreryError as the chain does */
export async function chainStatus(chain: Chain): Promise<ChainStatus> {
  const { netuid, block, lastEpochBlock, neurons, pendingWeights } = await chain.metagraph()
  const due = new Map(pendingWeights.toReversed().map(({ hotkey, dueBlock }) => [hotkey, dueBlock]))
  return {
    netuid,
    genesis: (await chain.block(0)).hash,
    hyperparameters: await chain.hyperparameters(),
    block,
    blockHash: (await chain.block(block)).hash,
    lastEpochBlock: lastEpochBlock === 0 ? undefined : lastEpochBlock,
    neurons: neurons.map((neuron) => ({
      uid: neuron.uid,
      hotkey: neuron.hotkey,
      stakeTao: taoOf(neuron.stake),
      validatorPermit: neuron.validatorPermit,
      weightsSetAt: neuron.lastUpdate === 0 ? undefined : neuron.lastUpdate,
      weights: Object.fromEntries(neuron.weights.map(({ uid, value }) => [uid, value])),
      revealDue: due.get(neuron.hotkey),
      incentive: shareOf(neuron.incentive),
      dividends: shareOf(neuron.dividends),
      emissionTao: taoOf(neuron.emission),
      axon: neuron.axon && (neuron.axon.ip.includes(':') ? `[${neuron.axon.ip}]:${neuron.axon.port}` : `${neuron.axon.ip}:${neuron.axon.port}`),
      commitment: neuron.commitment && `0x${Buffer.from(neuron.commitment).toString('hex')}`,
    })),
  }
}

const taoOf = (rao: bigint): number => Number(rao) / 1e9
const shareOf = (u16: number): number => Math.round((u16 / 65_535) * 10_000) / 10_000
