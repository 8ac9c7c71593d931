import type { ApiAccess } from '#infra/net/api-access.ts'
import type { Readiness } from '#infra/net/health.ts'
import { createServer, type Server, type ServerParts } from '#infra/net/server.ts'
import type { FolderStore } from '#infra/store/folder.ts'
import { signedObjects } from '#infra/store/signed-objects.ts'
import type { TelemetryHub } from '#infra/telemetry/telemetry.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { families } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { askingMiners, type AskingParts } from '../gravity/ask-miners.ts'
import { openBuilder, type BuilderParts } from '../gravity/builder.ts'
import { gravityRoutes, type GravityRouteParts } from '../gravity/routes.ts'
import { icebergRoutes } from '../iceberg/catalog-routes.ts'
import { mcpRoutes } from '../mcp/routes.ts'
import { headOf } from './recent-entries.ts'
import { referenceRoutes } from './reference.ts'
import { datasetRoutes, type ApiParts } from './routes.ts'

const identity = {
  asksForKey: true,
  title: 'Orrery datasets',
  version: '1',
  description:
    'Versions of deduplicated datasets: their documents, where each came from, their files. Lists come as JSON, NDJSON, an Arrow IPC stream or Parquet by `Accept` (or `?format=`), a page at a time.',
}

export interface ServingParts
  extends ApiParts, Pick<BuilderParts, 'origin' | 'datasetName' | 'hasContact'>, Pick<GravityRouteParts, 'castVotes'>, Pick<AskingParts, 'onDemand'> {
  telemetry: Pick<TelemetryHub, 'count' | 'event' | 'snapshot'>
  access: ApiAccess
  pace: Clock
}

/** The query API, not yet listening. It also honours the signed URLs of a store that needs somebody to. */
export async function datasetServer(parts: ServingParts): Promise<Server> {
  const { access, telemetry } = parts
  const tasks = { ...parts, clock: parts.pace, ask: askingMiners(parts) }
  const builder = openBuilder(tasks)
  const app = await openServer(() => ({ ...tasks, builder }), {
    telemetry,
    counts: () => telemetry.snapshot(),
    readiness: readinessOf(parts),
    access: () => access,
    corsOrigins: access.corsOrigins,
  })
  await app.register(referenceRoutes)
  await app.register(mcpRoutes)
  app.addHook('onReady', async () => builder.wake())
  app.addHook('onClose', () => builder.close())
  if (servesItself(parts.store)) await app.register(signedObjects(parts.store))
  return app
}

/** The API without anything behind it: only its OpenAPI document can be asked for. */
export const describedServer = (): Promise<Server> =>
  openServer(() => {
    throw new TypeError('This server only describes the API.')
  })

async function openServer(parts: () => GravityRouteParts, serving: ServerParts = {}): Promise<Server> {
  const app = await createServer(identity, serving)
  await app.register(datasetRoutes, { parts })
  await app.register(gravityRoutes, { parts })
  await icebergRoutes(app, parts)
  return app
}

const readinessOf = ({ catalog, store, query, datasetName }: ServingParts): Readiness =>
  new Map<string, (signal: AbortSignal) => Promise<unknown>>([
    ['catalog', () => catalog.lines(families.datasets)],
    ['store', () => store.head('datasets/.ready')],
    [
      'index',
      async (signal) => {
        const head = await headOf(catalog, datasetName)
        if (head) await query.page(head, { filters: {}, sort: 'id', limit: 1 }, signal).catch(unlessBusy)
      },
    ],
  ])

/** Whoever has too many questions answers. */
function unlessBusy(error: unknown): void {
  if (!(error instanceof OrreryError && error.code === 'rate_limited')) throw error
}

const servesItself = (store: ObjectStore): store is FolderStore => 'accepts' in store
