import { ingest } from '#dataset/ingest/ingest.ts'
import { openDatasetQuery } from '#dataset/query/open-dataset-query.ts'
import { datasetServer } from '#dataset/api/server.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { listen, type Server } from '#infra/net/server.ts'
import { manualClock } from '#test/manual-clock.ts'
import { goldenOrigin, putSnapshot, shardWorld, type GoldenShard, type ShardWorld } from './shards.ts'

/** A dataset `web` behind its API, on real backends. */
export interface ServedDataset extends AsyncDisposable {
  world: ShardWorld
  app: Server
  /** Where it listens. */
  origin: string
  entry: DatasetEntry
  get(path: string): Promise<{ status: number; headers: Record<string, unknown>; text: string }>
}

export async function servedDataset(shards: readonly GoldenShard[]): Promise<ServedDataset> {
  const stack = new AsyncDisposableStack()
  let origin = ''
  const world = stack.use(await shardWorld({ origin: () => origin }))
  await putSnapshot(world, { signer: await world.signer('a'), jobId: 'one', shards })
  const { entry } = await ingest({ ...world, name: 'web', origin: goldenOrigin, signal: new AbortController().signal })
  if (!entry) throw new Error('there is no version')
  const query = stack.use(openDatasetQuery({ ...world, folder: world.queryFolder, clock: manualClock() }))
  const app = await datasetServer({ ...world, query })
  stack.defer(() => app.close())
  origin = (await listen(app, { host: '127.0.0.1', port: 0, setting: 'test' })).origin
  return {
    world,
    app,
    origin,
    entry,
    async get(path) {
      const { statusCode, headers, body } = await app.inject({ url: path })
      return { status: statusCode, headers, text: body }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
