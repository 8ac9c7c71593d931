import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Config } from '#infra/config/schema.ts'
import type { RejectsFlags } from './listing.ts'

/** Adds `rejects` to `orrery scraper`. It starts nothing and changes nothing. @param settings of the command line that runs */
export function rejectsCommand(scraper: Command, settings: (command: Command) => Pick<Config, 'data'>): void {
  scraper
    .command('rejects')
    .description('List what the miners of this data folder dropped and why, the newest first.')
    .option('--reason <code>', 'only those of this reason, like gopher_too_short')
    .option('--label <label>', 'only those of this source')
    .option('--since <time>', 'only those since then: an ISO time, or like 30m, 12h, 7d before now')
    .option('--limit <n>', 'at most so many', '20')
    .option('--json', 'one JSON object a line, with all that is known')
    .option('--document', 'with the beginning of what was dropped, where it was kept (miner.rejected_text_bytes)')
    .action(async (flags: RejectsFlags, command: Command) => {
      const { printRejects } = await import('./listing.ts')
      await printRejects(resolve(settings(command).data.dir), flags)
    })
}
