import { localChain, type LocalChain } from '#infra/chain/local.ts'
import type { Clock } from '#schemas/clock.ts'

/** A local chain whose blocks take a minute, so that no rate limit and no epoch ends during a test. */
export const openLocalChain = (path: string, { clock }: { clock: Clock }): LocalChain =>
  localChain(path, { clock, netuid: 13, blockMs: 60_000, tempoBlocks: 60_000, weightsRateLimitBlocks: 5, faucet: true })
