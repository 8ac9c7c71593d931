import { Command, CommanderError } from 'commander'
import { closest } from 'fastest-levenshtein'
import { OrreryError } from '#schemas/errors.ts'
import { withGlobalFlags } from './flags.ts'

/** What runs where no command is named. */
export const defaultCommand = 'up'

/** `orrery help miner run` is `orrery miner run --help`. */
export const withoutHelpWord = (args: readonly string[]): string[] => (args[0] === 'help' ? [...args.slice(1), '--help'] : [...args])

/** The words of a command line that are no flags and no values of global flags: the command and its subcommand come first. None where a flag lacks its value. */
export function wordsOf(args: readonly string[]): string[] {
  const scout = withGlobalFlags(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
  try {
    return scout.parseOptions([...args]).operands
  } catch (error) {
    if (error instanceof CommanderError) return []
    throw error
  }
}

/** @throws OrreryError `invalid_argument` where the command line begins with a word that is no command: commander would take it for an argument of the default one */
export function requireCommand(program: Command, args: readonly string[]): void {
  const { command, unknown } = commandAt(program, wordsOf(args))
  if (unknown !== undefined && command.commands.length > 0)
    throw refused(noSuch('command', unknown, [...namesOf(command), ...(command.parent ? [] : ['help'])]))
}

/** What commander refuses, in one line that names the nearest thing there is. @param program with the commands that `args` may mean */
export function usageError({ code, message }: CommanderError, program: Command, args: readonly string[]): OrreryError {
  const words = wordsOf(args)
  const { command } = commandAt(program, words.length === 0 ? [defaultCommand] : words)
  const line = ['orrery', ...pathOf(command)].join(' ')
  if (code === 'commander.help') return refused(`"${line}" needs a command: ${namesOf(command).join(', ')}; see ${line} --help.`)
  const [problem = ''] = message.replace(/^error: /, '').split('\n')
  const option = code === 'commander.unknownOption' ? /'(.+)'/.exec(problem)?.[1] : undefined
  if (option !== undefined) return refused(noSuch('option', option, optionsOf(command)))
  return refused(`${problem.replace(/\.$/, '')}; see ${line} --help.`)
}

const refused = (text: string): OrreryError => new OrreryError('invalid_argument', text)
const noSuch = (what: string, name: string, valid: readonly string[]): string => `no such ${what} "${name}"; nearest: ${closest(name, valid)}`

function commandAt(program: Command, words: readonly string[]): { command: Command; unknown: string | undefined } {
  let command = program
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word)
    if (!next) return { command, unknown: word }
    command = next
  }
  return { command, unknown: undefined }
}

const namesOf = (command: Command): string[] => command.commands.map((each) => each.name())

function pathOf(command: Command): string[] {
  return command.parent ? [...pathOf(command.parent), command.name()] : []
}

function optionsOf(command: Command): string[] {
  const own = command.options.map(({ long }) => long ?? '')
  return ['--help', ...own, ...(command.parent ? optionsOf(command.parent) : [])]
}
