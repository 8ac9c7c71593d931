import { describedServer } from './server.ts'

/** The OpenAPI 3.1 document of the query API, as `GET /openapi.json` gives it; checked in as dataset/openapi.json. */
export async function datasetOpenApi(): Promise<unknown> {
  await using app = await describedServer()
  await app.ready()
  return app.swagger()
}
