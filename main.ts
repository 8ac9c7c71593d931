import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import type { Backends } from '#infra/backends.ts'
import { sourcesOfSeeds } from '#infra/config/jobs.ts'
import { loadConfig, type LoadedConfig } from '#infra/config/load.ts'
import type { Config } from '#infra/config/schema.ts'
import { showConfig } from '#infra/config/show.ts'
import { untilInterrupted } from '#infra/interrupt.ts'
import { preflight, servicePorts } from '#infra/preflight.ts'
import { jsonLines, livePanel } from '#infra/telemetry/console.ts'
import { flywheelPanel } from '#infra/telemetry/panel.ts'
import { summaryTables, type TurnSummary } from '#infra/telemetry/summary.ts'
import { textTable } from '#infra/telemetry/table.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { OrreryError } from '#schemas/errors.ts'
import { requireContact } from '#scraper/limits/contact.ts'

interface GlobalFlags {
  config?: string
  data?: string
  frozenAt?: string
  set: string[]
}

// Heavy modules are loaded by the command that needs them: `orrery config show` should not wait for DuckDB.
const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string }

/** Runs one command line; sets the exit code and returns when everything is closed. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await (await program(args)).parseAsync(args, { from: 'user' })
  } catch (error) {
    process.exitCode = explain(error)
  }
}

async function program(args: readonly string[]): Promise<Command> {
  const program = new Command('orrery')
    .description('The web becomes training data, and the loss decides what is scraped next.')
    .version(version)
    .option('--config <file>', 'settings file (default: orrery.toml, when there is one)')
    .option('--data <dir>', 'folder of everything that is kept (data.dir)')
    .option('--frozen-at <time>', 'stamp artefacts with this ISO time, for a run that can be repeated byte for byte (run.frozen_at)')
    .option('--set <key=value>', 'any setting, like miner.concurrency=8; may be repeated', (text: string, all: string[]) => [...all, text], [])
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'orrery: ')) })
  program
    .command('up', { isDefault: true })
    .description('Run everything in one process: miners, a validator, the dataset service, the bridge, training nodes.')
    .option('--once', 'stop after one full turn with a summary')
    .option('--seed <url...>', 'crawl the web from these addresses instead of the embedded documents')
    .action((options: { once?: boolean; seed?: string[] }, command: Command) => up(command, options))
  if (!args.some((arg) => lightCommands.has(arg))) await addServices(program)
  program
    .command('chain')
    .description('The chain of the subnet.')
    .command('status')
    .description('Its block, neurons, weights and commitments.')
    .action(showChain)
  program
    .command('config')
    .description('Settings.')
    .command('show')
    .description('The settings in force, as TOML.')
    .option('--origin', 'say of each where it came from')
    .action((options: { origin?: boolean }, command: Command) => void print(showConfig(settingsOf(command), { origin: options.origin ?? false })))
  program.command('doctor').description('Look at what the program needs on this machine, and change nothing.').action(doctor)
  return program
}

/** Commands that need no service; loading all of them takes a second. */
const lightCommands = new Set(['config', 'doctor', 'chain'])

async function addServices(program: Command): Promise<void> {
  const [{ scraperCommands }, { datasetCommands }, { bridgeCommands }] = await Promise.all([
    import('#scraper/commands.ts'),
    import('#dataset/commands.ts'),
    import('#trainer-bridge/commands.ts'),
  ])
  scraperCommands(program, open, (command) => settingsOf(command).config)
  datasetCommands(program, open)
  bridgeCommands(program, open)
}

/** The settings of the command line that `command` is part of. */
function settingsOf(command: Command, more: Record<string, unknown> = {}): LoadedConfig {
  const { config, data, frozenAt, set } = command.optsWithGlobals<GlobalFlags>()
  const flags = { ...Object.fromEntries(set.map(parseSetting)), 'data.dir': data, 'run.frozen_at': frozenAt, ...more }
  return loadConfig({ cwd: process.cwd(), env: process.env, flags: withoutUndefined(flags), file: config })
}

