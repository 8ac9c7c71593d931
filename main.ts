import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, CommanderError } from 'commander'
import type { Backends } from '#infra/backends.ts'
import { chainCommand } from '#infra/chain/command.ts'
import { failureOf } from '#infra/cli/failure.ts'
import { settingsOf, withGlobalFlags } from '#infra/cli/flags.ts'
import { defaultCommand, requireCommand, usageError, withoutHelpWord, wordsOf } from '#infra/cli/usage.ts'
import type { Config } from '#infra/config/schema.ts'
import type { DatasetBackends } from '#dataset/commands.ts'
import type { ImportReader } from '#schemas/import-reader.ts'
import { showConfig } from '#infra/config/show.ts'
import { interruptible } from '#infra/interrupt.ts'
import { checkBlockList, checkFolder, preflight, servicePorts, type OpenWish } from '#infra/preflight.ts'
import { jsonLines } from '#infra/telemetry/console.ts'
import { openRunView } from '#infra/telemetry/run-view.ts'
import { textTable } from '#infra/telemetry/table.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { requireContact } from '#infra/net/contact.ts'

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string }

/** Runs one command line; sets the exit code and returns when everything is closed. */
export async function main(args: readonly string[]): Promise<void> {
  process.stdout.on('error', outputFailed)
  try {
    await run(withoutHelpWord(args))
  } catch (error) {
    const { text, exitCode } = failureOf(error)
    process.exitCode = exitCode
    if (text !== '') process.stderr.write(text)
  }
}

/** Whoever reads may leave first (`| head`): what they did not want is no failure. */
function outputFailed(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return
  process.exitCode = 1
  process.stderr.write(`orrery: standard output cannot be written (${error.code}).\n`)
}

async function run(args: readonly string[]): Promise<void> {
  const program = await programFor(args)
  requireCommand(program, args)
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode !== 0) throw usageError(error, program, args)
  }
}

/** The program, as far as the command line may mean it. */
async function programFor(args: readonly string[]): Promise<Command> {
  const program = withGlobalFlags(new Command('orrery'))
    .description('The web becomes training data, and the loss decides what is scraped next.')
    .version(version)
    .helpCommand('help [command...]', 'say what a command does and which flags it takes')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .showSuggestionAfterError(false)
    // What is wrong is said in one line, by whoever catches it.
    .configureOutput({ writeErr: () => undefined })
  program
    .command(defaultCommand, { isDefault: true })
    .description('Run everything in one process: miners, a validator, the dataset service, the bridge, training nodes.')
    .option('--once', 'stop after one full turn with a summary', false)
    .option('--seed <url...>', 'crawl the web from these addresses instead of the embedded documents')
    .action(({ once }: { once: boolean }, command: Command) => interruptible((signal) => up(command, once, signal)))
  for (const add of servicesFor(args)) await add(program)
  chainCommand(program, async (command) => {
    const { chainPlace } = await import('#infra/backends.ts')
    const { config } = settingsOf(command)
    await preflight(config.data.dir)
    return chainPlace(config)
  })
  program
    .command('config')
    .description('Settings.')
    .command('show')
    .description('The settings in force, as TOML; refused where a run would refuse them.')
    .option('--origin', 'say of each where it came from', false)
    .action(async ({ origin }: { origin: boolean }, command: Command) => {
      const loaded = settingsOf(command)
      await requireRunnable(loaded.config)
      await checkFolder(loaded.config.data.dir)
      print(showConfig(loaded, { origin }))
    })
  program.command('doctor').description('Look at what the program needs on this machine, and change nothing.').action(doctor)
  return program
}

/** Loading all services takes a second: each is loaded where its command is named, all where a person asks what there is. */
const services: { commands: readonly string[]; add(program: Command): Promise<void> }[] = [
  {
    commands: ['miner'],
    async add(program) {
      const [{ minerCommand }, { postsCommand }] = await Promise.all([import('#scraper/miner/command.ts'), import('#scraper/posts/command.ts')])
      postsCommand(minerCommand(program, open, look), open)
    },
  },
  { commands: ['validator'], add: async (program) => (await import('#scraper/validator/command.ts')).validatorCommand(program, open) },
  { commands: ['access'], add: async (program) => (await import('#infra/store/access/command.ts')).accessCommand(program, open) },
  { commands: ['scraper'], add: async (program) => (await import('#scraper/commands.ts')).scraperCommands(program, (command) => settingsOf(command).config) },
  {
    commands: ['wallet'],
    async add(program) {
      const { walletCommand } = await import('#infra/chain/wallet-command.ts')
      walletCommand(program, async (command) => {
        const { config } = settingsOf(command)
        await preflight(config.data.dir)
        return resolve(config.data.dir, 'wallets')
      })
    },
  },
  { commands: ['dataset'], add: async (program) => (await import('#dataset/commands.ts')).datasetCommands(program, open, openReader) },
  {
    commands: ['node'],
    add: async (program) => (await import('#trainer-bridge/node/command.ts')).nodeCommands(program, (command) => settingsOf(command).config),
  },
  {
    commands: ['audit'],
    async add(program) {
      const audit = (await import('#trainer-bridge/audit-command.ts')).auditCommands(program, open)
      ;(await import('#scraper/validator/audit-command.ts')).auditMinerCommand(audit, open)
    },
  },
  {
    commands: ['desirability'],
    add: async (program) => (await import('#infra/desirability/command.ts')).desirabilityCommands(program, open),
  },
  { commands: ['bridge'], add: async (program) => (await import('#trainer-bridge/commands.ts')).bridgeCommands(program, open) },
]
const lightCommands = new Set([defaultCommand, 'chain', 'config', 'doctor'])

