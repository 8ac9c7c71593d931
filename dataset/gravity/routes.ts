import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Server } from '#infra/net/server.ts'
import { hangUp } from '#infra/net/hang-up.ts'
import { requireDataset } from '#dataset/api/lookup.ts'
import type { CastVotes } from '#infra/desirability/cast-votes.ts'
import { listAt } from '#infra/desirability/list-at.ts'
import { parseVotes } from '#infra/desirability/vote-file.ts'
import { reachedStore } from '#infra/store/reached-store.ts'
import { dataSource } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Vote } from '#schemas/preferences.ts'
import type { DatasetQuery } from '#dataset/query/dataset-query.ts'
import type { AskMiners } from './ask-miners.ts'
import type { Builder, BuilderParts } from './builder.ts'
import { onDemandData, requireSource } from './on-demand.ts'
import { latestList } from './latest-list.ts'
import { broughtTo, crawlerState, datasetState, taskState } from './states.ts'
import { askBuilds, cancelTask, changeBuild, createTask, requireBuild, requireCrawler, requireTask, visibleTasks } from './tasks.ts'
import { topicsOf } from './topics.ts'
import * as wire from './wire.ts'

export interface GravityRouteParts extends BuilderParts {
  query: DatasetQuery
  builder: Builder
  ask: AskMiners
  /** Makes a list the one that the validator of this data folder votes with. */
  castVotes(votes: readonly Vote[]): Promise<CastVotes>
}

/** Data Universe's verbs, under the paths of its API: `POST /gravity.v1.GravityService/NAME`, `POST /sn13.v1.Sn13Service/NAME`. */
export async function gravityRoutes(app: Server, { parts }: { parts: () => GravityRouteParts }): Promise<void> {
  taskVerbs(app, parts)
  datasetVerbs(app, parts)
  dataVerbs(app, parts)
  listVerbs(app, parts)
}

const tasks = { scope: 'tasks' as const }
const described = <Body extends z.ZodType, Answer extends z.ZodType>(operationId: string, summary: string, body: Body, answer: Answer) => ({
  operationId,
  summary,
  body,
  tags: ['Data Universe'],
  response: { 200: answer },
})

function taskVerbs(app: Server, parts: () => GravityRouteParts): void {
  const service = '/gravity.v1.GravityService'
  const brought = () => broughtTo({ ...parts(), now: parts().clock.now() })

  const create = described('createGravityTask', 'Let miners seek topics for seven days', wire.CreateGravityTaskRequest, wire.CreateGravityTaskResponse)
  app.post(`${service}/CreateGravityTask`, { schema: create, config: tasks }, async ({ body, apiKey }) => {
    const { id } = await createTask(parts(), { name: body.name, owner: apiKey?.id ?? null, topics: body.gravityTasks })
    return { gravityTaskId: id }
  })

  const states = described('getGravityTasks', 'How tasks stand, and what was collected for them', wire.GetGravityTasksRequest, wire.GetGravityTasksResponse)
  app.post(`${service}/GetGravityTasks`, { schema: states }, async ({ body, apiKey }) => {
    const owner = apiKey?.id ?? null
    const found = body.gravityTaskId === undefined ? await visibleTasks(parts(), owner) : [await requireTask(parts(), owner, body.gravityTaskId)]
    const known = await brought()
    return { gravityTaskStates: found.map((task) => taskState(task, known, body.includeCrawlers)) }
  })

  const crawler = described('getCrawler', 'How one topic of a task stands', wire.GetCrawlerRequest, wire.GetCrawlerResponse)
  app.post(`${service}/GetCrawler`, { schema: crawler }, async ({ body, apiKey }) => {
    const found = await requireCrawler(parts(), apiKey?.id ?? null, body.crawlerId)
    return { crawler: crawlerState(found.task, found.crawler, await brought()) }
  })

  const cancel = described('cancelGravityTask', 'Let miners seek it no more', wire.GravityTaskRequest, wire.CancelResponse)
  app.post(`${service}/CancelGravityTask`, { schema: cancel, config: tasks }, async ({ body, apiKey }) => {
    await cancelTask(parts(), apiKey?.id ?? null, body.gravityTaskId)
    return { message: 'success' as const }
  })
}

