import type { Command } from 'commander'
import { explainCommand } from './explain/command.ts'
import type { ExplainSettings } from './explain/explained.ts'
import { rejectsCommand } from './rejects/command.ts'

/** Adds what looks at the scraper to the program. @param settings of the command line that runs */
export function scraperCommands(program: Command, settings: (command: Command) => ExplainSettings): void {
  const scraper = program.command('scraper').description('Look at what the scraper does.')
  explainCommand(scraper, settings)
  rejectsCommand(scraper, settings)
}
