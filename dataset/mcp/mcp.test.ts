import { Client, StreamableHTTPClientTransport, type VersionNegotiationOptions } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refusedStatements } from '#test/adversary/hostile-statements.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { servedDataset, type ServedDataset } from '#test/golden/served-dataset.ts'

const documents = [...testDocuments(30), testDocument(30, { label: 'constructor', lang: 'de', text: 'where is the Needle in all this hay' })]
let served: ServedDataset
beforeAll(async () => {
  served = await servedDataset([{ documents }])
})
afterAll(() => served[Symbol.asyncDispose]())

/** @param leaving breaks its connections off */
async function connected(versionNegotiation: VersionNegotiationOptions, headers: Record<string, string> = {}, leaving?: AbortSignal) {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation })
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${served.origin}/mcp`), {
      requestInit: { headers },
      ...(leaving && { fetch: (url, init) => fetch(url, { ...init, signal: leaving }) }),
    }),
  )
  return {
    client,
    async call(name: string, input: object = {}) {
      const { isError = false, content, structuredContent } = await client.callTool({ name, arguments: { ...input } })
      const [{ text } = { text: '' }] = content as { text: string }[]
      return { isError, text, found: structuredContent as Record<string, unknown> | undefined }
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}

const eras = [
  ['2025', { mode: 'legacy' as const }],
  ['2026-07-28', { mode: { pin: '2026-07-28' } }],
] as const

describe.each(eras)('an agent of %s', (name, era) => {
  test('is told what it may do, and that pages are data of strangers', async () => {
    await using agent = await connected(era)
    const { tools } = await agent.client.listTools()
    expect(tools.map(({ name }) => name)).toEqual([
      'query_on_demand_data',
      'create_gravity_task',
      'get_gravity_task_status',
      'build_dataset',
      'get_dataset_status',
      'cancel_gravity_task',
      'cancel_dataset',
      'list_datasets',
      'search_documents',
      'get_document',
      'run_sql',
      'dataset_statistics',
      'preview_build',
      'preview_batch',
    ])
    expect(tools.filter(({ annotations }) => annotations?.readOnlyHint !== true).map(({ name }) => name)).toEqual([
      'create_gravity_task',
      'build_dataset',
      'cancel_gravity_task',
      'cancel_dataset',
    ])
    expect(tools.filter(({ description }) => /never follow instructions/.test(description ?? '')).map(({ name }) => name)).toEqual([
      'query_on_demand_data',
      'get_gravity_task_status',
      'list_datasets',
      'search_documents',
      'get_document',
      'run_sql',
      'dataset_statistics',
      'preview_build',
    ])
    expect(agent.client.getInstructions()).toMatch(/never follow instructions/)
  })

  test('finds, reads and counts', async () => {
    await using agent = await connected(era)
    expect((await agent.call('list_datasets')).found).toMatchObject({ datasets: [{ name: 'web', documents: 31 }] })
    const { found, text } = await agent.call('search_documents', { dataset: 'web', query: 'needle', text: true })
    expect(found).toMatchObject({ total: { documents: 1 }, documents: [{ label: 'constructor', text: documents[30]?.text }] })
    expect(JSON.parse(text)).toEqual(found)
    expect((await agent.call('get_document', { dataset: 'web', id: documents[3]?.id })).found).toMatchObject({ document: { title: 'Page 3' } })
    expect(
      (
        await agent.call('run_sql', {
          dataset: 'web',
          sql: 'SELECT lang, count(*) AS n FROM documents WHERE text_bytes > ? GROUP BY 1 ORDER BY 2 DESC',
          parameters: [10],
        })
      ).found,
    ).toMatchObject({
      rows: [
        { lang: 'en', n: 30 },
        { lang: 'de', n: 1 },
      ],
    })
    expect((await agent.call('dataset_statistics', { dataset: 'web' })).found).toMatchObject({ documents: 31, languages: { distinct: 2 } })
    expect((await agent.call('preview_build', { dataset: 'web', lang: 'en', samples: 2 })).found).toMatchObject({
      documents: { documents: 30 },
      samples: { length: 2 },
      no_match: [],
    })
  })

  test('ends what runs for it when it leaves', async () => {
    const leaving = new AbortController()
    const gone = await connected(era, {}, leaving.signal)
    const sql = 'SELECT count(*) AS n FROM range(1000000000000000)'
    const endless = Promise.allSettled(Array.from({ length: 3 }, () => gone.call('run_sql', { dataset: 'web', sql })))
    // They are under way, or wait for those that are.
    await gone.call('list_datasets')
    leaving.abort()
    await gone.client.close()
    expect((await endless).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    await using agent = await connected(era)
    // While two of them went on, this would wait longer than it may.
    expect((await agent.call('run_sql', { dataset: 'web', sql: 'SELECT count(*) AS n FROM documents' })).found).toMatchObject({ rows: [{ n: 31 }] })
  })

  test('asks by Data Universe and lets miners seek', async () => {
    await using agent = await connected(era)
    expect((await agent.call('query_on_demand_data', { keywords: ['Needle'], limit: 5 })).found).toMatchObject({
      status: 'success',
      data: [{ label: 'constructor' }],
    })
    const { gravityTaskId } = (
      await agent.call('create_gravity_task', { name: 'mine', tasks: [{ topic: `sought-${name}`, platform: 'web', seeds: [`http://${name}.localhost/`] }] })
    ).found as {
      gravityTaskId: string
    }
    const states = (await agent.call('get_gravity_task_status', { gravity_task_id: gravityTaskId })).found as { gravityTaskStates: { crawlerIds: string[] }[] }
    const [crawler] = states.gravityTaskStates[0]?.crawlerIds ?? []
    const { datasetId } = (await agent.call('build_dataset', { crawler_id: crawler, max_rows: 10 })).found as { datasetId: string }
    expect((await agent.call('get_dataset_status', { dataset_id: datasetId })).found).toMatchObject({ dataset: { crawlerWorkflowId: crawler } })
    expect((await agent.call('cancel_dataset', { dataset_id: datasetId })).found).toEqual({ message: 'success' })
    expect((await agent.call('cancel_gravity_task', { gravity_task_id: gravityTaskId })).found).toEqual({ message: 'success' })
  })

  test('is told in one line what went wrong', async () => {
    await using agent = await connected(era)
    for (const [tool, input, message] of [
      ['dataset_statistics', { dataset: 'none' }, /^not_found: There is no dataset "none"/],
      ['preview_batch', { dataset: 'web' }, /^not_found: .*not tokenized/],
      ['dataset_statistics', { dataset: '../etc' }, /^invalid_argument: /],
      ['run_sql', { dataset: 'web', sql: 'SELECT nope FROM documents' }, /^invalid_argument: .*nope/],
      ['run_sql', { dataset: 'web', sql: `SELECT repeat('x', 300000) AS x` }, /^too_large: /],
      ['run_sql', { dataset: 'web', sql: `SELECT repeat('語', 100000) AS x` }, /^too_large: .*262144 bytes/],
      ['search_documents', { dataset: 'web', from: 'yesterday' }, /^invalid_argument: /],
      ['search_documents', { dataset: 'web', limit: 51 }, /limit/],
      ['get_document', { dataset: 'web', id: '__proto__' }, /64 lower-case hex/],
      ['cancel_dataset', { dataset_id: 'constructor' }, /^not_found: /],
      ['run_sql', { dataset: 'web' }, /sql/],
    ] as const) {
      const { isError, text } = await agent.call(tool, input)
      expect([tool, isError, text.split('\n').length <= 3]).toEqual([tool, true, true])
      expect(text).toMatch(message)
    }
  })
})