function datasetVerbs(app: Server, parts: () => GravityRouteParts): void {
  const service = '/gravity.v1.GravityService'
  const reached = (request: FastifyRequest) => ({ ...parts(), store: reachedStore(parts().store, request) })

  const one = described('buildDataset', 'Build a dataset of what a crawler collected', wire.BuildDatasetRequest, wire.BuildDatasetResponse)
  app.post(`${service}/BuildDataset`, { schema: one, config: tasks }, async (request) => {
    const { body, apiKey } = request
    const [build] = await askBuilds(parts(), apiKey?.id ?? null, [body])
    if (!build) throw new TypeError('One build was asked for.')
    parts().builder.wake()
    return { datasetId: build.id, dataset: await datasetState(reached(request), build) }
  })

  const all = described('buildAllDatasets', 'Build a dataset of each crawler of a task', wire.BuildAllDatasetsRequest, wire.BuildAllDatasetsResponse)
  app.post(`${service}/BuildAllDatasets`, { schema: all, config: tasks }, async (request) => {
    const { body, apiKey } = request
    const owner = apiKey?.id ?? null
    const task = await requireTask(parts(), owner, body.gravityTaskId)
    const wishes = body.buildCrawlersConfig.length > 0 ? body.buildCrawlersConfig : task.crawlers.map(({ id }) => ({ crawlerId: id, maxRows: 500 }))
    const builds = await askBuilds(parts(), owner, wishes)
    parts().builder.wake()
    const datasets = await Promise.all(builds.map(async (build) => ({ datasetId: build.id, ...(await datasetState(reached(request), build)) })))
    return { gravityTaskId: task.id, datasets }
  })

  const state = described('getGravityDataset', 'How the building of a dataset stands, and its files', wire.DatasetRequest, wire.GetDatasetResponse)
  app.post(`${service}/GetDataset`, { schema: state }, async (request) => {
    const { body, apiKey } = request
    const { build } = await requireBuild(parts(), apiKey?.id ?? null, body.datasetId)
    return { dataset: await datasetState(reached(request), build) }
  })

  const cancel = described('cancelDataset', 'End the building of a dataset, and name its files no more', wire.DatasetRequest, wire.CancelResponse)
  app.post(`${service}/CancelDataset`, { schema: cancel, config: tasks }, async ({ body, apiKey }) => {
    const { build } = await requireBuild(parts(), apiKey?.id ?? null, body.datasetId)
    await changeBuild(parts(), build.id, { status: 'Cancelled' }, () => true)
    return { message: 'success' as const }
  })
}

function dataVerbs(app: Server, parts: () => GravityRouteParts): void {
  const service = '/sn13.v1.Sn13Service'
  const topics = topicsOf(() => parts().query)

  const list = described('listTopics', 'Labels by the bytes of their texts', wire.ListTopicsRequest, wire.ListTopicsResponse)
  app.post(`${service}/ListTopics`, { schema: list }, async ({ body }, reply) => {
    const { catalog, datasetName } = parts()
    const source = dataSource[requireSource(body.source)]
    return { details: await topics(await requireDataset(catalog, datasetName), source, hangUp(reply)) }
  })

  const data = described(
    'onDemandData',
    'Pages and posts by keywords, dates and address, newest first; what the corpus has not, miners are asked for',
    wire.OnDemandDataRequest,
    wire.OnDemandDataResponse,
  )
  app.post(`${service}/OnDemandData`, { schema: data }, ({ body, apiKey }, reply) => {
    const caller = { name: apiKey?.id ?? 'this machine', mayAsk: apiKey === null || apiKey.scopes.includes('tasks') }
    return onDemandData(parts(), body, caller, hangUp(reply))
  })
}

/** What is sought: the same list for those who bring it and those who check it. */
function listVerbs(app: Server, parts: () => GravityRouteParts): void {
  for (const who of ['miner', 'validator'] as const) {
    const schema = {
      operationId: `${who}GetLatestList`,
      summary: `The desirability list, as ${who}s go by it`,
      querystring: wire.LatestListQuery,
      tags: ['Data Universe'],
      response: { 200: wire.LatestListResponse },
    }
    app.get(`/dynamic-desirability/${who}/get-latest-list`, { schema }, async ({ query: { at } }) => {
      const entry = await listAt(parts().catalog, at ?? Number.MAX_SAFE_INTEGER)
      if (entry) return latestList(entry)
      throw new OrreryError('not_found', 'There was no desirability list then, or it is forgotten; ask for a later one.')
    })
  }
  const set = described('validatorSetList', 'Vote with a list: it is signed, and its hash committed on the chain', wire.SetListRequest, wire.SetListResponse)
  app.post('/dynamic-desirability/validator/set-list', { schema: set, config: tasks }, async ({ body }) =>
    parts().castVotes(await parseVotes(body, 'the list')),
  )
}
