import { closest } from 'fastest-levenshtein'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { OrreryError } from '#schemas/errors.ts'
import { configKeys, type ConfigKey } from './keys.ts'
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

interface Setting {
  value: unknown
  origin: string
}

const defaultFile = 'orrery.toml'

/** Flags before environment before file before defaults. @throws OrreryError `invalid_config`: one line that names the key, its origin and the remedy */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const settings = new Map<string, Setting>([...fromFile(sources), ...fromEnvironment(sources.env), ...fromFlags(sources.flags ?? {})])
  const parsed = Config.safeParse(nested(settings))
  if (!parsed.success) throw refused(parsed.error.issues[0], settings)
  const origins = new Map(configKeys.map(({ key }) => [key, settings.get(key)?.origin ?? 'default']))
  return { config: parsed.data, origins }
}

function fromFile({ cwd, file }: ConfigSources): [string, Setting][] {
  const path = resolve(cwd, file ?? defaultFile)
  const text = readText(path, file !== undefined)
  if (text === undefined) return []
  const origin = `file ${path}`
  return Object.entries(parseToml(text, path)).flatMap(([section, value]): [string, Setting][] => {
    if (isTable(value) && isSection(section)) return Object.entries(value).map(([key, inner]) => [known(`${section}.${key}`, origin), { value: inner, origin }])
    return [[known(section, origin), { value, origin }]]
  })
}

function readText(path: string, required: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8')
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
  const byKey = new Map(configKeys.map((key) => [key.key, key]))
  return Object.entries(flags)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      const key = byKey.get(known(name, 'flag'))
      return [name, { value: typeof value === 'string' && key ? fromText(value, key) : value, origin: 'flag' }]
    })
}

function fromText(text: string, { type }: ConfigKey): unknown {
  if (type === 'number') return text.trim() === '' ? text : Number.isNaN(Number(text)) ? text : Number(text)
  if (type === 'list') return jsonOr(text)
  return text
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const sectionNames = new Set(configKeys.map(({ key }) => key.split('.')[0] ?? key))
const keyNames = new Set(configKeys.map(({ key }) => key))
const isSection = (name: string): boolean => sectionNames.has(name) && !keyNames.has(name)
const isTable = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

function known(key: string, origin: string): string {
  if (keyNames.has(key)) return key
  throw unknown(key, origin, [...keyNames])
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

function refused(issue: { path: PropertyKey[]; message: string } | undefined, settings: ReadonlyMap<string, Setting>): OrreryError {
  const path = (issue?.path ?? []).map(String)
  const key = [path.slice(0, 2).join('.'), path[0] ?? ''].find((name) => settings.has(name)) ?? path.join('.')
  const { value, origin } = settings.get(key) ?? { value: undefined, origin: 'default' }
  const shown = JSON.stringify(value)?.slice(0, 120)
  return new OrreryError('invalid_config', `${origin}: "${path.join('.')}" = ${shown} is refused: ${issue?.message ?? 'it does not fit'}.`, { key, origin })
}