test('an agent may do what its key is good for, and is told what not', async () => {
  const { secret } = await served.world.access.keys.create({ name: 'agent', scopes: ['read'], requestsPerMinute: null, bytesPerDay: null, expiresAt: null })
  await using agent = await connected({ mode: { pin: '2026-07-28' } }, { authorization: `Bearer ${secret}` })
  expect((await agent.call('list_datasets')).isError).toBe(false)
  for (const [tool, input] of [
    ['run_sql', { dataset: 'web', sql: 'SELECT 1 AS x' }],
    ['create_gravity_task', { tasks: [{ topic: 'constructor' }] }],
  ] as const)
    expect(await agent.call(tool, input)).toMatchObject({ isError: true, text: expect.stringMatching(/^forbidden: This key is not good for/) })
})

test('what an agent asks counts once for the quota of its key', async () => {
  const { keys } = served.world.access
  const { secret } = await keys.create({ name: 'counted', scopes: ['read'], requestsPerMinute: 3, bytesPerDay: null, expiresAt: null })
  const call = async () => {
    const payload = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_datasets', arguments: {} } }
    const headers = { accept: 'application/json, text/event-stream', authorization: `Bearer ${secret}` }
    const { statusCode, body } = await served.app.inject({ method: 'POST', url: '/mcp', headers, payload })
    return [statusCode, body.includes('structuredContent')]
  }
  // A minute may end in between: then there is room for three more.
  const answers = [await call(), await call(), await call()]
  expect(answers).toEqual([
    [200, true],
    [200, true],
    [200, true],
  ])
})

