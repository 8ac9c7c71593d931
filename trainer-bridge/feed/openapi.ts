import { createServer, type Server, type ServerParts } from '#infra/net/server.ts'
import { verifySignatures } from '#infra/signed-http/hook.ts'
import type { VerifySigned } from '#infra/signed-http/verify.ts'
import { feedSchemes } from './signatures.ts'
import { describesOnly, feedRoutes, type Feed } from './feed.ts'

/** 5,000 nodes, each with some connections, and room for whoever comes beside them. */
const connectionsMax = 16_384

const identity = {
  asksForKey: true,
  title: 'Orrery feed',
  version: '1',
  description: 'Token batches under lease to training nodes; the loss comes back.',
}

/** The feed's HTTP server, not yet listening. */
export async function feedServer(feed: () => Feed, serving: Omit<ServerParts, 'failureForm'> & { verify?: VerifySigned } = {}): Promise<Server> {
  const { verify, ...parts } = serving
  const app = await createServer(identity, { ...parts, failureForm: 'problem', connectionsMax })
  app.decorateRequest('nodeOfToken', null)
  verifySignatures(app, feedSchemes, () => verify ?? describesOnly())
  await feedRoutes(app, feed)
  return app
}

/** The OpenAPI 3.1 document of the feed, as `GET /openapi.json` gives it; checked in as trainer-bridge/openapi.json. */
export async function feedOpenApi(): Promise<unknown> {
  await using app = await feedServer(describesOnly)
  await app.ready()
  return app.swagger()
}
