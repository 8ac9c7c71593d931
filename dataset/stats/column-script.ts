import type { ShownColumn } from '#dataset/api/viewer/features.ts'

/** Bins of a histogram. */
export const binsMax = 10
/** From so many documents on a median is an estimate (t-digest): an exact one holds all values. */
const exactRowsMax = 1_000_000

/** What a column is measured by: its values, the lengths of its texts in characters, the seconds since 1970 of its times. */
const measures: Record<ShownColumn['kind'], (column: string) => string> = {
  string: (column) => `length(${column})`,
  json: (column) => `length(${column})`,
  int32: (column) => `${column}::BIGINT`,
  double: (column) => `CASE WHEN isnan(${column}) THEN NULL ELSE ${column} END`,
  timestamp: (column) => `epoch_ms(${column}) // 1000`,
}

/**
 * One row: `known` (not null), `lo`, `hi`, `mean`, `median`, `std`, and the histogram between `lo` and `hi` as lists `bin` (numbers of those that are not empty)
 * and `bin_rows`. The bins are those of the dataset viewer (its statistics_utils.py): of equal width, which is whole where the values are.
 */
export function columnScript({ name, kind }: ShownColumn, documents: number): string {
  const bin = kind === 'double' ? `(x - s.lo) / (s.hi - s.lo) * ${binsMax}` : `(x - s.lo) / ceil((s.hi - s.lo + 1) / ${binsMax})`
  const median = documents > exactRowsMax ? 'approx_quantile(x, 0.5)' : 'median(x)'
  return `
    WITH v AS MATERIALIZED (SELECT ${measures[kind](`"${name}"`)} AS x FROM documents),
    s AS (SELECT count(x) AS known, min(x) AS lo, max(x) AS hi, avg(x) AS mean, ${median} AS middle, stddev_samp(x) AS std FROM v),
    h AS (
      SELECT CASE WHEN s.hi = s.lo THEN 0 ELSE least(${binsMax - 1}, floor(${bin})) END AS bin, count(*) AS n
      FROM v, s WHERE x IS NOT NULL GROUP BY 1)
    SELECT known, lo, hi, mean, middle AS median, std,
      (SELECT list(bin::INTEGER ORDER BY bin) FROM h) AS bin, (SELECT list(n ORDER BY bin) FROM h) AS bin_rows
    FROM s`
}

/** An estimate, to see whether it is worth counting. */
export const distinctScript = ({ name }: ShownColumn): string => `SELECT approx_count_distinct("${name}") AS "values" FROM documents`

/** Values of a text column with their rows, most frequent first. */
export const valuesScript = ({ name }: ShownColumn): string =>
  `SELECT "${name}" AS value, count(*) AS "rows" FROM documents WHERE "${name}" IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?`
