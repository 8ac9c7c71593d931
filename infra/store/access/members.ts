import type { Chain, Neuron } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'

export type Member = Pick<Neuron, 'uid' | 'hotkey' | 'coldkey' | 'stake' | 'validatorPermit' | 'incentive'>

/** Who is on the subnet. */
export interface Members {
  netuid(): Promise<number>
  /**
   * @param isEnough what is asked of it: where it is not, as far as is known, it is looked again whether it is now
   * @throws OrreryError `store_unavailable` where the chain has not answered for long
   */
  find(hotkey: string, isEnough?: (member: Member) => boolean): Promise<Member | undefined>
}

/** A block of Bittensor: whoever registers is known within it. */
const freshMs = 12_000
/** Who is not known yet, or has no permit, may just have come to it: looked for again, so seldom. */
const againMs = 2_000
/** A chain that does not answer shuts nobody out at once. */
const staleMs = 600_000

/** The metagraph, asked for once a block, however many ask. */
export function membersOf(chain: Pick<Chain, 'metagraph'>, clock: Pick<Clock, 'now'>): Members {
  type Known = { at: number; netuid: number; members: ReadonlyMap<string, Member> }
  let known: Known | undefined
  let asking: Promise<Known> | undefined
  const ask = async (): Promise<Known> => {
    try {
      const { netuid, neurons } = await chain.metagraph()
      return (known = { at: clock.now(), netuid, members: new Map(neurons.map((neuron) => [neuron.hotkey, neuron])) })
    } catch (cause) {
      if (known && clock.now() - known.at < staleMs) return known
      throw new OrreryError('store_unavailable', 'The chain does not say who is on the subnet; ask again in a minute.', { retry_after_seconds: 60 }, cause)
    }
  }
  const current = async (ageMs: number): Promise<Known> => {
    if (known && clock.now() - known.at < ageMs) return known
    return (asking ??= ask().finally(() => (asking = undefined)))
  }
  return {
    netuid: async () => (await current(freshMs)).netuid,
    async find(hotkey, isEnough = () => true) {
      const found = (await current(freshMs)).members.get(hotkey)
      return found && isEnough(found) ? found : (await current(againMs)).members.get(hotkey)
    },
  }
}
