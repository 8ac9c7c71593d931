import { downloadFile, listFiles } from '@huggingface/hub'
import { afterAll, expect, test } from 'vitest'
import { testDocuments } from '#test/golden/documents.ts'
import { shardWorld } from '#test/golden/shards.ts'
import { headOf, hubRepo, startHub, type Fault, type Hub } from '#test/site/hub.ts'
import { contentOf, dataOf, makeVersion, pathsOf, repoName, repoOf, run, textOf, token, waitlessClock } from './publish.fixture.ts'

/** A dataset of five files, for all that only publish it. */
const five = await shardWorld()
await makeVersion(five, 50)
afterAll(() => five[Symbol.asyncDispose]())

/** Publishes it with these faults in the way. @returns how long it waited, in seconds, one after another */
async function waitsOf(hub: Hub, faults: Fault[]): Promise<number[]> {
  const pace = waitlessClock()
  hub.faults = faults
  await run(five, hub, { pace })
  return pace.waits.map((ms) => ms / 1000)
}
/** Where nobody listens. */
async function closedOrigin(): Promise<string> {
  const hub = await startHub({ token })
  await hub[Symbol.asyncDispose]()
  return hub.origin
}
const once = (hub: Hub) => expect(repoOf(hub).commits).toHaveLength(1)

test('what passes is tried again, after what the hub says or longer each time', async () => {
  const cases: [Fault[], number[]][] = [
    [[{ match: 'preupload', status: 429, headers: { 'retry-after': '1' } }], [1]],
    [[{ match: 'lfs/objects/batch', status: 429, headers: { ratelimit: '"api";r=0;t=55' } }], [55]],
    [[{ match: 'GET /api/datasets', status: 503, headers: { 'retry-after': 'Thu, 01 Jan 2026 00:00:30 GMT' } }], [30]],
    [[{ match: 'commit/main', status: 500, times: 3 }], [1, 2, 4]],
    [[{ match: 'repos/create', status: 502 }], [1]],
    [[{ match: 'tree/main', status: 504, headers: { 'retry-after': '0' } }], [1]],
    [[{ match: 'tag/', status: 429, times: 9, headers: { 'retry-after': '3' } }], Array.from({ length: 9 }, () => 3)],
    [[{ match: 'verify', status: 'reset' }], [1]],
    [[{ match: 'PUT', status: 'reset', times: 2 }], [1, 1]],
  ]
  for (const [faults, waits] of cases) {
    await using hub = await startHub({ token })
    expect(await waitsOf(hub, faults), JSON.stringify(faults)).toEqual(waits)
    once(hub)
    expect(dataOf(hub)).toHaveLength(5)
    expect([...repoOf(hub).tags]).toEqual([['v1', headOf(repoOf(hub))]])
  }
})

test('an address of the storage that is good no more is asked for again', async () => {
  for (const partBytes of [undefined, 2_000]) {
    await using hub = await startHub({ token })
    if (partBytes !== undefined) hub.partBytes = partBytes
    expect(await waitsOf(hub, [{ match: 'PUT', status: 403, times: 2, body: '<Error><Code>AccessDenied</Code></Error>' }])).toEqual([])
    once(hub)
    expect([hub.uploaded.length, hub.requests.filter((asked) => asked.includes('objects/batch')).length > 2]).toEqual([5, true])
  }
})

test('an upload that fails once for each object is tried again for each', async () => {
  await using hub = await startHub({ token })
  const failed = new Set<string>()
  hub.before = (asked) => {
    if (!asked.startsWith('PUT') || failed.has(asked)) return
    failed.add(asked)
    hub.faults.push({ match: asked, status: 500 })
  }
  expect(await waitsOf(hub, [])).toEqual([1, 1, 1, 1, 1])
  once(hub)
  expect(hub.uploaded).toHaveLength(5)
})

test('a change whose answer is lost is not made twice', async () => {
  for (const match of ['repos/create', 'commit/main', 'tag/', 'PUT', 'verify']) {
    await using hub = await startHub({ token })
    await waitsOf(hub, [{ match, status: 'lost' }])
    once(hub)
    expect([dataOf(hub).length, repoOf(hub).tags.size]).toEqual([5, 1])
  }
})

/** Publishes with that fault in the way for ever. @returns what it ends with, in bounded time, in one line, without the token, also when the hub says it back */
async function failure(fault: Fault, parts: object = {}): Promise<unknown> {
  await using hub = await startHub({ token })
  hub.faults = [{ times: 1000, ...fault }]
  const pace = waitlessClock()
  const error = await run(five, hub, { pace, ...parts }).catch((cause: unknown) => cause as Error)
  const waitedMs = pace.waits.reduce((sum, ms) => sum + ms, 0)
  expect(waitedMs).toBeLessThanOrEqual(600_000)
  expect(String((error as Error).message)).not.toMatch(/\n/)
  expect(JSON.stringify([error, (error as Error).message, (error as Error).stack])).not.toContain(token)
  return error
}

