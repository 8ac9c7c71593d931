import { configKeys } from './keys.ts'
import type { LoadedConfig } from './load.ts'

/** The settings in force as TOML, one a line; with `origin`, where each came from stands behind it. */
export function showConfig({ config, origins }: LoadedConfig, { origin }: { origin: boolean }): string {
  let section = ''
  const lines: string[] = []
  for (const { key } of configKeys) {
    const [table = key, name] = key.split('.')
    if (name !== undefined && table !== section) lines.push('', `[${(section = table)}]`)
    const value = valueOf(config, key)
    const line = value === undefined ? `# ${name ?? key} is not set` : `${name ?? key} = ${toml(value)}`
    lines.push(origin ? `${line.padEnd(48)} # ${origins.get(key)}` : line)
  }
  // A top-level key would belong to the table above it: it goes first.
  return [...lines.filter((line) => line.startsWith('sources')), ...lines.filter((line) => !line.startsWith('sources'))].join('\n').trim()
}

function valueOf(config: object, key: string): unknown {
  return key.split('.').reduce<unknown>((tree, part) => (tree as Record<string, unknown> | undefined)?.[part], config)
}

function toml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toml).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([key, inner]) => `${/^[\w-]+$/.test(key) ? key : JSON.stringify(key)} = ${toml(inner)}`)
    return `{ ${members.join(', ')} }`
  }
  return JSON.stringify(value)
}