test('a hostile statement costs itself through an agent as well', async () => {
  await using agent = await connected({ mode: { pin: '2026-07-28' } })
  const outcomes = new Map<string, string>()
  for (const sql of refusedStatements.filter((sql, n) => n % 2 === 0 && sql.length < 100_000)) {
    const { isError, text } = await agent.call('run_sql', { dataset: 'web', sql, timeout_ms: 50 })
    outcomes.set(sql.slice(0, 200), isError ? (/invalid_argument|too_large|timed_out|store_unavailable|validation/i.exec(text)?.[0] ?? text) : 'answered')
  }
  expect(outcomes.size).toBeGreaterThan(60)
  expect([...outcomes].filter(([, outcome]) => !/^(?:invalid_argument|too_large|timed_out|store_unavailable|validation)$/i.test(outcome))).toEqual([])
  expect((await agent.call('run_sql', { dataset: 'web', sql: 'SELECT count(*) AS n FROM documents' })).found).toMatchObject({ rows: [{ n: 31 }] })
})

test('what is no MCP is refused, and pages of others may not ask', async () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    served.app.inject({
      method: 'POST',
      url: '/mcp',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
      payload: body,
    })
  const list = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })
  expect((await post(list)).statusCode).toBe(200)
  expect((await post(list, { origin: 'https://evil.example' })).statusCode).toBe(403)
  expect((await post(list, { host: 'evil.example' })).statusCode).toBe(401)
  expect((await post(list, { authorization: 'Bearer orr_none' })).statusCode).toBe(401)
  for (const broken of ['[', '', '{"jsonrpc":"2.0",']) {
    const { statusCode, body } = await post(broken)
    expect([statusCode, JSON.parse(body)]).toMatchObject([400, { jsonrpc: '2.0', id: null, error: { code: -32_700 } }])
  }
  expect((await post('{}')).statusCode).toBeGreaterThanOrEqual(400)
  expect((await post(list, { 'content-type': 'text/plain' })).statusCode).toBe(415)
  expect((await served.app.inject({ method: 'GET', url: '/mcp' })).statusCode).toBe(405)
  for (const body of [
    'null',
    '[]',
    '"x"',
    '{"jsonrpc":"2.0","id":1,"method":"__proto__"}',
    '{"jsonrpc":"2.0","id":{},"method":"tools/call","params":[]}',
    `[${Array.from({ length: 5000 }, () => list).join(',')}]`,
  ])
    expect([body.slice(0, 20), (await post(body)).statusCode < 500]).toEqual([body.slice(0, 20), true])
})
