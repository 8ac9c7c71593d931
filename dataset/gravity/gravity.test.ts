import { afterEach, expect, test } from 'vitest'
import { ingest } from '#dataset/ingest/ingest.ts'
import { includeOf } from '#infra/config/source.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import { listInForce, ownJobs } from '#schemas/desirability-voices.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { families, lineage } from '#schemas/lineage.ts'
import { inMemory } from '#infra/sqlite/database.ts'
import { sqliteOnDemandJobs } from '#infra/on-demand/sqlite.ts'
import { submissionKey, type OnDemandJobs, type OnDemandWish } from '#schemas/on-demand.ts'
import { encodeRows } from '#schemas/on-demand-rows.ts'
import { prose, testDocument } from '#test/golden/documents.ts'
import { goldenOrigin, putSnapshot, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { manualClock } from '#test/manual-clock.ts'
import { openDatasetQuery } from '../query/open-dataset-query.ts'
import { datasetServer } from '../api/server.ts'
import { build, planBuild } from '../build/build.ts'
import { openBuilder } from './builder.ts'
import { forgetDatasets } from './forget-datasets.ts'
import { takersOf } from './takers.ts'
import { listJobs } from './task-line.ts'
import { changeBuild } from './tasks.ts'

const dayMs = 86_400_000
const params = { keyword: null, platform: 'web', label: 'docs', post_start_datetime: null, post_end_datetime: null } as const
const docsJob: DesirabilityJob = { id: 'docs-1', weight: 2.5, params, web: { seeds: ['https://docs.example/'], include: includeOf(['https://docs.example/']) } }

const stack: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of stack.splice(0).toReversed()) await each[Symbol.asyncDispose]()
})

async function opened({ hasContact = true, onDemand, pace }: { hasContact?: boolean; onDemand?: OnDemandJobs; pace?: Clock } = {}) {
  const clock = manualClock(Date.UTC(2026, 0, 5))
  const world = await shardWorld({ clock, origin: () => 'http://127.0.0.1:1' })
  stack.push(world)
  await world.catalog.commit(lineage.desirability, undefined, { kind: 'desirability', parent: null, jobs: [docsJob], evidence: [], caused_by: null })
  const query = openDatasetQuery({ ...world, folder: world.queryFolder, clock })
  stack.push(query)
  const app = await datasetServer({ ...world, hasContact, query, onDemand: () => onDemand, ...(pace && { pace }) })
  stack.push(app)
  const ask = async (verb: string, body: object = {}, headers: Record<string, string> = {}) => {
    const service = verb === 'OnDemandData' || verb === 'ListTopics' ? 'sn13.v1.Sn13Service' : 'gravity.v1.GravityService'
    const answer = await app.inject({ method: 'POST', url: `/${service}/${verb}`, payload: body, headers })
    return { status: answer.statusCode, body: answer.json() }
  }
  const jobs = async () =>
    (await world.catalog.head(lineage.desirability))?.manifest.jobs.map(({ params: { label, keyword }, weight }) => [label, keyword, weight])
  return { world, clock, app, ask, jobs }
}

async function bring(world: ShardWorld, jobId: string, label: string, count = 3) {
  const documents = Array.from({ length: count }, (_, n) =>
    testDocument(n, { label, uri: `https://${label}.example/${n}`, text: `Needle number ${n}. ${prose(n)}` }),
  )
  await putSnapshot(world, { signer: await world.signer('a'), jobId, shards: [{ documents }] })
  await ingest({ ...world, name: 'web', origin: goldenOrigin, signal: new AbortController().signal })
}

