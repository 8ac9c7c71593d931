import { acceptWeights } from '#infra/chain/weights-rules.ts'
import { publicKeyOf } from '#infra/chain/ss58.ts'
import { weightsCommitHash } from '#infra/chain/weights-commit.ts'
import { OrreryError } from '#schemas/errors.ts'
import { metagraphType } from './metadata.ts'
import type { Pallets, SubstrateNode } from './substrate-node.ts'

interface StoredNeuron {
  hotkey: string
  coldkey: string
  stake: string
  permit: boolean
  lastUpdate: number
  axon: { ip: string; port: number; ipType: number } | undefined
}

/** What a test may set of the subnet. */
export interface Subnet {
  netuid: number
  tempo: number
  weightsRateLimit: number
  servingRateLimit: number
  commitReveal: { period: number } | undefined
  neurons: StoredNeuron[]
  /** rao that a hotkey will have when it registers. */
  stakes: Map<string, bigint>
}

export const newSubnet = (netuid: number): Subnet => ({
  netuid,
  tempo: 360,
  weightsRateLimit: 5,
  servingRateLimit: 50,
  commitReveal: undefined,
  neurons: [],
  stakes: new Map(),
})

type Call = Parameters<Pallets['dispatch']>[0]

/** As much of pallet_subtensor and pallet_commitments as one subnet needs, by the rules that we know of them. */
export const subtensorPallets =
  (subnet: Subnet) =>
  (node: SubstrateNode): Pallets => {
    const keep = () => {
      node.note('neurons', JSON.stringify(subnet.neurons))
      node.put('subtensorModule', 'tempo', [subnet.netuid], subnet.tempo)
    }
    keep()

    const run: Record<string, (call: Call, block: number) => void> = {
      burnedRegister({ signer, args }) {
        const hotkey = String(args['hotkey'])
        if (find(subnet, hotkey) >= 0) throw refused('HotKeyAlreadyRegisteredInSubNet')
        const stake = subnet.stakes.get(hotkey) ?? 0n
        subnet.neurons.push({ hotkey, coldkey: signer, stake: String(stake), permit: stake > 0n, lastUpdate: 0, axon: undefined })
      },
      serveAxon({ signer, args }, block) {
        const neuron = subnet.neurons[find(subnet, signer)]
        if (!neuron) throw refused('HotKeyNotRegisteredInNetwork')
        const served = Number(node.notes.get(`served ${signer}`) ?? 0)
        if (served !== 0 && block - served < subnet.servingRateLimit) throw refused('ServingRateLimitExceeded')
        if (Number(args['port']) === 0) throw refused('InvalidPort')
        neuron.axon = { ip: String(args['ip']), port: Number(args['port']), ipType: Number(args['ipType']) }
        node.note(`served ${signer}`, String(block))
      },
      setWeights({ signer, args }, block) {
        if (subnet.commitReveal) throw refused('CommitRevealEnabled')
        store(signer, { uids: args['dests'] as number[], values: args['weights'] as number[], versionKey: Number(args['versionKey']) }, block)
      },
      commitWeights({ signer, args }, block) {
        if (!subnet.commitReveal) throw refused('CommitRevealDisabled')
        const first = epochStart(subnet, epochOf(subnet, block) + subnet.commitReveal.period)
        node.put('subtensorModule', 'weightCommits', [subnet.netuid, signer], [[args['commitHash'], block, first, first + subnet.tempo]])
        node.note(`commit ${signer}`, JSON.stringify({ hash: args['commitHash'], first, last: first + subnet.tempo }))
        touch(subnet, signer, block)
      },
      revealWeights({ signer, args }, block) {
        const kept = node.notes.get(`commit ${signer}`)
        const publicKey = publicKeyOf(signer)
        if (!kept || !publicKey) throw refused('NoWeightsCommitFound')
        const { hash, first, last } = JSON.parse(kept) as { hash: string; first: number; last: number }
        const submission = { uids: args['uids'] as number[], values: args['values'] as number[], versionKey: Number(args['versionKey']) }
        const again = weightsCommitHash({ publicKey }, { netuid: subnet.netuid, ...submission, salt: args['salt'] as number[] })
        if (again !== hash) throw refused('InvalidRevealCommitHashNotMatch')
        if (block < first) throw refused('RevealTooEarly')
        if (block > last) throw refused('ExpiredWeightCommit')
        store(signer, submission, block, 0)
        node.remove('subtensorModule', 'weightCommits', [subnet.netuid, signer])
      },
      commitCrv3Weights: ({ signer, args }, block) => queue(signer, args, block),
      commitTimelockedWeights: ({ signer, args }, block) => queue(signer, args, block),
      commitTimelockedMechanismWeights: ({ signer, args }, block) => queue(signer, args, block),
      setCommitment({ signer, args }, block) {
        if (find(subnet, signer) < 0) throw refused('AccountNotAllowedCommit')
        node.put('commitments', 'commitmentOf', [subnet.netuid, signer], { deposit: 0, block, info: args['info'] })
      },
    }

    function queue(signer: string, args: Record<string, unknown>, block: number): void {
      if (!subnet.commitReveal) throw refused('CommitRevealDisabled')
      node.put('subtensorModule', 'crv3WeightCommits', [subnet.netuid, epochOf(subnet, block)], [[signer, args['commit'], args['revealRound']]])
      touch(subnet, signer, block)
    }

    function store(
      signer: string,
      submission: { uids: number[]; values: number[]; versionKey: number },
      block: number,
      weightsRateLimitBlocks = subnet.weightsRateLimit,
    ): void {
      const uid = find(subnet, signer)
      const neuron = subnet.neurons[uid]
      const caller = {
        uid: neuron ? uid : undefined,
        stake: BigInt(neuron?.stake ?? 0),
        validatorPermit: neuron?.permit ?? false,
        lastUpdate: neuron?.lastUpdate ?? 0,
        block,
        neurons: subnet.neurons.length,
      }
      const rules = { stakeThreshold: 1_000_000_000n, versionKey: 0, weightsRateLimitBlocks, minAllowedWeights: 1, maxWeightLimit: 65_535 }
      const stored = acceptWeights(submission, caller, rules)
      node.put(
        'subtensorModule',
        'weights',
        [subnet.netuid, uid],
        submission.uids.map((to, at) => [to, stored[at]]),
      )
      touch(subnet, signer, block)
    }

    const outcomeOf = (call: Call, block: number) => {
      const before = structuredClone(subnet.neurons)
      try {
        run[call.name]?.(call, block)
        return undefined
      } catch (error) {
        if (!(error instanceof OrreryError)) throw error
        subnet.neurons = before
        return error
      }
    }

    return {
      dispatch(call, block) {
        const refusal = outcomeOf(call, block)
        keep()
        if (!refusal) return undefined
        const pallet = call.pallet === 'commitments' ? 'Commitments' : 'SubtensorModule'
        return { pallet, error: String(refusal.details['reason']) }
      },
      call(method, _input, state) {
        if (method === 'SubnetInfoRuntimeApi_get_next_epoch_start_block') return nextEpoch(state.get('next epoch'))
        if (method !== 'SubnetInfoRuntimeApi_get_metagraph') return undefined
        const neurons = JSON.parse(state.get('neurons') ?? '[]') as StoredNeuron[]
        const graph = node.registry.createTypeUnsafe(metagraphType(node.registry), [
          {
            tempo: subnet.tempo,
            min_allowed_weights: 1,
            max_weights_limit: 65_535,
            max_uids: 256,
            immunity_period: 4096,
            last_step: 0,
            weights_version: 0,
            weights_rate_limit: subnet.weightsRateLimit,
            activity_cutoff: 5000,
            commit_reveal_period: subnet.commitReveal?.period ?? 1,
            commit_reveal_weights_enabled: subnet.commitReveal !== undefined,
            hotkeys: neurons.map(({ hotkey }) => hotkey),
            coldkeys: neurons.map(({ coldkey }) => coldkey),
            axons: neurons.map(({ axon }) => axon ?? {}),
            validator_permit: neurons.map(({ permit }) => permit),
            last_update: neurons.map(({ lastUpdate }) => lastUpdate),
            emission: neurons.map(() => 0),
            dividends: neurons.map(() => 0),
            incentives: neurons.map(() => 0),
            total_stake: neurons.map(({ stake }) => stake),
          },
        ])
        return `0x01${graph.toHex().slice(2)}`
      },
    }
  }

/** Option<u64> in SCALE. */
function nextEpoch(block: string | undefined): string {
  if (block === undefined) return '0x00'
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(block))
  return `0x01${bytes.toString('hex')}`
}

const refused = (reason: string): OrreryError => new OrreryError('chain_refused', reason, { reason })
const find = ({ neurons }: Subnet, hotkey: string): number => neurons.findIndex((neuron) => neuron.hotkey === hotkey)
const epochOf = ({ netuid, tempo }: Subnet, block: number): number => Math.floor((block + netuid + 1) / (tempo + 1))
const epochStart = ({ netuid, tempo }: Subnet, epoch: number): number => epoch * (tempo + 1) - netuid - 1

function touch(subnet: Subnet, signer: string, block: number): void {
  const neuron = subnet.neurons[find(subnet, signer)]
  if (neuron) neuron.lastUpdate = block
}
