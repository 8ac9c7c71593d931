import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { systemClock } from '#infra/clock.ts'
import { sha256OfFile } from '#infra/store/durable-file.ts'
import { requireKey, reservedPrefix } from '#infra/store/object-key.ts'
import type { Clock } from '#schemas/clock.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { SelectOptions, Sql, SqlObject, SqlOptions, SqlSelection, SqlTable } from '#schemas/sql.ts'
import { borrowEngine, type Engine } from './engine.ts'
import { closed, type EngineLimits } from './engine-call.ts'
import { isViewName, refusal } from './script.ts'
import { spillFolders } from './spill-folder.ts'

const maxRowsDefault = 1_000_000
const gib = 2 ** 30

/** Scripts of ours may take what there is, as DuckDB has it by itself: four fifths of the memory. */
const ownLimits: EngineLimits = { memoryBytes: 0.8 * totalmem(), processBytes: totalmem(), spillBytes: 64 * gib, threads: 1 }
/** Those of strangers half of the cores, and a quarter of the memory, 1 GiB at most. */
const strangerMemoryBytes = Math.min(gib, Math.floor(totalmem() / 4))
export const strangerLimits: EngineLimits = {
  memoryBytes: strangerMemoryBytes,
  // The rest is for what DuckDB does not count and for the rows on their way.
  processBytes: strangerMemoryBytes + 0.75 * gib,
  spillBytes: 2 * gib,
  threads: Math.max(1, Math.floor(availableParallelism() / 2)),
}

interface DuckdbOptions {
  clock?: Pick<Clock, 'now'>
  /** Of statements of strangers. */
  limits?: EngineLimits
}

/**
 * Sql by DuckDB, in two processes of its own (engine.ts): one for our scripts, each in a database of its own in memory that reads the named objects and no other file; one for
 * statements of strangers, where the tables that were asked last stay open. What does not fit into memory goes to `.tmp-sql` in the store. Times are UTC.
 * @param store over the same folder: takes what is written
 */
export function duckdbSql(
  storeRoot: string,
  store: Pick<ObjectStore, 'put'>,
  { clock = systemClock(), limits = strangerLimits }: DuckdbOptions = {},
): Sql & AsyncDisposable {
  const root = resolve(storeRoot)
  const spills = spillFolders(join(root, `${reservedPrefix}-sql`), () => clock.now())
  const closing = new AbortController()
  const running = new Set<Promise<unknown>>()
  const [own, strangers] = [borrowEngine(ownLimits), borrowEngine(limits)]
  const tables = openedTables(root, strangers.engine, spills)

  async function work<T>(doing: (spill: string, signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const combined = AbortSignal.any(signal ? [signal, closing.signal] : [closing.signal])
    combined.throwIfAborted()
    const working = inSpill(spills, (spill) => doing(spill, combined))
    running.add(working)
    try {
      return await working
    } finally {
      running.delete(working)
    }
  }
  return {
    async run(script, inputs, { maxRows = maxRowsDefault, parameters = [], signal }: SqlOptions & { maxRows?: number } = {}) {
      if (!Number.isSafeInteger(maxRows) || maxRows < 1)
        throw new OrreryError('invalid_argument', `maxRows is ${maxRows}; pass an integer of at least 1.`, { maxRows })
      const views = await locate(root, inputs)
      return work((spill, until) => own.engine.run({ kind: 'run', script, parameters, views, root, rowsMax: maxRows, spill }, until), signal)
    },
    async write(script, inputs, prefix, { parameters = [], signal } = {}) {
      requireKey(`${prefix}x`)
      const views = await locate(root, inputs)
      return work(async (spill, until) => {
        const target = join(spill, 'result.parquet')
        const rows = await own.engine.run<number>({ kind: 'copy', script, parameters, views, root, spill, target }, until)
        return put(store, { target, rows, prefix }, until)
      }, signal)
    },
    async select(script, table, options) {
      const selecting = selectWithin(options, closing.signal, (signal) => tables.select(script, table, options, signal))
      running.add(selecting)
      return selecting.finally(() => running.delete(selecting))
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new OrreryError('invalid_argument', 'The SQL engine was closed; open another to run a script.'))
      await Promise.allSettled(running)
      await tables[Symbol.asyncDispose]()
      own[Symbol.dispose]()
      strangers[Symbol.dispose]()
    },
  }
}

async function inSpill<T>(spills: ReturnType<typeof spillFolders>, doing: (spill: string) => Promise<T>): Promise<T> {
  await using spill = await spills.open()
  return await doing(spill.path)
}

