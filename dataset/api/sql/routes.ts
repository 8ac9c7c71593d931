import type { Server } from '#infra/net/server.ts'
import { answerRows, rowsResponse } from '#dataset/api/answer.ts'
import { hangUp } from '#infra/net/hang-up.ts'
import { requireDataset } from '#dataset/api/lookup.ts'
import type { RoutesOptions } from '#dataset/api/routes.ts'
import { rowsOfStatement } from '#dataset/api/rows.ts'
import { SqlAnswer, SqlBody } from './wire.ts'

const bounds = { rowsMax: 10_000, bytesMax: 16 * 2 ** 20, cut: false }

/** What people ask of a dataset in SQL. It reads that dataset and nothing else, within bounds, and ends with its connection. */
export async function sqlRoutes(app: Server, { parts }: RoutesOptions): Promise<void> {
  const schema = {
    operationId: 'runSql',
    summary: 'Rows of one SELECT over a dataset',
    tags: ['sql'],
    body: SqlBody,
    response: rowsResponse(SqlAnswer, 'Its rows'),
  }
  app.post('/sql', { schema, config: { scope: 'sql' } }, async (request, reply) => {
    const { body, headers, url } = request
    const { catalog, query } = parts()
    const { dataset, sql, parameters, timeout_ms: timeoutMs } = body
    const entry = await requireDataset(catalog, dataset, body.version)
    const result = await query.statement(entry, sql, { ...bounds, timeoutMs, parameters, signal: hangUp(reply) })
    const members = { dataset, version: entry.version, columns: result.columns }
    return answerRows({ headers, url, query: body }, reply, { rows: rowsOfStatement(result), members, isFixed: false })
  })
}
