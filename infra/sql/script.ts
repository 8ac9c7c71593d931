import type { DuckDBConnection } from '@duckdb/node-api'
import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'

const scriptCharsMax = 1 << 20
const nameChars = 63
/** Names of DuckDB's own tables begin so, and of ours behind a table; a view or WITH name must not reach them. */
const ownPrefixes = ['orrery_', 'duckdb_', 'pg_', 'sqlite_', 'pragma_', 'information_schema']
const tableFunctions = new Set(['unnest', 'range', 'generate_series'])
/** What tells of the machine or the session; what changes from call to call is asked of DuckDB itself. */
const sessionFunctions = ['current_setting', 'getvariable', 'getenv', 'ago', 'pg_sleep', 'pg_conf_load_time', 'pg_postmaster_start_time']
/** Readable without parentheses. */
const clockNames = new Set(['current_timestamp', 'current_date', 'current_time', 'localtimestamp', 'localtime'])

const Serialized = z.union([
  z.object({ error: z.literal(false), statements: z.array(z.unknown()) }),
  z.object({ error: z.literal(true), error_message: z.string() }),
])
type Node = Record<string, unknown>

export function isViewName(name: string): boolean {
  const lower = name.toLowerCase()
  return name.length <= nameChars && /^[a-z_][a-z0-9_]*$/.test(lower) && !ownPrefixes.some((prefix) => lower.startsWith(prefix))
}

/** Asked once: nothing brings in others, no extension is loaded and no function made. */
let forbiddenFunctions: ReadonlySet<string> | undefined

/**
 * Refuses, on DuckDB's own syntax tree, whatever is not one SELECT over the views: other tables, functions that read files, settings, clocks or chance.
 * It runs before the connection is locked down (duckdb.ts), and does not replace it.
 * @throws OrreryError `invalid_argument`
 */
export async function checkScript(connection: DuckDBConnection, script: string, views: readonly string[]): Promise<void> {
  if (typeof script !== 'string' || script.length > scriptCharsMax || !script.isWellFormed() || script.includes('\0'))
    throw refusal(`it is no text of at most ${scriptCharsMax} characters`)
  const parsed = Serialized.parse(JSON.parse(await serialize(connection, script)))
  if (parsed.error) throw refusal(parsed.error_message)
  if (parsed.statements.length !== 1) throw refusal(`it has ${parsed.statements.length} statements`)
  const nodes = [...descendants(parsed.statements[0])]
  const forbidden = (forbiddenFunctions ??= new Set([...sessionFunctions, ...(await changingFunctions(connection))]))
  const withNames = nodes.flatMap(namesOfWith)
  const tables = new Set([...views, ...withNames].map((name) => name.toLowerCase()))
  const fault = withNames.find((name) => !isViewName(name)) ?? nodes.map((node) => faultOf(node, tables, forbidden)).find(Boolean)
  if (fault !== undefined) throw refusal(`it may not use ${fault}; it sees only ${views.join(', ') || 'its parameters'}`)
}

export const refusal = (why: string, cause?: unknown): OrreryError =>
  new OrreryError('invalid_argument', `The SQL script was refused: ${why}. Pass one SELECT over the named inputs.`, {}, cause)

async function serialize(connection: DuckDBConnection, script: string): Promise<string> {
  const reader = await connection.runAndReadAll('select json_serialize_sql($1::varchar, skip_null := true, skip_empty := true)', [script])
  return String(reader.value(0, 0))
}

/** Functions whose answer is not made of their arguments alone. */
async function changingFunctions(connection: DuckDBConnection): Promise<string[]> {
  const reader = await connection.runAndReadAll(
    `select distinct function_name from duckdb_functions() where stability in ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')`,
  )
  return reader.getRows().map(([name]) => String(name))
}

/** Every object of the tree; a stack of its own, so that a deep tree does not exhaust ours. */
function* descendants(root: unknown): Iterable<Node> {
  const waiting = [root]
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (typeof value !== 'object' || value === null) continue
    if (!Array.isArray(value)) yield value as Node
    for (const child of Object.values(value)) waiting.push(child)
  }
}

/** Names defined by WITH. */
function namesOfWith(node: Node): string[] {
  const { map } = (node['cte_map'] ?? {}) as { map?: { key: string }[] }
  return (map ?? []).map(({ key }) => key)
}

function faultOf(node: Node, tables: ReadonlySet<string>, forbidden: ReadonlySet<string>): string | undefined {
  const text = (name: string) => String(node[name] ?? '').toLowerCase()
  const { function: called, column_names: column } = node as { function?: Node; column_names?: string[] }
  if (node['sample']) return 'a random sample'
  if (node['type'] === 'SHOW_REF') return 'DESCRIBE or SUMMARIZE'
  if (node['type'] === 'BASE_TABLE' && (text('schema_name') || text('catalog_name') || !tables.has(text('table_name'))))
    return `the table "${text('table_name')}"`
  if (node['type'] === 'TABLE_FUNCTION' && !tableFunctions.has(String(called?.['function_name']).toLowerCase()))
    return `the table function ${String(called?.['function_name'])}()`
  if (forbidden.has(text('function_name'))) return `the function ${text('function_name')}()`
  if (column?.length === 1 && clockNames.has(column[0]?.toLowerCase() ?? '')) return text('column_names')
  return undefined
}

export const firstLine = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0] ?? ''