test('what does not pass ends it with one line, in bounded time', async () => {
  const echo = { error: `your token ${token} is bad` }
  expect(await failure({ match: '/api/', status: 401, body: echo })).toMatchObject({ code: 'unauthorized', message: expect.stringContaining('HF_TOKEN') })
  expect(await failure({ match: '/api/', status: 403, body: echo })).toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('your token … is bad'),
  })
  expect(await failure({ match: 'repos/create', status: 404 })).toMatchObject({ code: 'not_found', message: expect.stringContaining('--repo') })
  expect(await failure({ match: 'commit/main', status: 400, body: echo })).toMatchObject({ code: 'invalid_argument' })
  expect(await failure({ match: 'commit/main', status: 507, body: { error: 'Your storage\nis full' } })).toMatchObject({
    code: 'upstream_failed',
    message: expect.stringContaining('(Your storage is full)'),
  })
  expect(await failure({ match: '/api/', status: 429 })).toMatchObject({ code: 'rate_limited', retryable: true, message: expect.stringContaining('later') })
  expect(await failure({ match: '/api/', status: 429, headers: { 'retry-after': '86400' } })).toMatchObject({ code: 'rate_limited' })
  expect(await failure({ match: '/api/', status: 429, headers: { 'retry-after': '1' } })).toMatchObject({ code: 'rate_limited' })
  expect(await failure({ match: 'PUT', status: 403, body: echo })).toMatchObject({ code: 'upstream_failed', message: expect.stringContaining('403') })
  expect(await failure({ match: 'PUT', status: 500, body: echo })).toMatchObject({ code: 'upstream_failed', retryable: true })
  expect(await failure({ match: 'commit/main', status: 504 })).toMatchObject({ code: 'timed_out', retryable: true })
  expect(await failure({ match: 'tree', status: 'reset' })).toMatchObject({ code: 'upstream_failed', message: expect.stringContaining('--hub-url') })
  expect(await failure({ match: '/api/', status: 200, body: '<html>' })).toMatchObject({
    code: 'upstream_failed',
    message: expect.stringContaining('no answer of a hub'),
  })
  expect(await failure({ match: '/api/', status: 200, body: 'x'.repeat(2 ** 24) })).toMatchObject({ code: 'upstream_failed' })
  expect(await failure({ match: '/api/', status: 307, headers: { location: '/api/datasets/alice/new-name' } })).toMatchObject({
    code: 'invalid_argument',
    message: expect.stringContaining('--repo alice/new-name'),
  })
  expect(await failure({ match: 'nothing', status: 500 }, { repo: 'stranger/web' })).toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('rights'),
  })
  expect(await failure({ match: 'nothing', status: 500 }, { hubUrl: await closedOrigin() })).toMatchObject({
    code: 'upstream_failed',
    message: expect.stringContaining('ECONNREFUSED'),
  })
  for (const repo of [
    'web',
    'a/b/c',
    '../x',
    'alice/',
    'alice/we b',
    'alice/a..b',
    'alice/a--b',
    'alice/a-',
    'alice/.a',
    'alice/a.git',
    `alice/${'a'.repeat(97)}`,
  ])
    expect(await failure({ match: 'nothing', status: 500 }, { repo })).toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('user/name'),
    })
})

test.each(['preupload', 'PUT', 'commit/main'])('a commit of somebody else before our %s is seen, and the files are those of one version', async (match) => {
  await using hub = await startHub({ token })
  let isDone = false
  hub.before = (asked) => {
    if (isDone || !asked.includes(match)) return
    isDone = true
    const repo = repoOf(hub)
    repo.files
      .set('data/train-00005-of-00006.parquet', { bytes: Buffer.from('foreign'), lfs: true })
      .set('LICENSE', { bytes: Buffer.from('theirs'), lfs: false })
    repo.commits.push({ oid: 'e'.repeat(40), title: 'Theirs', paths: [] })
  }
  await run(five, hub)
  expect(dataOf(hub)).toHaveLength(5)
  expect(dataOf(hub)).not.toContain('data/train-00005-of-00006.parquet')
  expect(textOf(hub, 'LICENSE')).toBe('theirs')
  expect(hub.uploaded).toHaveLength(5)
  expect(repoOf(hub).commits).toHaveLength(2)
})

test('what is to be private is not published where somebody made a public repository at the same moment', async () => {
  await using hub = await startHub({ token })
  hub.before = (asked) => void (asked.includes('repos/create') && hub.repos.set(repoName, hubRepo({}, 'public')))
  await expect(run(five, hub)).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('is public; pass --public') })
  expect([hub.uploaded, repoOf(hub).commits]).toEqual([[], []])
})

test('a commit that came while the files were listed is the one that is tagged, when nothing is to be sent', async () => {
  await using hub = await startHub({ token })
  await run(five, hub)
  const repo = repoOf(hub)
  repo.tags.clear()
  hub.before = (asked) => {
    if (!asked.includes('tree/main') || repo.files.has('LICENSE')) return
    repo.files.set('LICENSE', { bytes: Buffer.from('theirs'), lfs: false })
    repo.commits.push({ oid: 'e'.repeat(40), title: 'Theirs', paths: [] })
  }
  expect(await run(five, hub)).toMatchObject({ commit: undefined, tag: { name: 'v1', commit: 'e'.repeat(40) } })
})

