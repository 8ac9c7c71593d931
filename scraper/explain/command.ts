import type { Command } from 'commander'
import { interruptible } from '#infra/interrupt.ts'
import type { ExplainFlags, ExplainSettings } from './explained.ts'

/** Adds `explain` to `orrery scraper`. It changes nothing. @param settings of the command line that runs */
export function explainCommand(scraper: Command, settings: (command: Command) => ExplainSettings): void {
  scraper
    .command('explain')
    .description('Read one page as a miner does, and say of each decision why.')
    .argument('<page>', 'a URL, or a file of HTML')
    .option('--url <url>', 'the address that a file is from')
    .option('--json', 'the explanation as JSON')
    .option('--markdown', 'the main content as Markdown, and nothing else')
    .option('--text', 'the main text as it is trained on, and nothing else')
    .action(async (page: string, flags: ExplainFlags, command: Command) => {
      // What reads pages takes half a second to load: not for every command that only might.
      const { explained, printed } = await import('./explained.ts')
      const explanation = await interruptible((signal) => explained(page, flags, settings(command), signal))
      process.stdout.write(`${printed(explanation, flags)}\n`)
    })
}
