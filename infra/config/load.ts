import { closest } from 'fastest-levenshtein'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse, TomlDate, TomlError } from 'smol-toml'
import { OrreryError } from '#schemas/errors.ts'
import { configKeys, type ConfigKey } from './keys.ts'
import { refusal, type Setting } from './refusal.ts'
import { Config } from './schema.ts'

export interface ConfigSources {
  cwd: string
  env: Readonly<Record<string, string | undefined>>
  /** Key → value, as flags gave them. */
  flags?: Readonly<Record<string, unknown>>
  /** A file that must exist; without it `orrery.toml` in `cwd` is read when there is one. */
  file?: string | undefined
}

export interface LoadedConfig {
  config: Config
  /** Key → where its value came from: `flag`, `environment ORRERY_…`, `file …`, `default`. */
  origins: ReadonlyMap<string, string>
}

const defaultFile = 'orrery.toml'

/** Flags before environment before file before defaults. @throws OrreryError `invalid_config`: one line that names the key, its origin and the remedy */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const settings = new Map<string, Setting>([...fromFile(sources), ...fromEnvironment(sources.env), ...fromFlags(sources.flags ?? {})])
  const parsed = Config.safeParse(nested(settings))
  if (!parsed.success) throw refusal(parsed.error.issues[0], settings)
  const origins = new Map(configKeys.map(({ key }) => [key, settings.get(key)?.origin ?? 'default']))
  return { config: parsed.data, origins }
}

function fromFile({ cwd, file }: ConfigSources): [string, Setting][] {
  const path = resolve(cwd, file ?? defaultFile)
  const text = readText(path, file !== undefined)
  if (text === undefined) return []
  const origin = `file ${path}`
  return Object.entries(parseToml(text, path)).flatMap(([section, value]): [string, Setting][] => {
    if (!sectionNames.has(section)) return [fileSetting(section, value, origin)]
    if (isTable(value)) return Object.entries(value).map(([key, inner]) => fileSetting(`${section}.${key}`, inner, origin))
    const message = `${origin}: "${section}" is a table: write [${section}], and its settings below it.`
    throw new OrreryError('invalid_config', message, { section })
  })
}

/** A date of TOML is the text of a date where one is wanted, and stays what it is elsewhere, to be refused. */
function fileSetting(name: string, value: unknown, origin: string): [string, Setting] {
  const { key, type } = known(name, origin)
  return [key, { value: type === 'date' && value instanceof TomlDate ? dateText(value) : value, origin }]
}

/** A day without a time is its beginning in UTC. What has a time and no zone is left to be refused. */
const dateText = (date: TomlDate): string => (date.isDate() ? `${date.toISOString()}T00:00:00Z` : date.toISOString())

function readText(path: string, required: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT' && !required) return undefined
    throw new OrreryError(
      'invalid_config',
      `The configuration file "${path}" cannot be read (${(cause as NodeJS.ErrnoException).code}); name another with --config.`,
      { path },
      cause,
    )
  }
}

function parseToml(text: string, path: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const problem = cause.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '')
    throw new OrreryError('invalid_config', `${path}, line ${cause.line}: this is no TOML (${problem}).`, { path, line: cause.line }, cause)
  }
}

function fromEnvironment(env: ConfigSources['env']): [string, Setting][] {
  const byVariable = new Map(configKeys.map((key) => [key.variable, key]))
  return Object.entries(env)
    .filter(([variable, value]) => variable.startsWith('ORRERY_') && value !== undefined)
    .map(([variable, value = '']) => {
      const key = byVariable.get(variable)
      if (!key) throw unknown(variable, 'environment', [...byVariable.keys()])
      return [key.key, { value: fromText(value, key), origin: `environment ${variable}` }]
    })
}

/** Flag values come as text where a person typed them, else as they are. */
function fromFlags(flags: Readonly<Record<string, unknown>>): [string, Setting][] {
  return Object.entries(flags)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      const key = known(name, 'flag')
      return [name, { value: typeof value === 'string' ? fromText(value, key) : value, origin: 'flag' }]
    })
}

/** Text that is none of its type stays text, to be refused. */
function fromText(text: string, { type }: ConfigKey): unknown {
  if (type === 'number') return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (type === 'list') return jsonOr(text)
  if (type === 'date') return /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text
  return text
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const byName = new Map(configKeys.map((key) => [key.key, key]))
const sectionNames = new Set(configKeys.filter(({ key }) => key.includes('.')).map(({ key }) => key.split('.')[0] ?? key))
const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof TomlDate)

function known(name: string, origin: string): ConfigKey {
  const key = byName.get(name)
  if (key) return key
  if (sectionNames.has(name)) {
    const first = byName.keys().find((each) => each.startsWith(`${name}.`))
    throw new OrreryError('invalid_config', `${origin}: "${name}" is a table; name a setting of it, like ${first}.`, { name })
  }
  throw unknown(name, origin, [...byName.keys(), ...sectionNames])
}

function unknown(name: string, origin: string, valid: string[]): OrreryError {
  const nearest = closest(name, valid)
  return new OrreryError('invalid_config', `${origin}: there is no setting "${name}"; the nearest is "${nearest}".`, { name, nearest })
}

function nested(settings: ReadonlyMap<string, Setting>): Record<string, unknown> {
  const tree: Record<string, Record<string, unknown>> = {}
  for (const [key, { value }] of settings) {
    const [section = key, inner] = key.split('.')
    if (inner === undefined) tree[section] = value as Record<string, unknown>
    else (tree[section] ??= {})[inner] = value
  }
  return tree
}