/** @throws OrreryError `timed_out` */
async function selectWithin(
  { timeoutMs, signal }: SelectOptions,
  closing: AbortSignal,
  select: (signal: AbortSignal) => Promise<SqlSelection>,
): Promise<SqlSelection> {
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    return await select(AbortSignal.any([timeout, closing, ...(signal ? [signal] : [])]))
  } catch (cause) {
    if (!timeout.aborted || signal?.aborted || closing.aborted) throw cause
    throw new OrreryError('timed_out', `The statement took more than ${timeoutMs / 1000} s; narrow it with WHERE, or add a LIMIT.`, {}, cause)
  }
}

/** A table may be closed for others, or the process end of others, before a statement was run. */
const triesMax = 3

/** Statements of strangers over tables, which the process opens when it has not. */
function openedTables(root: string, engine: Engine, spills: ReturnType<typeof spillFolders>) {
  let spill: ({ path: string } & AsyncDisposable) | undefined
  // The engine is that of other stores as well, which may have a table of the same address.
  const placed = ({ address }: Pick<SqlTable, 'address'>): string => `${root}\n${address}`
  const openOnce = async ({ address, names, without, files }: SqlTable, signal: AbortSignal): Promise<void> => {
    for (const name of names) if (!isViewName(name)) throw refusal(`"${name}" cannot be the name of a table`)
    spill ??= await spills.open()
    const located = (await files()).map((file) => ({ ...file, path: join(root, requireKey(file.key)) }))
    await engine.run({ kind: 'open', address: placed({ address }), names, without, files: located, spill: join(spill.path, sha256Hex(address)) }, signal)
  }
  return {
    async select(script: string, table: SqlTable, { parameters = [], rowsMax, bytesMax, cut }: SelectOptions, signal: AbortSignal): Promise<SqlSelection> {
      for (let tries = 0; tries < triesMax; tries++) {
        const task = { kind: 'select', script, address: placed(table), parameters, rowsMax, bytesMax, cut } as const
        try {
          const selection = await engine.run<SqlSelection | typeof closed>(task, signal)
          if (selection !== closed) return selection
          await openOnce(table, signal)
        } catch (cause) {
          // Another may have taken all the memory: who did is not asked for, but found out by who is alone when it ends again.
          if (!(cause instanceof OrreryError && cause.details['has_ended'] === true && tries < triesMax - 1)) throw cause
        }
      }
      throw new OrreryError('store_unavailable', 'Too many tables are asked at once; try again.')
    },
    async [Symbol.asyncDispose]() {
      await spill?.[Symbol.asyncDispose]()
    },
  }
}

type Inputs = Record<string, readonly string[]>

/** @throws OrreryError `invalid_argument`, `not_found` */
async function locate(root: string, inputs: Inputs): Promise<[string, string[]][]> {
  const views: [string, string[]][] = []
  const seen = new Set<string>()
  for (const [name, keys] of Object.entries(inputs)) {
    if (!isViewName(name) || seen.has(name.toLowerCase()))
      throw refusal(`"${name}" cannot be the name of an input: use letters, digits and "_", and each name once`)
    seen.add(name.toLowerCase())
    if (keys.length === 0) throw refusal(`the input "${name}" has no object; name at least one`)
    const paths = keys.map((key) => join(root, requireKey(key)))
    for (const [i, path] of paths.entries()) {
      const isFile = await stat(path).then(
        (found) => found.isFile(),
        () => false,
      )
      if (!isFile)
        throw new OrreryError('not_found', `There is no object "${keys[i]}" for the input "${name}"; list the store to see what there is.`, {
          key: keys[i],
          input: name,
        })
    }
    views.push([name, paths])
  }
  return views
}

/** Written aside, and put from there: its name follows from its bytes. */
async function put(
  store: Pick<ObjectStore, 'put'>,
  { target, rows, prefix }: { target: string; rows: number; prefix: string },
  signal: AbortSignal,
): Promise<SqlObject[]> {
  if (rows === 0) return []
  const content = await contentOf(target)
  const key = `${prefix}${content.sha256}.parquet`
  await store.put(key, createReadStream(target, { signal }), content)
  return [{ key, ...content, rows }]
}

async function contentOf(path: string): Promise<{ bytes: number; sha256: string }> {
  await using file = await open(path)
  return { bytes: (await file.stat()).size, sha256: await sha256OfFile(file) }
}
