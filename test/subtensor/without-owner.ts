import type { Chain, Neuron, Signer } from '#schemas/chain.ts'

const up = <T extends { uids: readonly number[] }>(weights: T): T => ({ ...weights, uids: weights.uids.map((uid) => uid + 1) })
const down = <T extends { uids: readonly number[] }>(weights: T): T => ({ ...weights, uids: weights.uids.map((uid) => uid - 1) })
const neuron = (known: Neuron): Neuron => ({
  ...known,
  uid: known.uid - 1,
  lastUpdate: known.weights.length === 0 ? 0 : known.lastUpdate,
  weights: known.weights.map(({ uid, value }) => ({ uid: uid - 1, value })),
})

/**
 * A subnet as the suite has it, with no neuron but what it registers: the owner's, which Subtensor puts at uid 0, is left out, and the others are counted from 0.
 * A neuron without weights has set none: Subtensor counts its registration as an update.
 */
export function withoutOwner(chain: Chain, register: (signer: Signer, coldkey: string) => Promise<number>): Chain {
  return {
    block: (number) => chain.block(number),
    metagraph: async (block) => {
      const metagraph = await chain.metagraph(block)
      return { ...metagraph, neurons: metagraph.neurons.slice(1).map(neuron) }
    },
    hyperparameters: () => chain.hyperparameters(),
    register: async (signer, coldkey) => (await register(signer, coldkey)) - 1,
    serve: (signer, endpoint) => chain.serve(signer, endpoint),
    submitWeights: async (signer, submission, intend) =>
      down(await chain.submitWeights(signer, up(submission), intend && ((intended) => intend(down(intended))))),
    confirmWeights: (signer, submitted) => chain.confirmWeights(signer, up(submitted)),
    commit: (signer, data) => chain.commit(signer, data),
    onBlock: (signal) => chain.onBlock(signal),
  }
}
