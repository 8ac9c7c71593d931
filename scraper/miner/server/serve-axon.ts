import { join } from 'node:path'
import type { Config } from '#infra/config/schema.ts'
import type { Signer } from '#schemas/chain.ts'
import { filePeriods } from './period-book.ts'
import { openMinerServer, type MinerServerParts } from './server.ts'
import { threadedServedBuckets } from './served-buckets.ts'

/** The backends of a data folder, as far as a miner's server uses them. */
export interface AxonBackends extends Omit<MinerServerParts, 'signer' | 'buckets' | 'book' | 'date' | 'settings'> {
  config: Pick<Config, 'axon'>
  dataDir: string
  wallet(name: string): Promise<{ signer: Signer }>
}

/** Whether the settings have a miner answer validators. */
export const hasAxon = ({ axon }: Pick<Config, 'axon'>): boolean => axon.port !== undefined

/** Answers validators for the miner of that name until the signal. @throws OrreryError `port_in_use`, `invalid_config` */
export async function serveAxon(backends: AxonBackends, name: string, signal: AbortSignal): Promise<void> {
  const { signer } = await backends.wallet(name)
  await using buckets = threadedServedBuckets(join(backends.dataDir, `served-${name}.sqlite`), backends.pace)
  const book = await filePeriods(join(backends.dataDir, `asked-${name}.json`))
  await using server = await openMinerServer({ ...backends, signer, buckets, book, date: Date.now, settings: backends.config.axon })
  await server.serve(signal)
}
