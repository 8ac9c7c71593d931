import { importerWallet, type Config } from '#infra/config/schema.ts'
import { networkOf } from '#infra/chain/network.ts'
import type { Chain } from '#schemas/chain.ts'
import type { Network } from '#schemas/network.ts'

type Setting = NonNullable<Config['dataset']['trust']>

/** Whose shards a dataset takes in. */
export interface Trust {
  /**
   * `verified`: of hotkeys that it does not know what the newest verdict of `validators` passed. `own`: of `hotkeys` alone. `open`: of all.
   * What was taken in stays when its miner fails later: it was judged as it is. Then nothing new comes of it, and `withdrawn` takes out the rest.
   */
  policy: Exclude<Setting, 'imports'>
  /** Of its own miners, or of its imports alone: believed without a verdict, and held to no budget. */
  hotkeys: ReadonlySet<string>
  validators: ReadonlySet<string>
  /** Of the chain now, where it says who they are: no verdict is of a later one, else it would count for ever. */
  block?: number
  /** That it is of, where it says who they are: a verdict of another network is none. */
  network?: Network
  /** Of whom nothing counts, whatever is said of them: their rows leave, and copies of them come back. */
  withdrawn: ReadonlySet<string>
}

/** Takes whatever stands in the catalog. */
export const openTrust: Trust = { policy: 'open', hotkeys: new Set(), validators: new Set(), withdrawn: new Set() }

interface TrustParts {
  config: Pick<Config, 'dataset' | 'validator'>
  chain: Pick<Chain, 'metagraph' | 'block'>
  /** Hotkeys of the wallet folder by the names of their wallets. */
  hotkeys(): Promise<ReadonlyMap<string, string>>
}

/** The trust that the settings ask for, as it is at each call: wallets come, permits come and go. @param otherwise policy where none is set */
export function trustOf({ config, chain, hotkeys }: TrustParts, otherwise: Setting): () => Promise<Trust> {
  const { trust: setting = otherwise, validators, withdrawn } = config.dataset
  const policy = setting === 'imports' ? 'own' : setting
  return async () => {
    const named = await hotkeys()
    const one = (name: string): string[] => (named.has(name) ? [named.get(name) as string] : [])
    const permitted = async (): Promise<Pick<Trust, 'validators' | 'block' | 'network'>> => {
      const { block, neurons } = await chain.metagraph()
      return {
        block,
        network: await networkOf(chain),
        validators: new Set([...neurons.flatMap(({ hotkey, validatorPermit }) => (validatorPermit ? hotkey : [])), ...one(config.validator.name)]),
      }
    }
    return {
      policy,
      hotkeys: new Set(setting === 'own' ? named.values() : one(importerWallet)),
      ...(policy === 'verified' && validators.length === 0 ? await permitted() : { validators: new Set(policy === 'verified' ? validators : []) }),
      withdrawn: new Set(withdrawn),
    }
  }
}

/** Takes what was imported alone. */
export async function importTrust({ hotkeys }: Pick<TrustParts, 'hotkeys'>): Promise<Trust> {
  const importer = (await hotkeys()).get(importerWallet)
  return { policy: 'own', hotkeys: new Set(importer === undefined ? [] : [importer]), validators: new Set(), withdrawn: new Set() }
}
