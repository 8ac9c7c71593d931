import { closest } from 'fastest-levenshtein'
import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'
import { Config } from './schema.ts'

/** A setting as it was given. */
export interface Setting {
  value: unknown
  origin: string
}

type Path = readonly PropertyKey[]
interface Issue {
  path: Path
  message: string
  code?: string | undefined
  /** Of a value that may be one of several. */
  errors?: readonly (readonly Issue[])[]
  /** Of a name in a record. */
  issues?: readonly Issue[]
  /** Names that are not known. */
  keys?: readonly string[]
}

/** One line: where the setting came from, the very place in it, what stands there, why it is refused. */
export function refusal(issue: Issue | undefined, settings: ReadonlyMap<string, Setting>): OrreryError {
  const { path, message, code, keys } = innermost(issue ?? { path: [], message: 'it does not fit' })
  const names = path.map(String)
  const key = [names.slice(0, 2).join('.'), names[0] ?? ''].find((name) => settings.has(name)) ?? names.join('.')
  const { value, origin } = settings.get(key) ?? { value: undefined, origin: 'default' }
  const place = placeOf(path)
  if (code === 'unrecognized_keys' && keys?.[0] !== undefined) {
    const nearest = closest(keys[0], namesAt(path))
    const text = `${origin}: there is no setting "${placeOf([...path, keys[0]])}"; the nearest is "${placeOf([...path, nearest])}".`
    return new OrreryError('invalid_config', text, { key, origin, nearest })
  }
  const found = valueAt(value, path.slice(key.split('.').length))
  // JSON has no word for numbers without end.
  const shown = (typeof found === 'number' ? String(found) : JSON.stringify(found))?.slice(0, 120)
  const isMissing = shown === undefined && code === 'invalid_type'
  const what = isMissing ? `"${place}" is missing` : `"${place}"${shown === undefined ? '' : ` = ${shown}`} is refused`
  return new OrreryError('invalid_config', `${origin}: ${what}: ${message.replace(/^Invalid input: /, '').replaceAll('\n', ' ')}.`, { key, origin })
}

/** Of several things a value may be, the one it comes nearest to: whose fault lies deepest. */
function innermost(issue: Issue): Issue {
  const inner = (issue.issues ? [issue.issues] : (issue.errors ?? [])).flatMap(([first]) => (first ? [innermost(first)] : []))
  const deepest = inner.toSorted((a, b) => b.path.length - a.path.length || Number(b.keys !== undefined) - Number(a.keys !== undefined))[0]
  return deepest ? { ...deepest, path: [...issue.path, ...deepest.path] } : issue
}

/** `sources[2].include[0]` */
const placeOf = (path: Path): string =>
  path.reduce<string>((place, step) => (typeof step === 'number' ? `${place}[${step}]` : place === '' ? String(step) : `${place}.${String(step)}`), '')

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((inner, step) => (typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[step] : undefined), value)

const Node = z.object({
  // oxlint-disable-next-line orrery/no-open-record -- names of settings
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
})

/** The names a table may have at that place. */
function namesAt(path: Path): string[] {
  let nodes: unknown[] = [z.toJSONSchema(Config, { io: 'input', unrepresentable: 'any' })]
  for (const step of path) nodes = choicesOf(nodes).flatMap(({ properties, items }) => (typeof step === 'number' ? [items] : [properties?.[String(step)]]))
  return choicesOf(nodes).flatMap(({ properties = {} }) => Object.keys(properties))
}

const choicesOf = (nodes: readonly unknown[]): z.infer<typeof Node>[] =>
  nodes.flatMap((node) => {
    const parsed = Node.safeParse(node)
    return parsed.success ? [parsed.data, ...choicesOf(parsed.data.anyOf ?? [])] : []
  })
