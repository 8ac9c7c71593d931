import type { Server } from '#infra/net/server.ts'
import { requireDataset } from '#dataset/api/lookup.ts'
import type { RoutesOptions } from '#dataset/api/routes.ts'
import { DatasetParams, VersionQuery } from '#dataset/api/wire.ts'
import { DatasetStatistics, describedStatistics } from './described.ts'
import type { SharedCount } from './shared-count.ts'

/** What a version is made of, counted once. */
export async function statisticsRoutes(app: Server, { parts, counts }: RoutesOptions & { counts: SharedCount }): Promise<void> {
  const schema = {
    operationId: 'getStatistics',
    summary: 'What a version is made of: labels, languages, hosts, licences, ages, sizes, quality, and what was left out',
    params: DatasetParams,
    querystring: VersionQuery.omit({ format: true }),
    response: { 200: DatasetStatistics },
  }
  app.get('/v1/datasets/:name/statistics', { schema }, async ({ params: { name }, query: { version } }) => {
    const entry = await requireDataset(parts().catalog, name, version)
    const { summary } = await counts.statistics(parts(), entry)
    return describedStatistics(parts().catalog, entry, summary)
  })
}
