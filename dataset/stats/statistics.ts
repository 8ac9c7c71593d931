import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { DatasetQuery } from '#dataset/query/dataset-query.ts'
import { statisticsKey } from '#dataset/dataset-folder.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { columnStatistics, ColumnStatistics, type Ask } from './columns.ts'
import { Summary, summaryOf } from './summary.ts'

/** What was counted of a version. */
const Statistics = z.strictObject({ columns: z.array(ColumnStatistics), summary: Summary })
export type Statistics = z.infer<typeof Statistics>

export interface StatisticsParts {
  store: Pick<ObjectStore, 'head' | 'get' | 'put'>
  query: Pick<DatasetQuery, 'statement'>
}

const statementBounds = { rowsMax: 10_000, bytesMax: 16 * 2 ** 20, cut: false, timeoutMs: 300_000 }
const bytesMax = 64 * 2 ** 20
/** Statements of others go first: whoever counts comes again after so long. */
const busyMs = 500

/** Counts a version, or reads what was counted of it before: an object of the store that stays as long as the version. */
export async function statisticsOf({ store, query }: StatisticsParts, entry: DatasetEntry, signal: AbortSignal): Promise<Statistics> {
  const known = await knownStatistics(store, entry)
  if (known) return known
  const ask: Ask = async (script, parameters = []) => {
    for (;;) {
      try {
        return (await query.statement(entry, script, { ...statementBounds, parameters, signal })).rows
      } catch (error) {
        if (!(error instanceof OrreryError && error.code === 'rate_limited')) throw error
        await delay(busyMs, undefined, { signal })
      }
    }
  }
  const counted = { columns: await columnStatistics(ask, entry.manifest.documents), summary: await summaryOf(ask, entry) }
  await keep(store, statisticsKey(entry), counted)
  return counted
}

/** What was counted before; undefined also for what is damaged: it is counted anew. */
export async function knownStatistics(store: StatisticsParts['store'], entry: DatasetEntry): Promise<Statistics | undefined> {
  const key = statisticsKey(entry)
  const found = await store.head(key)
  if (!found || found.bytes > bytesMax) return undefined
  try {
    return Statistics.parse(JSON.parse(Buffer.from(await store.get(key)).toString()))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError || (error instanceof OrreryError && error.code === 'not_found')) return undefined
    throw error
  }
}

/** Two who count at once may differ in a last digit: the first is kept. */
async function keep(store: StatisticsParts['store'], key: string, counted: Statistics): Promise<void> {
  try {
    await store.put(key, Buffer.from(JSON.stringify(counted)))
  } catch (error) {
    if (!(error instanceof OrreryError && error.code === 'already_exists')) throw error
  }
}
