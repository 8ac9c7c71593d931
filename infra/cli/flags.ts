import type { Command } from 'commander'
import { sourcesOfSeeds } from '../config/jobs.ts'
import { loadConfig, type LoadedConfig } from '../config/load.ts'
import { OrreryError } from '#schemas/errors.ts'

/** The flags of every command; `seed` of those that crawl. */
interface Flags {
  config?: string
  data?: string
  frozenAt?: string
  set: string[]
  seed?: string[]
}

/** Adds the flags that every command takes. */
export const withGlobalFlags = (program: Command): Command =>
  program
    .option('--config <file>', 'settings file (default: orrery.toml, when there is one)')
    .option('--data <dir>', 'folder of everything that is kept (data.dir)')
    .option('--frozen-at <time>', 'stamp artefacts with this ISO time, for a run that can be repeated byte for byte (run.frozen_at)')
    .option('--set <key=value>', 'any setting, like miner.concurrency=8; may be repeated', (text: string, all: string[]) => [...all, text], [])

/**
 * The settings of the command line that `command` is part of. A flag of its own (`--data`) and `--set` are the same flag.
 * @throws OrreryError `invalid_argument` where two of them differ, `invalid_config`
 */
export function settingsOf(command: Command): LoadedConfig {
  const { config, data, frozenAt, set, seed } = command.optsWithGlobals<Flags>()
  const flags = new Map<string, unknown>()
  const own: [flag: string, key: string, value: unknown][] = [
    ['--data', 'data.dir', data],
    ['--frozen-at', 'run.frozen_at', frozenAt],
    ['--seed', 'sources', seed && sourcesOfSeeds(seed)],
  ]
  const given = [...set.map((text) => ['--set', ...parseSetting(text)] as const), ...own]
  const givenBy = new Map<string, string>()
  for (const [flag, key, value] of given) {
    if (value === undefined) continue
    if (flags.has(key) && flags.get(key) !== value) throw twice(key, givenBy.get(key) ?? flag, flag)
    flags.set(key, value)
    givenBy.set(key, flag)
  }
  return loadConfig({ cwd: process.cwd(), env: process.env, flags: Object.fromEntries(flags), file: config })
}

function parseSetting(text: string): [key: string, value: string] {
  const at = text.indexOf('=')
  if (at < 1) throw new OrreryError('invalid_argument', `--set "${text}" is no setting; write key=value, like miner.concurrency=8.`, { text })
  return [text.slice(0, at), text.slice(at + 1)]
}

function twice(key: string, first: string, second: string): OrreryError {
  const flags = first === second ? `${first} gives` : `${first} and ${second} give`
  return new OrreryError('invalid_argument', `${flags} "${key}" two different values; leave one of them out.`, { key })
}