test('a task becomes jobs that miners are told to seek, and is over after seven days', async () => {
  const { world, clock, ask, jobs } = await opened()
  const { status, body } = await ask('CreateGravityTask', {
    name: 'two topics',
    gravity_tasks: [{ platform: 'web', topic: 'blog.example', keyword: 'Needle', post_start_datetime: '2026-01-01T00:00:00+01:00' }, { topic: 'docs' }],
  })
  expect([status, body.gravityTaskId]).toEqual([200, expect.stringMatching(/^multicrawler-/)])
  expect(await jobs()).toEqual([
    ['docs', null, 2.5],
    ['blog.example', 'Needle', 1],
  ])
  const list = await world.catalog.head(lineage.desirability)
  expect(list?.manifest.jobs[1]).toMatchObject({
    params: { platform: 'web', post_start_datetime: '2025-12-31T23:00:00.000Z', post_end_datetime: null },
    web: { seeds: ['https://blog.example/'], include: includeOf(['https://blog.example/']) },
  })

  const state = async () => (await ask('GetGravityTasks', { gravityTaskId: body.gravityTaskId, includeCrawlers: true })).body.gravityTaskStates[0]
  expect(await state()).toMatchObject({ name: 'two topics', status: 'Submitted', startTime: '2026-01-05T00:00:00.000Z' })
  await bring(world, list?.manifest.jobs[1]?.id ?? '', 'blog.example')
  const running = await state()
  expect(running.status).toBe('Running')
  expect(running.crawlerWorkflows.map(({ state: own }: { state: unknown }) => own)).toEqual([
    { status: 'Running', recordsCollected: 3, bytesCollected: expect.any(Number) },
    { status: 'Submitted', recordsCollected: 0, bytesCollected: 0 },
  ])
  expect((await ask('GetCrawler', { crawler_id: running.crawlerIds[0] })).body.crawler).toEqual(running.crawlerWorkflows[0])

  clock.advance(7 * dayMs)
  await listJobs(world.catalog, clock.now())
  expect(await jobs()).toEqual([['docs', null, 2.5]])
  expect((await state()).status).toBe('Completed')
  clock.advance(8 * dayMs)
  expect((await state()).status).toBe('Archived')
})

test('miners and validators are told the list in force, and what it was before', async () => {
  const { world, clock, app, ask } = await opened()
  const before = clock.now()
  clock.advance(dayMs)
  await ask('CreateGravityTask', { gravityTasks: [{ topic: 'blog.example', keyword: 'Needle', max_rows: 500 }] })
  const list = async (who: string, at = '') => {
    const answer = await app.inject({ method: 'GET', url: `/dynamic-desirability/${who}/get-latest-list${at}` })
    return [answer.statusCode, answer.json<unknown>()] as const
  }
  const [status, latest] = await list('validator')
  expect(await list('miner')).toEqual([status, latest])
  const [docs, blog] = (await world.catalog.head(lineage.desirability))?.manifest.jobs ?? []
  const entry = { platform: 'web', keyword: null, post_start_datetime: null, post_end_datetime: null, max_rows: null, expires_at: null }
  expect([status, latest]).toEqual([
    200,
    {
      version: '2',
      generated_at: '2026-01-06T00:00:00.000Z',
      entries: [
        { ...entry, id: docs?.id, weight: 2.5, label: 'docs', web: { ...docs?.web, exclude: [] } },
        {
          ...entry,
          id: blog?.id,
          weight: 1,
          label: 'blog.example',
          keyword: 'Needle',
          max_rows: 500,
          expires_at: '2026-01-13T00:00:00.000Z',
          web: { ...blog?.web, exclude: [] },
        },
      ],
    },
  ])
  expect(await list('miner', `?at=${new Date(before + 1).toISOString()}`)).toMatchObject([200, { version: '1', entries: [{ label: 'docs' }] }])
  expect(await list('miner', '?at=2020-01-01')).toMatchObject([404, { error: { code: 'not_found' } }])
  expect(await list('miner', '?at=yesterday')).toMatchObject([400, {}])
})

