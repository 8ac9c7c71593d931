import type { Chain, Signer } from '#schemas/chain.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Vote } from '#schemas/preferences.ts'
import { publishPreferences, type Published } from './preferences.ts'

interface CastingParts {
  chain: Chain
  store: ObjectStore
  /** The hotkey of the validator of this data folder. */
  validator(): Promise<{ signer: Signer }>
}

/** A list as it stands on the chain. */
export interface CastVotes extends Published {
  hotkey: string
  jobs: number
  /** Whether it is counted: its hotkey has a permit. */
  counts: boolean
}

/**
 * What makes lists the validator's own: signed with its hotkey, put into the store, their hash committed on the chain. One after the other.
 * @returns what throws OrreryError as `publishPreferences`
 */
export function castingVotes({ chain, store, validator }: CastingParts): (votes: readonly Vote[]) => Promise<CastVotes> {
  let last: Promise<unknown> = Promise.resolve()
  const cast = async (votes: readonly Vote[]) => {
    const { signer } = await validator()
    const published = await publishPreferences({ chain, store, signer }, votes)
    const neuron = (await chain.metagraph()).neurons.find(({ hotkey }) => hotkey === signer.address)
    return { hotkey: signer.address, ...published, jobs: votes.length, counts: neuron?.validatorPermit ?? false }
  }
  return (votes) => {
    const next = last.catch(() => undefined).then(() => cast(votes))
    last = next
    return next
  }
}
