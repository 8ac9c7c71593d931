import { OrreryError } from '#schemas/errors.ts'
import { addressFit, addressLanguages } from '#schemas/identity/address-language.ts'
import { compareCopies, NearLinks, type Fingerprint } from '#schemas/identity/clusters.ts'
import { bandKeys, bands } from '#schemas/identity/signature.ts'
import type { Sql, SqlRow } from '#schemas/sql.ts'

/** A band across: eight rows that stand 14 apart. A row is 8 hex digits of the signature. */
const across = Array.from({ length: 8 }, (_, row) => `SUBSTRING(best.hex, (band.n + ${(row - 1) * bands}) * 8 + 1, 8)`).join(', ')

/** The language that an address names; NULL: none (identity/address-language.ts). */
const named = `COALESCE(${addressLanguages.map((pattern) => `NULLIF(REGEXP_EXTRACT(LOWER(uri), '${pattern}', 1), '')`).join(', ')})`

/**
 * The global shuffle. For each text it picks the copy that was seen first over all miners (`title` says when: rebuild.ts), then meets texts that share one of the 28 bands of identity/signature.ts.
 * It gives a row for each text that has copies or shares a band, not each pair: a crafted bucket of n texts costs n rows, not n².
 * In the dialect of DuckDB and Spark SQL.
 */
const script = `
WITH named AS (SELECT *, ${named} AS address_lang FROM documents),
ranked AS (
  SELECT id, hotkey, job_id, uri, lang, published_at, fetched_at, version, text_bytes, minhash, CAST(title AS BIGINT) AS seen,
    COUNT(*) OVER (PARTITION BY id) AS copies,
    ROW_NUMBER() OVER (PARTITION BY id ORDER BY CAST(title AS BIGINT), published_at ASC NULLS LAST,
      CASE WHEN lang = 'und' OR address_lang IS NULL THEN 1 WHEN address_lang = lang THEN 0 ELSE 2 END, uri, fetched_at, version, hotkey, job_id) AS place
  FROM named
),
best AS (SELECT * FROM ranked WHERE place = 1),
bands AS (
  SELECT best.id, band.n AS band,
    CASE WHEN band.n < ${bands} THEN SUBSTRING(best.hex, band.n * 64 + 1, 64) ELSE CONCAT(${across}) END AS bucket
  FROM (SELECT id, HEX(minhash) AS hex FROM ranked WHERE place = 1) AS best
  CROSS JOIN (VALUES ${Array.from({ length: bandKeys }, (_, n) => `(${n})`).join(', ')}) AS band(n)
),
crowded AS (SELECT band, bucket FROM bands GROUP BY band, bucket HAVING COUNT(*) > 1),
candidates AS (SELECT DISTINCT bands.id FROM bands JOIN crowded ON bands.band = crowded.band AND bands.bucket = crowded.bucket)
SELECT best.id, best.hotkey, best.job_id, best.copies, best.uri, best.lang, best.published_at, best.text_bytes, best.seen,
  CASE WHEN candidates.id IS NULL THEN NULL ELSE best.minhash END AS signature
FROM best LEFT JOIN candidates ON best.id = candidates.id
WHERE best.copies > 1 OR candidates.id IS NOT NULL
ORDER BY best.id`

const rowsMax = 20_000_000

export interface Duplicates {
  /** id → the copy that is kept, for texts that stand in several rows. */
  winners: Map<string, { hotkey: string; jobId: string }>
  /** Ids of texts that are near to one seen before. */
  near: Set<string>
}

/**
 * Which of some documents go: exact copies by id, then whatever is near to a text that was seen before (estimated Jaccard ≥ 0.7).
 * @param parts keys of Parquet objects of cleaned documents, whose title is the number of their sight
 */
export async function findDuplicates(sql: Sql, parts: readonly string[], signal: AbortSignal): Promise<Duplicates> {
  const rows = parts.length === 0 ? [] : await sql.run(script, { documents: parts }, { maxRows: rowsMax, signal })
  const copied = rows.filter((row) => Number(row['copies']) > 1)
  const ranked = rows
    .filter((row) => row['signature'] !== null)
    .map(fingerprintOf)
    .toSorted((a, b) => a.seen - b.seen || compareCopies(a, b))
  const links = new NearLinks(ranked.length, (at) => (ranked[at] as Candidate).signature)
  const near = new Set<string>()
  for (const [at, { key, signature: own }] of ranked.entries()) {
    links.add(own)
    if (links.links.root(at) !== at) near.add(key)
  }
  return {
    winners: new Map(copied.map((row) => [text(row, 'id'), { hotkey: text(row, 'hotkey'), jobId: text(row, 'job_id') }])),
    near,
  }
}

interface Candidate extends Fingerprint {
  seen: number
}

function fingerprintOf(row: SqlRow): Candidate {
  const { signature, published_at } = row
  if (!(signature instanceof Uint8Array)) throw unexpected('signature', signature)
  const publishedAt = published_at instanceof Date ? published_at.getTime() : null
  const uri = text(row, 'uri')
  const facts = { publishedAt, textBytes: Number(row['text_bytes']), uri, addressFit: addressFit(uri, text(row, 'lang')) }
  return { key: text(row, 'id'), signature, ...facts, seen: Number(row['seen']) }
}

function text(row: SqlRow, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw unexpected(column, value)
  return value
}

const unexpected = (column: string, value: unknown): OrreryError =>
  new OrreryError('invalid_record', `The SQL engine gave a ${typeof value} for ${column} while duplicates were sought; it does not fit the documents.`, {
    column,
  })
