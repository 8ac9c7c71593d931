import type { Command } from 'commander'
import { explainCommand, type ExplainSettings } from './explain/command.ts'
import { minerCommand, type Look, type MinerBackends } from './miner/command.ts'
import { validatorCommand, type ValidatorBackends } from './validator/command.ts'

/**
 * Adds the scraper's commands to the program.
 * @param open opens the backends by the settings and flags of the command that runs
 * @param settings those alone
 * @param look as `open`, for a command that makes nothing
 */
export function scraperCommands(
  program: Command,
  open: (command: Command) => Promise<MinerBackends & ValidatorBackends>,
  settings: (command: Command) => ExplainSettings,
  look: Look,
): void {
  minerCommand(program, open, look)
  validatorCommand(program, open)
  explainCommand(program, settings)
}
