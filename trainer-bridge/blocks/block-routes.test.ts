import { tableFromIPC } from 'apache-arrow'
import { expect, test } from 'vitest'
import type { SignedPaths } from '#infra/net/signed-paths.ts'
import { BatchDocuments } from '#schemas/batch-documents.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { bridgeHouse, furnish, goldenDataset, temporaryFolder } from '#test/golden/bridge.ts'
import { tokenDataset } from '#test/golden/tokens.ts'
import { openBridge, type Bridge } from '../service.ts'
import { parseBlockHeader } from './block-header.ts'
import { signedBlockPath } from './block-routes.ts'

const signal = new AbortController().signal

/** A feed with an open epoch, asked without a port; `path`: of its first block. */
async function served(): Promise<{ app: Bridge['app']; path: string; signedPaths: SignedPaths } & AsyncDisposable> {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  const house = stack.use(bridgeHouse(folder.path, { epoch_batches: 20 }))
  await furnish(folder.path, house, tokenDataset({ strata: { web: [900], docs: [900] } }))
  const { app, advance } = stack.use(await openBridge(house))
  await advance(signal)
  const leased = await app.inject({ method: 'POST', url: '/v1/leases', payload: { node: 'a' } })
  return { app, path: leased.json().leases[0].tokens_path, signedPaths: house.signedPaths, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const arrow = 'application/vnd.apache.arrow.stream'

test('a block comes in the format that is accepted, whatever its spelling, and as it stands to who asks for none', async () => {
  await using feed = await served()
  const typeOf = async (accept: string | undefined, query = '') => {
    const { statusCode, headers } = await feed.app.inject({ url: feed.path + query, headers: accept === undefined ? {} : { accept } })
    return statusCode === 200 ? headers['content-type'] : statusCode
  }
  expect(await typeOf(undefined)).toBe('application/octet-stream')
  expect(await typeOf('*/*')).toBe('application/octet-stream')
  expect(await typeOf('Application/Vnd.Apache.Arrow.Stream')).toBe(arrow)
  expect(await typeOf(`application/octet-stream;q=0.5, ${arrow};Q=0.9`)).toBe(arrow)
  expect(await typeOf(`${arrow};q=0, application/*`)).toBe('application/octet-stream')
  expect(await typeOf('application/zstd')).toBe('application/zstd')
  expect(await typeOf('image/png')).toBe(406)
  expect(await typeOf('image/png', '?format=orrery')).toBe('application/vnd.orrery.block')
  expect(await typeOf(undefined, '?format=parquet')).toBe(400)
})

test('every format has its exact length, no coding, and a HEAD that says the same', async () => {
  await using feed = await served()
  const raw = (await feed.app.inject(feed.path)).rawPayload
  for (const format of ['raw', 'orrery', 'arrow', 'zstd']) {
    const url = `${feed.path}?format=${format}`
    const { headers, rawPayload } = await feed.app.inject(url)
    expect(headers).toMatchObject({
      'content-length': String(rawPayload.length),
      'accept-ranges': 'bytes',
      vary: expect.stringMatching(/accept/i),
      'orrery-label': expect.stringMatching(/^(web|docs)$/),
    })
    expect(headers['content-encoding']).toBeUndefined()
    const head = await feed.app.inject({ method: 'HEAD', url })
    expect([head.statusCode, head.rawPayload.length]).toEqual([200, 0])
    expect(head.headers).toMatchObject({ 'content-length': headers['content-length'], etag: headers.etag, 'content-type': headers['content-type'] })
  }
  const orrery = (await feed.app.inject(`${feed.path}?format=orrery`)).rawPayload
  expect(orrery.subarray(64)).toEqual(raw)
  expect(parseBlockHeader(orrery)).toMatchObject({ rows: 2, rowTokens: 32, batch: 0, epoch: 0, sha256: sha256Hex(raw) })
})

test('a block that is known is not sent again, by any spelling of its tag', async () => {
  await using feed = await served()
  const { headers } = await feed.app.inject(feed.path)
  const etag = String(headers.etag)
  const statusOf = async (name: string, value: string) => (await feed.app.inject({ url: feed.path, headers: { [name]: value } })).statusCode
  for (const known of [etag, `W/${etag}`, `"x", ${etag}`, `"x",W/${etag} `, '*']) expect(await statusOf('if-none-match', known)).toBe(304)
  for (const other of ['"x"', etag.slice(1, -1), `W/"x"`]) expect(await statusOf('if-none-match', other)).toBe(200)
  expect([await statusOf('if-match', etag), await statusOf('if-match', `W/${etag}`), await statusOf('if-match', '"x"')]).toEqual([200, 412, 412])
})

test('a part of a block comes to who asks for a range of this very block', async () => {
  await using feed = await served()
  const { headers, rawPayload } = await feed.app.inject(feed.path)
  const etag = String(headers.etag)
  const ask = async (more: { range: string; 'if-range'?: string }) => {
    const answer = await feed.app.inject({ url: feed.path, headers: more })
    return { status: answer.statusCode, range: answer.headers['content-range'], bytes: answer.rawPayload }
  }
  expect(await ask({ range: 'bytes=8-15' })).toEqual({ status: 206, range: 'bytes 8-15/256', bytes: rawPayload.subarray(8, 16) })
  expect(await ask({ range: 'bytes=-6' })).toEqual({ status: 206, range: 'bytes 250-255/256', bytes: rawPayload.subarray(250) })
  expect(await ask({ range: 'bytes=200-', 'if-range': etag })).toMatchObject({ status: 206, range: 'bytes 200-255/256' })
  for (const whole of [
    { range: 'bytes=8-15', 'if-range': `W/${etag}` },
    { range: 'bytes=8-15', 'if-range': '"x"' },
    { range: 'bytes=0-1,4-5' },
    { range: 'tokens=1-2' },
    { range: 'bytes=9-3' },
  ])
    expect(await ask(whole)).toMatchObject({ status: 200, bytes: rawPayload })
  expect(await ask({ range: 'bytes=256-' })).toMatchObject({ status: 416, range: 'bytes */256' })
})

test('a block is found by its job and the number of its epoch too', async () => {
  await using feed = await served()
  const { headers } = await feed.app.inject(feed.path)
  const byJob = await feed.app.inject(`/v1/jobs/${goldenDataset}/epochs/0/batches/0`)
  expect([byJob.statusCode, byJob.headers.etag]).toEqual([200, headers.etag])
  for (const other of ['other/epochs/0', `${goldenDataset}/epochs/1`, '__proto__/epochs/0', '..%2F/epochs/0'])
    expect((await feed.app.inject(`/v1/jobs/${other}/batches/0`)).statusCode).toBe(404)
})

test('a signed address gives the block it names, in the format it names, as often as it is asked for', async () => {
  await using feed = await served()
  const { rawPayload } = await feed.app.inject(feed.path)
  const planId = feed.path.split('/')[3]!
  const path = await signedBlockPath(feed.signedPaths, { planId, epoch: 0, batch: 0 }, 'orrery', 60_000)
  for (let time = 0; time < 2; time++) {
    const { statusCode, rawPayload: block } = await feed.app.inject({ url: path, headers: { accept: arrow } })
    expect([statusCode, block.subarray(64)]).toEqual([200, rawPayload])
  }
  for (const other of [
    path.replace('batches/0', 'batches/1'),
    path.replace('orrery', 'raw'),
    path.replace(/&signature.*/, ''),
    path.replace('expires=', 'expires=9'),
  ])
    expect((await feed.app.inject(other)).statusCode).toBe(403)
})

test('the documents of a batch fill its rows, by the plan or by the job', async () => {
  await using feed = await served()
  const raw = (await feed.app.inject(feed.path)).rawPayload
  const { rows, batch } = BatchDocuments.parse((await feed.app.inject(`${feed.path}/documents`)).json())
  expect([batch, rows.length]).toEqual([0, 2])
  for (const row of rows) {
    const ends = row.map(({ end }) => end)
    expect(ends).toEqual(ends.toSorted((a, b) => a - b))
    expect(ends.at(-1)).toBe(raw.length / 4 / rows.length)
    for (const { id } of row) expect(id).toMatch(/^[0-9a-f]{64}$/)
  }
  expect((await feed.app.inject('/v1/jobs/golden/epochs/0/batches/0/documents')).json()).toEqual({ batch, rows })
  const table = tableFromIPC((await feed.app.inject({ url: feed.path, headers: { accept: arrow } })).rawPayload)
  expect(table.toArray().map(({ document_ends }) => [...document_ends])).toEqual(rows.map((row) => row.map(({ end }) => end)))
  expect(Number(table.schema.metadata.get('end_of_text'))).toBeGreaterThanOrEqual(0)
  expect((await feed.app.inject('/v1/jobs/golden/epochs/0/batches/999/documents')).statusCode).toBe(404)
})