test('a cancelled task is sought no more; what it does not own stays', async () => {
  const { ask, jobs } = await opened()
  const made = await ask('CreateGravityTask', { gravityTasks: [{ topic: 'blog.example' }, { topic: 'DOCS' }] })
  const cancel = () => ask('CancelGravityTask', made.body)
  for (const answer of [await cancel(), await cancel()]) expect(answer).toEqual({ status: 200, body: { message: 'success' } })
  expect(await jobs()).toEqual([['docs', null, 2.5]])
  expect((await ask('GetGravityTasks')).body.gravityTaskStates).toMatchObject([{ status: 'Cancelled' }])
})

test('a dataset is built of what a crawler brought, and its files can be fetched', async () => {
  const { world, ask } = await opened()
  const { body } = await ask('CreateGravityTask', { gravityTasks: [{ topic: 'blog.example' }, { topic: 'docs' }] })
  const list = await world.catalog.head(lineage.desirability)
  await bring(world, list?.manifest.jobs[1]?.id ?? '', 'blog.example', 5)
  const built = async (id: string) => {
    for (;;) {
      const { dataset } = (await ask('GetDataset', { datasetId: id })).body
      if (!['Pending', 'Running'].includes(dataset.status)) return dataset
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const { datasets } = (await ask('BuildAllDatasets', { gravityTaskId: body.gravityTaskId, build_crawlers_config: [] })).body
  expect(await built(datasets[0].datasetId)).toMatchObject({
    status: 'Completed',
    files: [{ numRows: 5, url: expect.stringMatching(/^http/), deletesUrl: null }],
  })
  expect(await built(datasets[1].datasetId)).toMatchObject({ status: 'Failed', statusMessage: expect.stringMatching(/./), files: [] })

  const [crawlerId] = (await ask('GetGravityTasks')).body.gravityTaskStates[0].crawlerIds
  const one = (await ask('BuildDataset', { crawlerId, maxRows: 2 })).body
  expect((await built(one.datasetId)).files).toMatchObject([{ numRows: 2, deletesUrl: expect.any(String) }])
  expect((await world.catalog.head(lineage.dataset(one.datasetId)))?.manifest.documents).toBe(2)
  expect((await ask('CancelDataset', { datasetId: one.datasetId })).status).toBe(200)
  expect(await built(one.datasetId)).toMatchObject({ status: 'Cancelled', files: [] })
})

test('a build that another process left is done by the next', async () => {
  const { world, ask } = await opened()
  await bring(world, 'docs-1', 'docs')
  await ask('CreateGravityTask', { gravityTasks: [{ topic: 'docs' }] })
  const head = await world.catalog.head(lineage.gravity)
  const [task] = head?.manifest.tasks ?? []
  if (!head || !task) throw new Error('there is no task')
  const build = { id: 'gravity-left', crawler_id: task.crawlers[0]?.id ?? '', max_rows: 1, asked_at: task.started_at, status: 'Running' as const, message: '' }
  await world.catalog.commit(lineage.gravity, head.sha256, { kind: 'gravity', parent: head.sha256, tasks: [{ ...task, builds: [build] }] })
  const query = openDatasetQuery({ ...world, folder: `${world.queryFolder}-2`, clock: world.pace })
  const next = await datasetServer({ ...world, query })
  await next.ready()
  const left = async () => (await world.catalog.head(lineage.gravity))?.manifest.tasks[0]?.builds[0]?.status
  while ((await left()) === 'Running') await new Promise((resolve) => setImmediate(resolve))
  expect(await left()).toBe('Completed')
  await next.close()
  await query[Symbol.asyncDispose]()
  expect((await world.catalog.head(lineage.dataset('gravity-left')))?.manifest.documents).toBe(1)
})

const as = ({ secret }: { secret: string }) => ({ authorization: `Bearer ${secret}` })

test('each key sees its own tasks alone', async () => {
  const { world, ask } = await opened()
  const wish = { name: 'k', scopes: ['read', 'tasks'] as const, requestsPerMinute: null, bytesPerDay: null, expiresAt: null }
  const [first, second, reader] = await Promise.all([
    world.access.keys.create(wish),
    world.access.keys.create(wish),
    world.access.keys.create({ ...wish, scopes: ['read'] }),
  ])
  const made = await ask('CreateGravityTask', { gravityTasks: [{ topic: 'docs' }] }, as(first))
  expect((await ask('GetGravityTasks', {}, as(first))).body.gravityTaskStates).toHaveLength(1)
  expect((await ask('GetGravityTasks', {}, as(second))).body.gravityTaskStates).toEqual([])
  for (const verb of ['GetGravityTasks', 'CancelGravityTask', 'BuildAllDatasets']) expect((await ask(verb, made.body, as(second))).status).toBe(404)
  expect((await ask('CreateGravityTask', { gravityTasks: [{ topic: 'docs' }] }, as(reader))).status).toBe(403)
  expect((await ask('GetGravityTasks')).body.gravityTaskStates).toHaveLength(1)
})

test('what no miner could be asked for is refused in one line, and nothing is sought for it', async () => {
  const { ask, jobs } = await opened()
  for (const [topic, message] of [
    [{ topic: 'dosc' }, /no label that is sought.*"docs" is likest/],
    [{ topic: '#ai', platform: 'x' }, /no platform "x"/],
    [{ topic: 'docs', keyword: 'a' }, /without a keyword/],
    [{ topic: 'docs', maxRows: 5 }, /without a keyword, dates and a number of rows/],
    [{ topic: 'a.example', post_start_datetime: '2026-02-01T00:00:00Z', post_end_datetime: '2026-01-01T00:00:00Z' }, /not after/],
    [{ topic: 'docs.example' }, /sought already, under the label "docs"/],
    [{ topic: 'mine', seeds: ['ftp://a.example/'] }, /no web address/],
    [{ topic: 'mine', seeds: ['http://169.254.169.254/latest'] }, /private address/],
    [{ topic: 'http://[::ffff:127.0.0.1]/' }, /private address/],
    [{ topic: 'a.example:6379' }, /ports 80, 443, 8080, 8443 alone, not at 6379/],
    [{ topic: 'mine', seeds: ['https://user:pass@a.example/'] }, /no web address/],
    [{ topic: 'x'.repeat(141) }, /140/],
    [{ topic: '' }, /topic/],
    [{ topic: 'a.example', postStartDatetime: 'yesterday' }, /postStartDatetime/],
    [{ topic: 'a.example', postStartDatetime: '9999-12-31T23:59:59-12:00' }, /years 1 to 9999/],
  ] as const) {
    const { status, body } = await ask('CreateGravityTask', { gravityTasks: [topic] })
    expect([status, body.error.message]).toEqual([400, expect.stringMatching(message)])
    expect(body.error.message).not.toContain('\n')
  }
  expect(await jobs()).toHaveLength(1)
})

test('nobody is sent to the public web who does not say who they are, and nobody is written to', async () => {
  const { ask } = await opened({ hasContact: false })
  expect((await ask('CreateGravityTask', { gravityTasks: [{ topic: 'blog.example' }] })).body.error.message).toMatch(/miner\.contact/)
  const mail = { gravityTasks: [{ topic: 'docs' }], notificationRequests: [{ type: 'email', address: 'a@b.example' }] }
  expect((await ask('CreateGravityTask', mail)).body.error.message).toMatch(/nobody is written to/)
  expect((await ask('GetDataset', { datasetId: 'web' })).status).toBe(404)
  expect((await ask('BuildDataset', { crawlerId: 'x', is_periodic: true })).body.error.message).toMatch(/built once/)
})

test('what was cancelled before it was built is not built; a build that cannot be done now holds up no other', async () => {
  const { world, ask } = await opened()
  await bring(world, 'docs-1', 'docs')
  await ask('CreateGravityTask', { gravityTasks: [{ topic: 'docs' }] })
  const head = await world.catalog.head(lineage.gravity)
  const [task] = head?.manifest.tasks ?? []
  if (!head || !task) throw new Error('there is no task')
  const builds = ['gravity-stuck', 'gravity-unwanted', 'gravity-good'].map((id) => ({
    id,
    crawler_id: task.crawlers[0]?.id ?? '',
    max_rows: 1,
    asked_at: task.started_at,
    status: 'Pending' as const,
    message: '',
  }))
  await world.catalog.commit(lineage.gravity, head.sha256, { kind: 'gravity', parent: head.sha256, tasks: [{ ...task, builds }] })
  const told: string[] = []
  const catalog = {
    ...world.catalog,
    head: async (line: Parameters<typeof world.catalog.head>[0]) => {
      if (line.name === 'dataset/gravity-stuck') throw new OrreryError('store_unavailable', 'Not now.')
      // Cancelled while it is looked what it would have.
      if (line.name === 'dataset/gravity-unwanted') await changeBuild({ ...world, clock: world.pace }, 'gravity-unwanted', { status: 'Cancelled' }, () => true)
      return world.catalog.head(line)
    },
  } as typeof world.catalog
  const builder = openBuilder({
    ...world,
    catalog,
    clock: world.pace,
    telemetry: { count: () => undefined, event: (name, fields) => told.push(`${name} ${String(fields?.['error'] ?? '')}`) },
  })
  builder.wake()
  const states = async () => (await world.catalog.head(lineage.gravity))?.manifest.tasks[0]?.builds.map(({ status }) => status)
  while ((await states())?.at(-1) !== 'Completed') await new Promise((resolve) => setImmediate(resolve))
  await builder.close()
  expect(await states()).toEqual(['Running', 'Cancelled', 'Completed'])
  expect(told).toContainEqual(expect.stringMatching(/^gravity\.build_failed .*Not now\./))
  expect(await world.catalog.head(lineage.dataset('gravity-unwanted'))).toBeUndefined()
})

test('a dataset that was cancelled leaves the catalog and the store, and so does one whose task is forgotten; what another is built of stays', async () => {
  const { world, clock, app, ask } = await opened()
  await bring(world, 'docs-1', 'docs')
  await ask('CreateGravityTask', { gravityTasks: [{ topic: 'docs' }] })
  const [task] = (await world.catalog.head(lineage.gravity))?.manifest.tasks ?? []
  const made: string[] = []
  for (let n = 0; n < 3; n++) made.push((await ask('BuildDataset', { crawlerId: task?.crawlers[0]?.id })).body.datasetId)
  await app.ready()
  const status = async (datasetId = '') => (await ask('GetDataset', { datasetId })).body.dataset?.status
  for (const id of made) while ((await status(id)) !== 'Completed') await new Promise((resolve) => setTimeout(resolve, 5))
  const any = { jobs: [], labels: [], langs: [], hosts: [], licences: [], since: null, until: null, min_quality: null, max_rows: null, sample_seed: null }
  const request = { ...world, name: 'mine', from: { dataset: made[2] ?? '' }, criteria: any, signal: new AbortController().signal }
  await build(request, await planBuild(request))
  const lines = async () => (await world.catalog.lines(families.datasets)).map(({ name }) => name.slice('dataset/'.length)).toSorted()
  expect(await lines()).toEqual(['mine', 'web', ...made].toSorted())
  await ask('CancelDataset', { datasetId: made[0] })
  const forget = async () => forgetDatasets(world, new AbortController().signal)
  expect([await forget(), await forget()]).toEqual([1, 0])
  expect(await lines()).toEqual(['mine', 'web', ...made.slice(1)].toSorted())
  expect(await Array.fromAsync(world.store.list(`datasets/${made[0]}/`))).toEqual([])
  clock.advance(38 * dayMs)
  await ask('CreateGravityTask', { gravityTasks: [{ topic: 'docs' }] })
  expect(await forget()).toBe(1)
  expect(await lines()).toEqual(['mine', 'web', made[2]].toSorted())
  expect(await status(made[1])).toBeUndefined()
})

test('a key has twenty tasks at work, a task 32 KiB; what is over makes room', async () => {
  const { world, clock, ask } = await opened()
  const wish = { name: 'k', scopes: ['read', 'tasks'] as const, requestsPerMinute: null, bytesPerDay: null, expiresAt: null }
  const [first, second] = await Promise.all([world.access.keys.create(wish), world.access.keys.create(wish)])
  const make = (owner: typeof first, topic: object = { topic: 'docs' }) => ask('CreateGravityTask', { gravityTasks: [topic] }, as(owner))
  const large = { topic: 'mine', seeds: Array.from({ length: 100 }, (_, n) => `https://host-${n}.example/${'a'.repeat(400)}`) }
  expect((await make(first, large)).body.error).toMatchObject({ code: 'invalid_argument', message: expect.stringMatching(/32768 bytes/) })
  expect((await make(first)).status).toBe(200)
  const head = await world.catalog.head(lineage.gravity)
  const [task] = head?.manifest.tasks ?? []
  if (!head || !task) throw new Error('there is no task')
  const own = Array.from({ length: 19 }, (_, n) => ({ ...task, id: `multicrawler-${n}` }))
  const over = Array.from({ length: 300 }, (_, n) => ({ ...task, id: `multicrawler-over-${n}`, name: 'x'.repeat(15_000), cancelled_at: task.started_at }))
  await world.catalog.commit(lineage.gravity, head.sha256, { kind: 'gravity', parent: head.sha256, tasks: [...over, ...own, task] })
  expect((await make(first)).body.error.message).toMatch(/20 tasks of this key/)
  expect((await make(second)).status).toBe(200)
  const kept = (await world.catalog.head(lineage.gravity))?.manifest.tasks.filter(({ cancelled_at }) => cancelled_at !== null) ?? []
  expect([kept.length > 200, kept.length < 300, kept.at(-1)?.id]).toEqual([true, true, 'multicrawler-over-299'])
  clock.advance(7 * dayMs)
  expect((await make(first)).status).toBe(200)
})

const jobOf = (id: string, include: string[], exclude: string[] = []): DesirabilityJob => ({ ...docsJob, id, web: { seeds: [], include, exclude } })

test('whose pages are sought already is found among many hosts, in any spelling, but for what is excluded', () => {
  const many = Array.from({ length: 20_000 }, (_, n) => `https://host-${n}.example`)
  const takerOf = takersOf([
    jobOf('pattern', ['https://*.docs.example/en/*'], ['https://old.docs.example/*']),
    jobOf('many', includeOf(many)),
    jobOf('six', includeOf(['http://[2001:DB8::1]:8080/'])),
  ])
  for (const [url, id] of [
    ['https://HOST-19999.example:443/a', 'many'],
    ['http://host-1.example/', undefined],
    ['https://a.docs.example/en/x', 'pattern'],
    ['https://a.docs.example/de/x', undefined],
    ['https://old.docs.example/en/x', undefined],
    ['http://[2001:db8:0::1]:8080/x', 'six'],
  ] as const)
    expect(takerOf(url)?.id).toBe(id)
})

test('a hundred tasks are at work and no more', async () => {
  const { world, ask } = await opened()
  const make = async () => (await ask('CreateGravityTask', { gravityTasks: [{ topic: 'docs' }] })).status
  expect(await make()).toBe(200)
  const head = await world.catalog.head(lineage.gravity)
  const [task] = head?.manifest.tasks ?? []
  if (!head || !task) throw new Error('there is no task')
  const tasks = Array.from({ length: 99 }, (_, n) => ({ ...task, id: `multicrawler-${n}` }))
  await world.catalog.commit(lineage.gravity, head.sha256, { kind: 'gravity', parent: head.sha256, tasks })
  expect([await make(), await make()]).toEqual([200, 429])
})

test('data on demand come by keywords, newest first, with their texts', async () => {
  const { world, ask } = await opened()
  await bring(world, 'docs-1', 'docs', 6)
  const ids = async (wish: object) => (await ask('OnDemandData', { source: 'web', ...wish })).body.data.map(({ uri }: { uri: string }) => Number(uri.slice(-1)))
  const { body } = await ask('OnDemandData', { source: 'WEB', keywords: ['needle number 3'], limit: 5 })
  expect(body).toMatchObject({
    status: 'success',
    data: [{ uri: 'https://docs.example/3', source: 'web', content: expect.stringMatching(/^Needle number 3/) }],
    meta: { version: 1, items_returned: 1 },
  })
  expect(await ids({ keywords: ['number 1', 'number 4'] })).toEqual([4, 1])
  expect(await ids({ keywords: ['number 1', 'needle'], keyword_mode: 'all' })).toEqual([1])
  expect(await ids({ keywords: ['number 1', 'number 4'], keywordMode: 'all' })).toEqual([])
  expect(await ids({ limit: 2 })).toEqual([5, 4])
  expect(await ids({ start_date: '2026-01-05T00:04:00Z', end_date: '2026-01-05T00:05:00Z' })).toEqual([4])
  expect(await ids({ url: 'HTTPS://docs.example:443/2' })).toEqual([2])
  expect(await ids({ limit: '2' })).toEqual([5, 4])
  expect(await ids({ source: 'X' })).toEqual([])
  expect((await ask('OnDemandData', { source: 'TikTok' })).status).toBe(400)
  expect((await ask('OnDemandData', { start_date: '2026-01-05', end_date: '2026-01-05' })).status).toBe(400)
  expect((await ask('OnDemandData', { usernames: ['@a'] })).status).toBe(400)
  expect((await ask('OnDemandData', { limit: 1001 })).status).toBe(400)
})

test('what the corpus has not, miners are asked for there and then, once for the same, within the budget of who asks, and the answer is told', async () => {
  const clock = manualClock(Date.UTC(2026, 0, 5))
  const jobs = sqliteOnDemandJobs(inMemory, { clock })
  stack.push(jobs)
  const miners: ((id: string) => Promise<void>)[] = []
  const onDemand = {
    ...jobs,
    async create(wish: OnDemandWish) {
      const job = await jobs.create(wish)
      await miners.shift()?.(job.id)
      return job
    },
  }
  // Who waits lets the time go by.
  const pace = { now: clock.now, sleep: async (ms: number) => clock.advance(ms) }
  const { world, ask } = await opened({ onDemand, pace })
  await bring(world, 'docs-1', 'docs', 2)
  const data = async (wish: object, headers = {}) => (await ask('OnDemandData', wish, headers)).body
  const said = { uri: 'https://x.com/anna/status/5', datetime: new Date('2026-01-04T10:00:00Z'), source: 2, label: '#rye' }
  const post = { ...said, content: JSON.stringify({ text: 'Rye and wheat', username: '@anna', url: said.uri }) }
  const other = { ...post, uri: 'https://x.com/bob/status/6', content: JSON.stringify({ text: 'Milk alone', username: '@bob' }) }
  miners.push(async (id) => {
    const { job } = await jobs.promise(id, 'miner')
    const rows = encodeRows([post, other, post])
    await world.store.put(submissionKey(job, 'miner'), rows)
    await jobs.deliver(id, 'miner', { bytes: rows.length, sha256: 'a'.repeat(64) })
  })
  const wish = { source: 'X', usernames: ['@anna'], keywords: ['RYE'], limit: 5 }
  const { data: rows, meta } = await data(wish)
  expect(rows).toMatchObject([{ uri: said.uri, source: 'x', label: '#rye', content: post.content, datetime: '2026-01-04T10:00:00.000Z' }])
  expect(meta).toMatchObject({ items_returned: 1, on_demand: { job_id: expect.any(String), submissions: 1, reason: null } })
  expect((await data(wish)).meta.on_demand.job_id).toBe(meta.on_demand.job_id)
  expect((await jobs.get(meta.on_demand.job_id))?.job).toMatchObject({ job: { platform: 'x', usernames: ['anna'], keywords: ['RYE'] }, limit: 5 })
  const asked = async (more: object, headers = {}) => (await data(more, headers)).meta.on_demand
  const nowhere = { source: 'web', keywords: ['nowhere to be found'] }
  expect(await asked(nowhere)).toEqual({ job_id: expect.any(String), submissions: 0, reason: expect.stringMatching(/ask the same again/) })
  clock.advance(120_000)
  expect((await asked(nowhere)).reason).toBe('No miner had any.')
  // What is there costs no miner anything; what names nothing cannot be asked for.
  expect(await asked({ keywords: ['needle number 1'] })).toEqual({ job_id: null, submissions: 0, reason: null })
  expect((await asked({ source: 'REDDIT', start_date: '2026-01-01' })).reason).toMatch(/asks for nothing/)
  const { secret } = await world.access.keys.create({ name: 'reader', scopes: ['read'], requestsPerMinute: null, bytesPerDay: null, expiresAt: null })
  expect((await asked({ source: 'X', keywords: ['salt'] }, { 'x-api-key': secret })).reason).toMatch(/scope tasks/)
  // The budget of one who asks: ten at once, and in the long run one in two minutes.
  const reasons = await Promise.all(Array.from({ length: 12 }, async (_, n) => (await asked({ source: 'X', keywords: [`salt ${n}`] })).reason as string))
  expect(reasons.filter((reason) => /^Miners were not asked: .* come again in/.test(reason)).length).toBeGreaterThan(0)
})

test('topics are the labels there are, by the bytes of their texts', async () => {
  const { world, ask } = await opened()
  await bring(world, 'docs-1', 'docs', 2)
  const { body } = await ask('ListTopics', { source: 'web' })
  expect(body.details).toEqual([{ labelValue: 'docs', contentSizeBytes: expect.any(Number), adjContentSizeBytes: expect.any(Number) }])
  expect(body.details[0].contentSizeBytes).toBe((await world.catalog.head(lineage.dataset('web')))?.manifest.text_bytes)
  expect((await ask('ListTopics', { source: 'web' })).body).toEqual(body)
  expect((await ask('ListTopics', { source: 'reddit' })).body).toEqual({ details: [] })
  expect((await ask('ListTopics', { source: 'tiktok' })).status).toBe(400)
})

test('a validator that votes for every page there is keeps no task from its pages', async () => {
  const { world, ask, jobs } = await opened()
  const head = await world.catalog.head(lineage.desirability)
  if (!head) throw new Error('there is no list')
  const web = { seeds: [], include: ['*://*/*'] }
  const greedy = { id: 'greedy-1', params: { ...params, label: 'greedy' }, web }
  const lists = [{ hotkey: '5Greedy', list: 'a'.repeat(64), block: 1, stake: '1', votes: 1, skipped: 0 }]
  const list = listInForce(ownJobs(head.manifest), { jobs: [{ job: greedy, added: 5 }], lists })
  await world.catalog.commit(lineage.desirability, head.sha256, { ...head.manifest, parent: head.sha256, ...list })
  expect((await ask('CreateGravityTask', { gravityTasks: [{ topic: 'blog.example' }] })).status).toBe(200)
  expect(await jobs()).toEqual([
    ['docs', null, 2.5],
    ['blog.example', null, 1],
    ['greedy', null, 5],
  ])
})
