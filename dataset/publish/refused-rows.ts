import type { Sql } from '#schemas/sql.ts'
import { ownerRefusal, Rights } from '#schemas/rights.ts'

/** Kinds of rights that are looked at together. */
const kindsAtOnce = 10_000

/**
 * Rows that must not be published by what their owners said, by reason (`ownerRefusal`). Rows of one host mostly have the same rights, so each kind is
 * looked at once.
 * @param keys Parquet files of documents
 */
export async function refusedRows(sql: Sql, keys: readonly string[], signal: AbortSignal): Promise<Map<string, number>> {
  const refused = new Map<string, number>()
  if (keys.length === 0) return refused
  for (let last = '', more = true; more;) {
    const kinds = await sql.run(
      `SELECT rights, COUNT(*) AS documents FROM documents WHERE rights > ? GROUP BY rights ORDER BY rights LIMIT ${kindsAtOnce}`,
      { documents: keys },
      { parameters: [last], signal },
    )
    for (const { rights, documents } of kinds) {
      const reason = ownerRefusal(Rights.parse(JSON.parse(String(rights))))
      if (reason !== undefined) refused.set(reason, (refused.get(reason) ?? 0) + Number(documents))
      last = String(rights)
    }
    more = kinds.length === kindsAtOnce
  }
  return refused
}