test('a branch that is just moving is tried again', async () => {
  await using hub = await startHub({ token })
  hub.faults = [{ match: 'commit/main', status: 409, times: 2 }]
  await run(five, hub)
  once(hub)
  expect(hub.uploaded).toHaveLength(5)
})

test('another dataset that is published meanwhile is not overwritten', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await makeVersion(world, 5)
  await makeVersion(world, 5, { name: 'other' })
  let isDone = false
  hub.before = async (asked) => {
    if (isDone || !asked.includes('preupload')) return
    isDone = true
    await run(world, hub, { name: 'other' })
  }
  await expect(run(world, hub)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('the dataset "other"') })
  expect(JSON.parse(textOf(hub, '.orrery.json'))).toMatchObject({ dataset: 'other' })
})

test('a commit of somebody else in a repository of ours is seen, and the difference made again', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await makeVersion(world, 20)
  await run(world, hub)
  await makeVersion(world, 50)
  let isDone = false
  hub.before = (asked) => {
    if (isDone || !asked.includes('commit/main')) return
    isDone = true
    const repo = repoOf(hub)
    repo.files.set('data/train-00005-of-00006.parquet', { bytes: Buffer.from('foreign'), lfs: true })
    repo.commits.push({ oid: 'e'.repeat(40), title: 'Theirs', paths: [] })
  }
  await run(world, hub)
  expect(dataOf(hub)).toHaveLength(5)
  expect(hub.uploaded).toHaveLength(5)
})

test('two publications at once end as one of them, and the older never over the newer', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await makeVersion(world, 20)
  await Promise.all([run(world, hub), run(world, hub)])
  expect(dataOf(hub)).toHaveLength(2)
  const older = { ...world, catalog: { ...world.catalog, head: world.catalog.head.bind(world.catalog), get: world.catalog.get.bind(world.catalog) } }
  const first = await world.catalog.head({ name: 'dataset/web', kind: 'version', former: [] })
  await makeVersion(world, 30)
  await run(world, hub)
  const newer = contentOf(hub)
  older.catalog.head = () => Promise.resolve(first as never)
  await expect(run(older, hub)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('newer') })
  expect(contentOf(hub)).toEqual(newer)
})

test('somebody who never stops committing is given up on', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await makeVersion(world, 3)
  await run(world, hub)
  await makeVersion(world, 4)
  hub.before = (asked) => {
    if (asked.includes('commit/main')) repoOf(hub).commits.push({ oid: String(repoOf(hub).commits.length).padStart(40, 'e'), title: 'Theirs', paths: [] })
  }
  await expect(run(world, hub)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('keep changing') })
})

test('many files go in commits of at most a hundred, each behind the one before it, the card last', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  hub.pageEntries = 100
  await makeVersion(world, testDocuments(100), { perFile: 1 })
  await run(world, hub)
  const { commits } = repoOf(hub)
  expect(commits.map(({ paths }) => paths.length)).toEqual([100, 4])
  expect(commits.map(({ paths }) => paths.includes('.orrery.json'))).toEqual([true, true])
  expect(commits.map(({ paths }) => paths.includes('README.md'))).toEqual([false, true])
  expect(dataOf(hub)).toHaveLength(100)
  expect(JSON.parse(textOf(hub, '.orrery.json'))).toMatchObject({ complete: true })
  // What is taken away counts, too.
  await makeVersion(world, testDocuments(1), { perFile: 1 })
  await run(world, hub)
  expect(commits.slice(2).map(({ paths }) => paths.length)).toEqual([100, 3])
  expect(dataOf(hub)).toHaveLength(1)
})

test('large files go in parts where the hub wants it', async () => {
  await using hub = await startHub({ token })
  hub.partBytes = 2_000
  await waitsOf(hub, [{ match: '/2', status: 500 }])
  once(hub)
  expect(hub.requests.filter((asked) => asked.endsWith('/complete')).length).toBe(5)
  expect(dataOf(hub)).toHaveLength(5)
})

test('the Hub’s own client reads what lies there', async () => {
  await using hub = await startHub({ token })
  await run(five, hub)
  const repo = { repo: { type: 'dataset', name: repoName } as const, hubUrl: hub.origin, accessToken: token }
  const listed = (await Array.fromAsync(listFiles({ ...repo, recursive: true }))).filter(({ type }) => type === 'file').map(({ path }) => path)
  expect(listed.toSorted()).toEqual(pathsOf(hub))
  for (const path of dataOf(hub)) {
    const blob = await downloadFile({ ...repo, path })
    expect(Buffer.from((await blob?.arrayBuffer()) ?? new ArrayBuffer()).equals(repoOf(hub).files.get(path)!.bytes)).toBe(true)
  }
})

test('an interrupted publication ends at once', async () => {
  await using hub = await startHub({ token })
  const stopping = new AbortController()
  hub.before = (asked) => {
    if (asked.startsWith('PUT')) stopping.abort(new DOMException('stopped', 'AbortError'))
  }
  await expect(run(five, hub, { signal: stopping.signal })).rejects.toThrow('stopped')
  expect(repoOf(hub).commits).toEqual([])
})
