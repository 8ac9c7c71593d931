import type { Server } from '#infra/net/server.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { DatasetQuery } from '#dataset/query/dataset-query.ts'
import { statisticsRoutes } from '#dataset/stats/routes.ts'
import { sharedCount } from '#dataset/stats/shared-count.ts'
import { batchRoutes } from './batch/routes.ts'
import { cdxRoutes } from './cdx/routes.ts'
import { documentRoutes } from './document-routes.ts'
import { sqlRoutes } from './sql/routes.ts'
import { tagAnswers } from './tag-answers.ts'
import { versionRoutes } from './version-routes.ts'
import { viewerRoutes } from './viewer/routes.ts'

export interface ApiParts {
  catalog: Catalog
  store: ObjectStore
  query: DatasetQuery
  telemetry: Telemetry
}

/** Asked for at each request, so that the routes can be described without any. */
export interface RoutesOptions {
  parts: () => ApiParts
}

/** The routes of the query API. */
export async function datasetRoutes(app: Server, options: RoutesOptions): Promise<void> {
  tagAnswers(app)
  await app.register(versionRoutes, options)
  await app.register(documentRoutes, options)
  const counts = sharedCount()
  app.addHook('onClose', async () => counts[Symbol.dispose]())
  await app.register(statisticsRoutes, { ...options, counts })
  await app.register(viewerRoutes, { ...options, counts })
  await app.register(cdxRoutes, options)
  await app.register(sqlRoutes, options)
  await app.register(batchRoutes, options)
}