function parseSetting(text: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw new OrreryError('invalid_argument', `--set "${text}" is no setting; write key=value, like miner.concurrency=8.`, { text })
  return [text.slice(0, at), text.slice(at + 1)]
}

const withoutUndefined = (flags: Record<string, unknown>) => Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined))

/** The backends of one service in its own process; its events are JSON lines on standard output. */
async function open(command: Command): Promise<Backends> {
  const { config } = settingsOf(command)
  requireReach(config)
  await preflight(config.data.dir)
  const telemetry = createTelemetry()
  jsonLines(telemetry, process.stdout, Date.now)
  const { openBackends } = await import('#infra/backends.ts')
  return openBackends(config, version, telemetry)
}

/** Whoever is on the public web with these settings must say who they are. */
const requireReach = ({ miner, sources }: Config): void =>
  requireContact(
    miner.contact,
    sources.flatMap(({ seeds }) => seeds),
    () => false,
  )

async function up(command: Command, { once = false, seed }: { once?: boolean; seed?: string[] }): Promise<void> {
  const { config } = settingsOf(command, seed ? { sources: sourcesOfSeeds(seed) } : {})
  requireReach(config)
  await preflight(config.data.dir, Object.values(servicePorts(config)))
  using interrupt = untilInterrupted()
  const telemetry = createTelemetry()
  const terminal = process.stdout.isTTY
  const view = terminal ? livePanel(telemetry, process.stdout, flywheelPanel) : jsonLines(telemetry, process.stdout, Date.now)
  let summary: TurnSummary | undefined
  telemetry.listen(({ name, fields }) => {
    if (name === 'turn.summary') summary = fields as unknown as TurnSummary
  })
  try {
    const [{ openBackends }, { turnFlywheel }] = await Promise.all([import('#infra/backends.ts'), import('./flywheel.ts')])
    await using backends = await openBackends(config, version, telemetry)
    await turnFlywheel(backends, { once, signal: interrupt.signal })
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
  } finally {
    view.close()
  }
  // On a pipe standard output is for programs: the table goes where people look.
  if (summary) (terminal ? process.stdout : process.stderr).write(`\n${summaryTables(summary)}\n`)
}

async function showChain(_options: unknown, command: Command): Promise<void> {
  await using backends = await open(command)
  const { chainStatus } = await import('#infra/chain/status.ts')
  const { netuid, block, lastEpochBlock, neurons } = await chainStatus(backends.chain)
  const header = ['uid', 'hotkey', 'stake TAO', 'permit', 'weights set', 'weights', 'incentive', 'dividends', 'emission TAO', 'axon', 'commitment']
  const rows = neurons.map((n) => [
    n.uid,
    n.hotkey,
    n.stakeTao,
    n.validatorPermit ? 'yes' : '',
    n.weightsSetAt ?? '',
    Object.entries(n.weights)
      .map(([uid, value]) => `${uid}:${value}`)
      .join(' '),
    n.incentive,
    n.dividends,
    n.emissionTao.toFixed(3),
    n.axon ?? '',
    n.commitment?.slice(0, 18) ?? '',
  ])
  print(`subnet ${netuid}, block ${block}, last epoch at ${lastEpochBlock ?? '–'}\n\n${textTable(header, rows)}`)
}

async function doctor(_options: unknown, command: Command): Promise<void> {
  const { config } = settingsOf(command)
  const { examine } = await import('#infra/doctor.ts')
  const findings = await examine(config, Object.values(servicePorts(config)))
  print(
    textTable(
      ['', 'what', 'found'],
      findings.map(({ what, ok, detail }) => [ok ? 'ok' : 'WRONG', what, detail]),
    ),
  )
  if (findings.some(({ ok }) => !ok)) process.exitCode = 1
}

/** One line for what a person can act on, the whole stack for what is our fault. Returns the exit code. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof OrreryError) {
    process.stderr.write(`orrery: ${error.message}\n`)
    return error.exitCode
  }
  process.stderr.write(`orrery: this should not have happened; please report it.\n${error instanceof Error ? error.stack : String(error)}\n`)
  return 70
}

const print = (text: string): boolean => process.stdout.write(`${text}\n`)
