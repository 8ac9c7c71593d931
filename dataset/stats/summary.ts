import { z } from 'zod'
import { NamedCounts } from '#schemas/data-file.ts'
import type { SqlRow } from '#schemas/sql.ts'
import { droppedOf, type DatasetEntry } from '#dataset/versions.ts'
import type { Ask } from './columns.ts'

const count = z.int().nonnegative()
const valuesMax = 50
/** Fifty years. */
const monthsMax = 600
const qualityBins = 20

const Values = z.strictObject({
  distinct: count,
  /** The most frequent, most frequent first. null: documents that have none. */
  values: z.array(z.strictObject({ value: z.string().nullable(), documents: count, text_bytes: count })),
})
export type Values = z.infer<typeof Values>

const Rule = z.strictObject({
  rule: z.string(),
  documents: count,
  min: z.number(),
  max: z.number(),
  mean: z.number(),
  hist: z.array(count).describe('Twenty bins of equal width, from min to max.'),
})

/** What a version of a dataset is made of. */
export const Summary = z.strictObject({
  documents: count,
  text_bytes: count,
  labels: Values,
  languages: Values,
  hosts: Values,
  licences: Values,
  page_types: Values,
  months: z
    .array(z.strictObject({ month: z.string().describe('Of `datetime`, like 2026-01.'), documents: count }))
    .describe('The newest 600 that have documents, oldest first.'),
  text_sizes: z.array(z.strictObject({ bytes: count.describe('From so many bytes of text on, up to twice as many.'), documents: count })),
  quality: z.array(Rule).describe('Scores of the rules that most documents have.'),
  dropped: NamedCounts.describe('Rows that are not in the version, by reason.'),
})
export type Summary = z.infer<typeof Summary>

export async function summaryOf(ask: Ask, { manifest }: DatasetEntry): Promise<Summary> {
  const { documents, text_bytes } = manifest
  return {
    documents,
    text_bytes,
    labels: await valuesOf(ask, 'lower(label)'),
    languages: await valuesOf(ask, 'lang'),
    hosts: await valuesOf(ask, 'host'),
    licences: await valuesOf(ask, `json_extract_string(rights, '$.licence')`),
    page_types: await valuesOf(ask, 'page_type'),
    months: (await ask(monthsScript)).map((row) => ({ month: String(row['month']), documents: Number(row['documents']) })).toReversed(),
    text_sizes: (await ask(sizesScript)).map((row) => ({ bytes: 2 ** Number(row['power']), documents: Number(row['documents']) })),
    quality: await qualityOf(ask),
    dropped: droppedOf(manifest),
  }
}

async function valuesOf(ask: Ask, expression: string): Promise<Values> {
  const rows = await ask(
    `WITH c AS (SELECT ${expression} AS value, count(*) AS documents, sum(text_bytes)::BIGINT AS text_bytes FROM documents GROUP BY 1)
    SELECT value, documents, text_bytes, (SELECT count(value) FROM c) AS values_total FROM c ORDER BY documents DESC, value LIMIT ${valuesMax}`,
  )
  const values = rows.map(({ value = null, ...row }) => ({
    value: value === null ? null : String(value),
    documents: Number(row['documents']),
    text_bytes: Number(row['text_bytes']),
  }))
  return { distinct: Number(rows[0]?.['values_total'] ?? 0), values }
}

const monthsScript = `SELECT strftime(datetime, '%Y-%m') AS month, count(*) AS documents FROM documents GROUP BY 1 ORDER BY 1 DESC LIMIT ${monthsMax}`
const sizesScript = 'SELECT floor(log2(greatest(text_bytes, 1)))::INTEGER AS power, count(*) AS documents FROM documents GROUP BY 1 ORDER BY 1'

/** Rules are named by miners: those that most documents have count. */
const scores = `SELECT unnest(map_entries(json_transform(quality, '"MAP(VARCHAR,DOUBLE)"'))) AS score FROM documents`

async function qualityOf(ask: Ask): Promise<Summary['quality']> {
  const rules = await ask(
    `WITH scores AS (${scores}) SELECT score.key AS rule, count(*) AS documents, min(score.value) AS lo, max(score.value) AS hi, avg(score.value) AS mean
    FROM scores GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${valuesMax}`,
  )
  if (rules.length === 0) return []
  const bounds = rules.map(() => '(?::VARCHAR, ?::DOUBLE, ?::DOUBLE)').join(', ')
  const counted = await ask(
    `WITH scores AS (${scores}), rules (rule, lo, hi) AS (VALUES ${bounds})
    SELECT rule, least(${qualityBins - 1}, coalesce(try_cast(floor((score.value / 2 - lo / 2) / (hi / 2 - lo / 2) * ${qualityBins}) AS INTEGER), 0)) AS bin, count(*) AS documents
    FROM scores JOIN rules ON score.key = rule GROUP BY 1, 2`,
    rules.flatMap(({ rule = null, lo = null, hi = null }) => [rule, lo, hi]),
  )
  return rules.map((row) => ruleOf(row, counted))
}

function ruleOf({ rule = null, ...row }: SqlRow, counted: readonly SqlRow[]): Summary['quality'][number] {
  const hist = Array.from({ length: qualityBins }, () => 0)
  for (const bin of counted) if (bin['rule'] === rule) hist[Number(bin['bin'])] = Number(bin['documents'])
  const mean = Number(row['mean'])
  // A sum of what is near the greatest number is none.
  return {
    rule: String(rule),
    documents: Number(row['documents']),
    min: Number(row['lo']),
    max: Number(row['hi']),
    mean: Number.isFinite(mean) ? mean : 0,
    hist,
  }
}
