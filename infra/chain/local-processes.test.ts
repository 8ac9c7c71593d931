import { join } from 'node:path'
import { describe } from 'vitest'
import { chainProcessesSuite } from '#test/conformance/chain-processes.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import type { LocalChain } from './local.ts'

describe('localChain', () => {
  chainProcessesSuite(async () => ({
    place: {
      module: new URL('../../test/conformance/child/local-chain.ts', import.meta.url).href,
      factory: 'openLocalChain',
      args: [join(await temporaryFolder(), 'chain.db')],
    },
    endow: (chain, signer) => (chain as LocalChain).faucet(signer, 2_000_000_000_000n),
  }))
})
