import { z } from 'zod'
import { shownColumns, type ShownColumn } from '#dataset/api/viewer/features.ts'
import { namedValues } from '#schemas/named-values.ts'
import type { SqlRow, SqlValue } from '#schemas/sql.ts'
import { binsMax, columnScript, distinctScript, valuesScript } from './column-script.ts'

const count = z.int().nonnegative()
const share = z.number().min(0).max(1)
const nans = { nan_count: count, nan_proportion: share }
const Frequencies = z.strictObject({ ...nans, no_label_count: count, no_label_proportion: share, n_unique: count, frequencies: namedValues(count) })
const measured = <Value extends z.ZodType>(value: Value) => ({
  ...nans,
  min: value.nullable(),
  max: value.nullable(),
  mean: value.nullable(),
  median: value.nullable(),
  std: value.nullable(),
  histogram: z.strictObject({ hist: z.array(count), bin_edges: z.array(value) }).nullable(),
})
const Numbers = z.strictObject(measured(z.number()))
const Times = z.strictObject(measured(z.string()))

/** What a column holds, as the dataset viewer says it. */
export const ColumnStatistics = z
  .strictObject({
    column_name: z.string(),
    column_type: z.enum(['string_label', 'string_text', 'int', 'float', 'datetime']),
    column_statistics: z.union([Frequencies, Numbers, Times]),
  })
  .meta({ id: 'ColumnStatistics' })
export type ColumnStatistics = z.infer<typeof ColumnStatistics>

/** Asks the documents of one version. */
export type Ask = (script: string, parameters?: readonly SqlValue[]) => Promise<SqlRow[]>

const labels = { share: 0.2, max: 1000, few: 10, charsMax: 256 }

/** Column by column, so that the values of one are in memory at a time. */
export async function columnStatistics(ask: Ask, documents: number): Promise<ColumnStatistics[]> {
  const columns: ColumnStatistics[] = []
  for (const column of shownColumns) columns.push(await statisticsOfColumn(ask, column, documents))
  return columns
}

async function statisticsOfColumn(ask: Ask, column: ShownColumn, documents: number): Promise<ColumnStatistics> {
  const [row = {}] = await ask(columnScript(column, documents))
  const nan_count = documents - Number(row['known'] ?? 0)
  const measures = { row, missing: { nan_count, nan_proportion: documents === 0 ? 0 : (round(nan_count / documents) ?? 0) } }
  const name = { column_name: column.name }
  if (column.kind === 'timestamp') return { ...name, column_type: 'datetime', column_statistics: timesOf(measures) }
  if (column.kind === 'double') return { ...name, column_type: 'float', column_statistics: numbersOf(measures, 'float') }
  if (column.kind === 'int32') return { ...name, column_type: 'int', column_statistics: numbersOf(measures, 'int') }
  const frequencies = Number(row['hi'] ?? 0) > labels.charsMax ? undefined : await frequenciesOf(ask, column, documents)
  if (!frequencies) return { ...name, column_type: 'string_text', column_statistics: numbersOf(measures, 'int') }
  const counted = { ...measures.missing, no_label_count: 0, no_label_proportion: 0, n_unique: Object.keys(frequencies).length, frequencies }
  return { ...name, column_type: 'string_label', column_statistics: counted }
}

/** undefined for a column of texts: one of many values, by the rule of the dataset viewer. */
async function frequenciesOf(ask: Ask, column: ShownColumn, documents: number): Promise<Record<string, number> | undefined> {
  const most = Math.max(labels.few, Math.min(labels.max, Math.floor(labels.share * documents)))
  // The estimate errs by a few per cent.
  const [estimate] = await ask(distinctScript(column))
  if (Number(estimate?.['values'] ?? 0) > 2 * most) return undefined
  const values = await ask(valuesScript(column), [most + 1])
  if (values.length > most) return undefined
  return Object.fromEntries(values.map((row) => [String(row['value']), Number(row['rows'])]))
}

interface Measures {
  row: SqlRow
  missing: { nan_count: number; nan_proportion: number }
}

function numbersOf({ row, missing }: Measures, kind: 'int' | 'float'): z.infer<typeof Numbers> {
  const [lo, hi] = [finite(row['lo']), finite(row['hi'])]
  const rounded = (name: string): number | null => round(finite(row[name]))
  const measures = { min: round(lo), max: round(hi), mean: rounded('mean'), median: rounded('median'), std: rounded('std') }
  return { ...missing, ...measures, histogram: lo === null || hi === null ? null : histogramOf(row, binEdges(lo, hi, kind)) }
}

function timesOf({ row, missing }: Measures): z.infer<typeof Times> {
  const numbers = numbersOf({ row, missing }, 'int')
  const { std, histogram } = numbers
  const at = (seconds: number | null): string | null => (seconds === null ? null : timeText(seconds))
  return {
    ...missing,
    min: at(numbers.min),
    max: at(numbers.max),
    mean: at(numbers.mean),
    median: at(numbers.median),
    std: std === null ? null : durationText(std),
    histogram: histogram && { hist: histogram.hist, bin_edges: histogram.bin_edges.map(timeText) },
  }
}

/** One more than there are bins. Of whole numbers there may be fewer than ten. */
function binEdges(lo: number, hi: number, kind: 'int' | 'float'): number[] {
  if (lo === hi) return [lo, hi]
  const width = kind === 'float' ? (hi - lo) / binsMax : Math.ceil((hi - lo + 1) / binsMax)
  return [...Array.from({ length: binsMax }, (_, n) => lo + n * width).filter((edge) => edge <= hi), hi]
}

function histogramOf(row: SqlRow, edges: readonly number[]): { hist: number[]; bin_edges: number[] } {
  const [bin, rows] = [row['bin'] ?? [], row['bin_rows'] ?? []] as [SqlValue[], SqlValue[]]
  const hist = edges.slice(1).map(() => 0)
  for (const [n, at] of bin.entries()) hist[Number(at)] = Number(rows[n])
  return { hist, bin_edges: edges.map((edge) => round(edge) ?? edge) }
}

function finite(value: SqlValue | undefined): number | null {
  const number = value === null || value === undefined ? NaN : Number(value)
  return Number.isFinite(number) ? number : null
}

/** To five decimals; what is large has none. */
const round = (value: number | null): number | null => (value === null || Math.abs(value) > 1e10 ? value : Math.round(value * 1e5) / 1e5)

/** As Python's strftime("%Y-%m-%d %H:%M:%S%z") writes it. */
const timeText = (seconds: number): string => `${new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19).replace('T', ' ')}+0000`

/** As Python's str(timedelta) writes it. */
function durationText(seconds: number): string {
  const days = Math.floor(seconds / 86_400)
  const clock = new Date((Math.round(seconds) % 86_400) * 1000).toISOString().slice(12, 19)
  return `${days === 0 ? '' : `${days} day${days === 1 ? '' : 's'}, `}${clock}`
}
