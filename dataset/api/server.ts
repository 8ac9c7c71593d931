import { createServer, type Server } from '#infra/net/server.ts'
import type { FolderStore } from '#infra/store/folder.ts'
import { signedObjects } from '#infra/store/signed-objects.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { datasetRoutes, type ApiParts } from './routes.ts'

const identity = {
  title: 'Orrery datasets',
  version: '1',
  description: 'Versions of deduplicated datasets: their documents, where each came from, their files.',
}

/** The query API, not yet listening. It also honours the signed URLs of a store that needs somebody to. */
export async function datasetServer(parts: ApiParts): Promise<Server> {
  const app = await createServer(identity)
  await datasetRoutes(app, () => parts)
  if (servesItself(parts.store)) await app.register(signedObjects(parts.store))
  return app
}

/** The API without anything behind it: only its OpenAPI document can be asked for. */
export async function describedServer(): Promise<Server> {
  const app = await createServer(identity)
  await datasetRoutes(app, () => {
    throw new TypeError('This server only describes the API.')
  })
  return app
}

const servesItself = (store: ObjectStore): store is FolderStore => 'accepts' in store
