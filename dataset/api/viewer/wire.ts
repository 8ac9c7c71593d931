import { z } from 'zod'
import { ColumnStatistics } from '#dataset/stats/columns.ts'

/** The border of the dataset viewer's API (https://github.com/huggingface/dataset-viewer, docs/source/openapi.json). */
const text = z.string('must be text')
const atMost = (charsMax: number) => text.min(1, 'must not be empty').max(charsMax, `must not be longer than ${charsMax} characters`)
const dataset = atMost(256).describe('Name of the dataset.')
const config = atMost(64).describe('There is one: default.')
const split = atMost(64).describe('There is one: train.')
/** One that need not be given may be given empty. */
const unlessEmpty = <Given extends z.ZodType>(given: Given) => z.preprocess((value) => (value === '' ? undefined : value), given.optional())
export const rowsPageMax = 100

/** As Python's int() reads a number, within what a row can be. */
const integer = text.regex(/^\s*[+-]?\d{1,15}\s*$/, 'must be integer').transform(Number)
const positive = integer.pipe(z.number().min(0, 'must be positive'))
const slice = {
  offset: positive.default(0).describe('First row, 0-based.'),
  length: positive.pipe(z.number().max(rowsPageMax, `must not be greater than ${rowsPageMax}`)).default(rowsPageMax),
}

export const DatasetQueryString = z.object({ dataset, config: unlessEmpty(config), split: unlessEmpty(split) })
export const SplitQueryString = z.object({ dataset, config, split })
export const RowsQueryString = SplitQueryString.extend(slice)
export const SearchQueryString = RowsQueryString.extend({ query: atMost(1000).describe('Words to look for.') })
export const FilterQueryString = RowsQueryString.extend({
  where: text.optional().describe(`A condition in SQL, like text_bytes > 1000 AND lang = 'en'.`),
  orderby: text.optional().describe('A column, with DESC where the greatest shall come first.'),
})

const count = z.int().nonnegative()
const partial = z.boolean().describe('Whether it was made of a part of the dataset.')
const Job = z.strictObject({ dataset: z.string(), kind: z.string(), config: z.string(), split: z.string().nullable() })
const jobs = { pending: z.array(Job), failed: z.array(Job) }
const place = { dataset: z.string(), config: z.string(), split: z.string() }

export const ErrorResponse = z
  .strictObject({ error: z.string() })
  .describe('The header X-Error-Code names the kind of error.')
  .meta({ id: 'ViewerError', examples: [{ error: "Parameter 'dataset' is required" }] })
export const IsValid = z
  .strictObject({ preview: z.boolean(), viewer: z.boolean(), search: z.boolean(), filter: z.boolean(), statistics: z.boolean() })
  .meta({ id: 'ViewerIsValid', examples: [{ preview: true, viewer: true, search: true, filter: true, statistics: true }] })
export const Splits = z
  .strictObject({ splits: z.array(z.strictObject(place)), ...jobs })
  .meta({ id: 'ViewerSplits', examples: [{ splits: [{ dataset: 'web', config: 'default', split: 'train' }], pending: [], failed: [] }] })

const Feature = z.strictObject({ dtype: z.string(), _type: z.string() })
const features = z.array(z.strictObject({ feature_idx: count, name: z.string(), type: Feature }))
// oxlint-disable-next-line orrery/no-open-record -- by our columns
const byColumn = <Value extends z.ZodType>(value: Value) => z.record(z.string(), value)
const rows = z.array(
  z.strictObject({
    row_idx: count,
    row: byColumn(z.union([z.string(), z.number(), z.null()])),
    truncated_cells: z.array(z.string()).describe('Columns whose cell here is only the start of what the dataset has.'),
  }),
)
export const FirstRows = z.strictObject({ ...place, features, rows, truncated: z.boolean() }).meta({ id: 'ViewerFirstRows' })
export const Rows = z.strictObject({ features, rows, num_rows_total: count, num_rows_per_page: count, partial }).meta({ id: 'ViewerRows' })

export const ParquetFiles = z
  .strictObject({
    parquet_files: z.array(z.strictObject({ ...place, url: z.string(), filename: z.string(), size: count })),
    features: byColumn(Feature),
    ...jobs,
    partial,
  })
  .meta({ id: 'ViewerParquetFiles' })

const sizes = { num_bytes_original_files: count, num_bytes_parquet_files: count, num_bytes_memory: count, num_rows: count, estimated_num_rows: z.null() }
const DatasetSize = z.strictObject({ dataset: z.string(), ...sizes })
const ConfigSize = z.strictObject({ dataset: z.string(), config: z.string(), ...sizes, num_columns: count })
const SplitSize = z.strictObject({ ...place, ...sizes, num_columns: count })
export const Size = z
  .strictObject({
    size: z.strictObject({
      dataset: DatasetSize.optional(),
      configs: z.array(ConfigSize).optional(),
      config: ConfigSize.optional(),
      splits: z.array(SplitSize),
    }),
    ...jobs,
    partial,
  })
  .meta({ id: 'ViewerSize' })

const DatasetInfo = z.strictObject({
  description: z.string(),
  citation: z.string(),
  homepage: z.string(),
  license: z.string(),
  features: byColumn(Feature),
  builder_name: z.string(),
  dataset_name: z.string(),
  config_name: z.string(),
  version: z.strictObject({ version_str: z.string(), major: count, minor: count, patch: count }),
  splits: z.strictObject({ train: z.strictObject({ name: z.string(), num_bytes: count, num_examples: count, dataset_name: z.string() }) }),
  download_size: count,
  dataset_size: count,
})
export const Info = z
  .strictObject({ dataset_info: z.union([DatasetInfo, z.strictObject({ default: DatasetInfo })]), ...jobs, partial })
  .meta({ id: 'ViewerInfo' })

export const Statistics = z.strictObject({ num_examples: count, statistics: z.array(ColumnStatistics), partial }).meta({ id: 'ViewerStatistics' })