function servicesFor(args: readonly string[]): ((program: Command) => Promise<void>)[] {
  const [name] = wordsOf(args)
  if (name === undefined ? !args.some((arg) => arg === '--help' || arg === '-h') : lightCommands.has(name)) return []
  const named = services.filter(({ commands }) => commands.some((command) => command === name))
  return (named.length > 0 ? named : services).map(({ add }) => add)
}

/** The settings of a run, after a look at everything that could refuse it. @param serves what listens */
async function runnable(command: Command, serves: OpenWish['serves'] = []): Promise<Config> {
  const { config } = settingsOf(command)
  await requireRunnable(config)
  const ports = servicePorts(config)
  await preflight(
    config.data.dir,
    serves.map((name) => ports[name]),
  )
  return config
}

/** What the settings alone say of a run. Whoever is on the public web with them must say who they are. */
async function requireRunnable(config: Config): Promise<void> {
  const seeds = config.sources.flatMap((source) => source.seeds)
  requireContact(config.miner.contact, seeds, () => false)
  await checkBlockList(config)
}

/** The backends of one service in its own process; its events are JSON lines on standard output, or on standard error where that is taken. */
async function open(command: Command, { isBegun = false, serves = [], ownsOutput = false }: OpenWish = {}): Promise<Backends> {
  const config = await runnable(command, serves)
  const [{ lookInto, openBackends }, { codeVersion }] = await Promise.all([import('#infra/backends.ts'), import('#infra/code-version.ts')])
  if (isBegun) lookInto(config).requireBegun()
  const telemetry = createTelemetry()
  jsonLines(telemetry, ownsOutput ? process.stderr : process.stdout, Date.now)
  return openBackends(config, codeVersion(), telemetry)
}

/** Reads what a dataset imports as a miner with these settings would. */
async function openReader(command: Command, parts: Pick<DatasetBackends, 'dataDir' | 'telemetry' | 'facts' | 'pace'>, name: string): Promise<ImportReader> {
  const { openImportReader } = await import('#scraper/import/import-reader.ts')
  return openImportReader({ ...parts, name, settings: settingsOf(command).config.miner })
}

async function look(command: Command) {
  const config = await runnable(command)
  const { lookInto } = await import('#infra/backends.ts')
  return { config, ...lookInto(config) }
}

async function up(command: Command, once: boolean, signal: AbortSignal): Promise<void> {
  const { config: wanted } = settingsOf(command)
  const config = await runnable(command, ['query', 'feed', 'axon', ...(once || wanted.run.frozen_at !== undefined ? [] : (['access'] as const))])
  const telemetry = createTelemetry()
  const view = openRunView(telemetry, process, Date.now)
  try {
    const [{ openBackends }, { codeVersion }, { turnFlywheel }] = await Promise.all([
      import('#infra/backends.ts'),
      import('#infra/code-version.ts'),
      import('./flywheel.ts'),
    ])
    await using backends = await openBackends(config, codeVersion(), telemetry)
    await turnFlywheel(backends, { once, signal })
  } catch (error) {
    // Without an end of its own it is done when it is interrupted.
    if (once || !signal.aborted) throw error
  } finally {
    const summary = view.close()
    // All was done that could be, and something is to be mended.
    if (once && summary && summary.dead_seeds.length > 0) process.exitCode = 1
  }
}

async function doctor(_flags: unknown, command: Command): Promise<void> {
  const { config } = settingsOf(command)
  const { examine } = await import('#infra/doctor.ts')
  const findings = await examine(config, Object.values(servicePorts(config)), requireRunnable)
  print(
    textTable(
      ['', 'what', 'found'],
      findings.map(({ what, ok, detail }) => [ok ? 'ok' : 'WRONG', what, detail]),
    ),
  )
  if (findings.some(({ ok }) => !ok)) process.exitCode = 1
}

const print = (text: string): boolean => process.stdout.write(`${text}\n`)
