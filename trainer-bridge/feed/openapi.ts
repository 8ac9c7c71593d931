import { createServer, type Server } from '#infra/net/server.ts'
import { OrreryError } from '#schemas/errors.ts'
import { feedRoutes } from './routes.ts'
import type { Feed } from './feed.ts'

/** The feed's HTTP server, not yet listening. */
export async function feedServer(feed: () => Feed): Promise<Server> {
  const app = await createServer({ title: 'Orrery feed', version: '1', description: 'Token batches under lease to training nodes; the loss comes back.' })
  await feedRoutes(app, feed)
  return app
}

/** The OpenAPI 3.1 document of the feed, as `GET /openapi.json` gives it; checked in as trainer-bridge/openapi.json. */
export async function feedOpenApi(): Promise<unknown> {
  await using app = await feedServer(() => {
    throw new OrreryError('store_unavailable', 'This server only describes the feed; start one with `orrery bridge serve`.')
  })
  await app.ready()
  return app.swagger()
}
