import type { DuckDBConnection } from '@duckdb/node-api'
import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'

const scriptCharsMax = 1 << 20
const nameChars = 63
/** Names of DuckDB's own tables begin so, and of ours behind a table; a view or WITH name must not reach them. */
const ownPrefixes = ['orrery_', 'duckdb_', 'pg_', 'sqlite_', 'pragma_', 'information_schema']
/** What tells of the machine, the session or what is behind a view; what changes from call to call, and macros that look into the catalog, are asked of DuckDB itself. */
const sessionFunctions = ['current_setting', 'getvariable', 'getenv', 'ago', 'pg_sleep', 'json_serialize_plan', 'json_serialize_sql', 'json_deserialize_sql']
/** Readable without parentheses. */
const clockNames = new Set(['current_timestamp', 'current_date', 'current_time', 'localtimestamp', 'localtime'])
const pureTableFunctions = ['unnest', 'range', 'generate_series']

/** What a script may use beside its views and functions of nothing but their arguments. */
interface ScriptRules {
  tableFunctions: ReadonlySet<string>
  /** Of those whose answer changes from call to call. */
  functions: ReadonlySet<string>
  /** Clocks that are read without parentheses, and samples. */
  mayChange: boolean
  /** DESCRIBE and SUMMARIZE, of a view or a SELECT that may be asked by itself. */
  mayDescribe: boolean
}
/** Our scripts give the same rows of the same input, in the dialect that Spark has as well. */
export const repeatable: ScriptRules = { tableFunctions: new Set(pureTableFunctions), functions: new Set(), mayChange: false, mayDescribe: false }
/** Of a stranger's no two answers need to be the same: the clock and chance tell nothing that is not his. */
export const strangers: ScriptRules = {
  tableFunctions: new Set([...pureTableFunctions, 'json_each', 'json_tree']),
  functions: new Set(
    'now get_current_timestamp transaction_timestamp current_date today get_current_time ago random uuid gen_random_uuid uuidv4 uuidv7'.split(' '),
  ),
  mayChange: true,
  mayDescribe: true,
}

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
export async function checkScript(connection: DuckDBConnection, script: string, views: readonly string[], rules: ScriptRules): Promise<void> {
  if (typeof script !== 'string' || script.length > scriptCharsMax || !script.isWellFormed() || script.includes('\0'))
    throw refusal(`it is no text of at most ${scriptCharsMax} characters`)
  const parsed = Serialized.parse(JSON.parse(await serialize(connection, script)))
  if (parsed.error)
    throw refusal(parsed.error_message.startsWith('Only SELECT') ? 'it is no SELECT (a PIVOT without the values of its IN is none)' : parsed.error_message)
  if (parsed.statements.length !== 1) throw refusal(`it has ${parsed.statements.length} statements`)
  const nodes = [...descendants(parsed.statements[0])]
  const forbidden = (forbiddenFunctions ??= new Set([...sessionFunctions, ...(await changingFunctions(connection))]))
  const withNames = nodes.flatMap(namesOfWith)
  const tables = new Set([...views, ...withNames].map((name) => name.toLowerCase()))
  const fault = withNames.find((name) => !isViewName(name)) ?? nodes.map((node) => faultOf(node, { tables, forbidden, rules })).find(Boolean)
  if (fault !== undefined) throw refusal(`it may not use ${fault}; it sees only ${views.join(', ') || 'its parameters'}`)
}

/** `why` is in its details, for whoever has the script made of something else. */
export const refusal = (why: string, cause?: unknown): OrreryError =>
  new OrreryError('invalid_argument', `The SQL script was refused: ${why}. Pass one SELECT over the named inputs.`, { why }, cause)

async function serialize(connection: DuckDBConnection, script: string): Promise<string> {
  const reader = await connection.runAndReadAll('select json_serialize_sql($1::varchar, skip_null := true, skip_empty := true)', [script])
  return String(reader.value(0, 0))
}

/** Functions whose answer is not made of their arguments alone: some change, and macros (of the names of PostgreSQL) look into the catalog, where views tell the paths of their files. */
async function changingFunctions(connection: DuckDBConnection): Promise<string[]> {
  const reader = await connection.runAndReadAll(
    `select distinct lower(function_name) from duckdb_functions() where stability in ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')
       or function_type = 'macro' and regexp_matches(macro_definition, '(?i)\\bselect\\b|current_')`,
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

interface Allowance {
  tables: ReadonlySet<string>
  forbidden: ReadonlySet<string>
  rules: ScriptRules
}

function faultOf(node: Node, { tables, forbidden, rules }: Allowance): string | undefined {
  const text = (name: string) => String(node[name] ?? '').toLowerCase()
  const { function: called, column_names: column } = node as { function?: Node; column_names?: string[] }
  if (node['sample'] && !rules.mayChange) return 'a random sample'
  if (node['type'] === 'SHOW_REF' && !(rules.mayDescribe && node['query']))
    return rules.mayDescribe ? 'SHOW (DESCRIBE and a view have its columns and their types)' : 'DESCRIBE, SUMMARIZE or SHOW'
  if (node['type'] === 'BASE_TABLE' && (text('schema_name') || text('catalog_name') || !tables.has(text('table_name'))))
    return `the table "${text('table_name')}"`
  if (node['type'] === 'TABLE_FUNCTION' && !rules.tableFunctions.has(String(called?.['function_name']).toLowerCase()))
    return `the table function ${String(called?.['function_name'])}()`
  if (forbidden.has(text('function_name')) && !rules.functions.has(text('function_name'))) return `the function ${text('function_name')}()`
  if (!rules.mayChange && column?.length === 1 && clockNames.has(column[0]?.toLowerCase() ?? '')) return text('column_names')
  return undefined
}

export const firstLine = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0] ?? ''
