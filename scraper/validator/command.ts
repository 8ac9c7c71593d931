import { join } from 'node:path'
import type { Command } from 'commander'
import type { Config } from '#infra/config/schema.ts'
import { interruptible } from '#infra/interrupt.ts'
import { repeat } from '#infra/repeat.ts'
import type { Http } from '#infra/net/http.ts'
import type { Signer } from '#schemas/chain.ts'
import { openPagePool, type PagePool } from '../document/page-pool.ts'
import { openValidator, type Validator, type ValidatorParams } from './validator.ts'
import { webRefetch } from './web-refetch.ts'

/** The backends of a data folder, as far as a validator uses them. */
export interface ValidatorBackends extends Omit<ValidatorParams, 'signer' | 'settings' | 'refetch' | 'folder' | 'weightsWaitMs'>, AsyncDisposable {
  config: Pick<Config, 'miner' | 'validator'>
  http: Http
  dataDir: string
  validatorWallet(name: string): Promise<{ signer: Signer; coldkey: string }>
}

/** Adds `validator run` to the program. @param open opens the backends by the settings and flags of the command that runs */
export function validatorCommand(program: Command, open: (command: Command) => Promise<ValidatorBackends>): void {
  program
    .command('validator')
    .description('Check what miners claim, and set weights.')
    .command('run')
    .description('Run one validator, cycle after cycle, until it is interrupted.')
    .option('--once', 'stop after one cycle', false)
    .action(({ once }: { once: boolean }, command: Command) =>
      interruptible(async (signal) => {
        await using backends = await open(command)
        await using pages = openPagePool({ threads: backends.config.miner.document_threads })
        await using validator = await validatorOf(backends, pages)
        if (once) process.stdout.write(`${JSON.stringify(await validator.cycle(signal))}\n`)
        else await cycleForever(validator, backends, signal)
      }),
    )
}

/** Opens the configured validator, registered on the chain. */
async function validatorOf(backends: ValidatorBackends, pages: PagePool): Promise<Validator> {
  const { config, chain } = backends
  const { signer, coldkey } = await backends.validatorWallet(config.validator.name)
  await chain.register(signer, coldkey)
  const refetch = webRefetch({ ...backends, pages, hostDelayMs: config.miner.host_delay_ms, contact: config.miner.contact })
  return openValidator({ ...backends, signer, settings: config.validator, refetch, folder: validatorFolder(backends) })
}

/** Where the configured validator keeps what it found. */
export const validatorFolder = ({ dataDir, config }: { dataDir: string; config: Pick<Config, 'validator'> }): string =>
  join(dataDir, 'validators', config.validator.name)

const cycleForever = (validator: Validator, { config, pace, telemetry }: ValidatorBackends, signal: AbortSignal): Promise<void> =>
  repeat({ work: validator.cycle, restMs: () => config.validator.every_seconds * 1000, failed: 'validator.cycle_failed', pace, telemetry }, signal)
