import { Command, CommanderError } from 'commander'
import { expect, test } from 'vitest'
import { withGlobalFlags } from './flags.ts'
import { defaultCommand, requireCommand, usageError, withoutHelpWord, wordsOf } from './usage.ts'

const program = () => {
  const made = withGlobalFlags(new Command('orrery'))
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({ writeErr: () => undefined })
  made
    .command(defaultCommand, { isDefault: true })
    .option('--once')
    .action(() => undefined)
  const miner = made.command('miner')
  miner
    .command('run')
    .option('--once')
    .option('--dry-run')
    .action(() => undefined)
  miner
    .command('list')
    .requiredOption('--reason <code>')
    .action(() => undefined)
  return made
}

/** What the command line is refused for; undefined: nothing. */
async function refusal(...args: string[]): Promise<string | undefined> {
  const made = program()
  try {
    requireCommand(made, args)
    await made.parseAsync(args, { from: 'user' })
    return undefined
  } catch (error) {
    return (error instanceof CommanderError ? usageError(error, made, args) : (error as Error)).message
  }
}

test.each([
  [['upp'], 'no such command "upp"; nearest: up'],
  [['halp'], 'no such command "halp"; nearest: help'],
  [['miner', 'rnu'], 'no such command "rnu"; nearest: run'],
  [['miner', 'start'], 'no such command "start"; nearest: list'],
  [['miner'], '"orrery miner" needs a command: run, list; see orrery miner --help.'],
  [['miner', 'run', '--onec'], 'no such option "--onec"; nearest: --once'],
  [['miner', 'run', '--drurun'], 'no such option "--drurun"; nearest: --dry-run'],
  [['miner', 'run', '--dota', 'x'], 'no such option "--dota"; nearest: --data'],
  [['--wnce'], 'no such option "--wnce"; nearest: --once'],
  [['miner', 'list'], "required option '--reason <code>' not specified; see orrery miner list --help."],
  [['up', '--data'], "option '--data <dir>' argument missing; see orrery up --help."],
  [['miner', 'run', 'now'], "too many arguments for 'run'. Expected 0 arguments but got 1: now; see orrery miner run --help."],
])('%j is refused in one line that names the nearest there is', async (args, line) => expect(await refusal(...args)).toBe(line))

test.each([[[]], [['--once']], [['up', '--once']], [['miner', 'run', '--data', 'config']], [['--data', 'miner', 'up']], [['--data=upp', 'miner', 'run']]])(
  '%j is taken',
  async (args) => expect(await refusal(...args)).toBeUndefined(),
)

test('values of options are no words of a command line', () => {
  expect(wordsOf(['--data', 'config', 'miner', '--set', 'a=b', 'run', '--frozen-at=up'])).toEqual(['miner', 'run'])
  expect(wordsOf(['--seed', 'config'])).toEqual([])
  expect(wordsOf(['miner', '--data'])).toEqual([])
})

test('the word help asks for the help of what follows', () => {
  expect(withoutHelpWord(['help', 'miner', 'run'])).toEqual(['miner', 'run', '--help'])
  expect(withoutHelpWord(['help'])).toEqual(['--help'])
  expect(withoutHelpWord(['miner', 'help'])).toEqual(['miner', 'help'])
})
