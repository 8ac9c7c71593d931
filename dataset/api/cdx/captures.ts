import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { families } from '#schemas/lineage.ts'
import type { SqlRow } from '#schemas/sql.ts'
import type { DatasetQuery } from '#dataset/query/dataset-query.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { requireDataset } from '#dataset/api/lookup.ts'
import { blockLines, type BoundScript } from './script.ts'
import { pageSizeMax } from './wire.ts'

const lookUpMsMax = 30_000
const bytesMax = 64 * 2 ** 20

export type AskLines = (bound: BoundScript) => Promise<SqlRow[]>

/** One line more than an answer has: whether there are others. */
export const asking =
  (query: DatasetQuery, entry: DatasetEntry, signal: AbortSignal): AskLines =>
  async ({ script, parameters }) => {
    const bounds = { rowsMax: pageSizeMax * blockLines + 1, bytesMax, cut: false, timeoutMs: lookUpMsMax }
    return (await query.statement(entry, script, { ...bounds, parameters, signal })).rows
  }

/** @throws OrreryError `invalid_argument` where it is not said which one of several, `not_found` */
export async function datasetOf(catalog: Catalog, name: string | undefined): Promise<DatasetEntry> {
  if (name !== undefined) return requireDataset(catalog, name)
  const lines = await catalog.lines(families.datasets)
  const names = lines.map((line) => line.name.slice(families.datasets.prefix.length))
  const [only, another] = names
  if (only === undefined) throw new OrreryError('not_found', 'There is no dataset yet.')
  if (another === undefined) return requireDataset(catalog, only)
  throw new OrreryError('invalid_argument', `There are ${names.length} datasets; say which with dataset=, like dataset=${only}.`)
}
