import type { Command } from 'commander'
import { interruptible } from '#infra/interrupt.ts'
import type { OpenWish } from '#infra/preflight.ts'
import { OrreryError } from '#schemas/errors.ts'
import { openPagePool } from '../document/page-pool.ts'
import { auditMiner } from './audit.ts'
import type { ValidatorBackends } from './command.ts'
import { webRefetch } from './web-refetch.ts'

/** Lets `audit` of the program repeat what a validator found of a miner: `audit --hotkey SS58 --block N`. @param open as `validatorCommand` has it */
export function auditMinerCommand(audit: Command, open: (command: Command, wish?: OpenWish) => Promise<ValidatorBackends>): void {
  audit
    .option('--hotkey <ss58>', 'repeat the draw and the verdict of this miner')
    .option('--block <n>', 'at the look of this block')
    .action(({ hotkey, block }: { hotkey?: string; block?: string }, command: Command) =>
      interruptible(async (signal) => {
        if (hotkey === undefined || !/^\d{1,10}$/.test(block ?? ''))
          throw new OrreryError(
            'invalid_argument',
            'An audit of a miner needs --hotkey, its SS58 address, and --block, that of the look; `orrery audit --help` lists the others.',
          )
        await using backends = await open(command, { isBegun: true, ownsOutput: true })
        const { config } = backends
        await using pages = openPagePool({ threads: config.miner.document_threads })
        const refetch = webRefetch({ ...backends, pages, hostDelayMs: config.miner.host_delay_ms, contact: config.miner.contact })
        const found = await auditMiner({ ...backends, refetch, hotkey, block: Number(block), samplePages: config.validator.sample_pages, signal })
        process.stdout.write(`${JSON.stringify(found)}\n`)
      }),
    )
}
