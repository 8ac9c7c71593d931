import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { servedDataset, type ServedDataset } from '#test/golden/served-dataset.ts'

const split = 'dataset=web&config=default&split=train'
const documents = [...testDocuments(30), testDocument(30, { label: 'constructor', text: 'where is the Needle in all this hay' })]

let served: ServedDataset
beforeAll(async () => {
  // Row 3 of the second file is gone: document 15.
  served = await servedDataset([{ documents: documents.slice(0, 12) }, { documents: documents.slice(12), deletes: [3] }])
})
afterAll(() => served[Symbol.asyncDispose]())

const live = documents.filter((_, n) => n !== 15)
async function ask(path: string) {
  const { status, headers, text } = await served.get(path)
  return { status, headers, body: JSON.parse(text) }
}
const titles = ({ body }: { body: { rows: { row: { title: string } }[] } }): string[] => body.rows.map(({ row }) => row.title)
const places = ({ body }: { body: { rows: { row_idx: number }[] } }): number[] => body.rows.map(({ row_idx }) => row_idx)

test('a dataset is one split, and every answer names the version it is of', async () => {
  for (const path of ['/is-valid', '/splits', '/size', '/info', '/parquet']) {
    const { status, headers } = await ask(`${path}?dataset=web`)
    expect([status, headers['x-revision']]).toEqual([200, served.entry.sha256])
  }
  expect((await ask('/is-valid?dataset=web')).body).toEqual({ preview: true, viewer: true, search: true, filter: true, statistics: true })
  expect((await ask('/splits?dataset=web')).body).toEqual({ splits: [{ dataset: 'web', config: 'default', split: 'train' }], pending: [], failed: [] })
})

test('rows come by their place, without those that are deleted', async () => {
  const page = await ask(`/rows?${split}&offset=14&length=3`)
  expect(page.status).toBe(200)
  expect([titles(page), places(page)]).toEqual([
    ['Page 14', 'Page 16', 'Page 17'],
    [14, 15, 16],
  ])
  expect(page.body).toMatchObject({ num_rows_total: 30, num_rows_per_page: 100, partial: false })
  expect(page.body.features[0]).toEqual({ feature_idx: 0, name: 'id', type: { dtype: 'string', _type: 'Value' } })
  expect(Object.keys(page.body.rows[0].row)).toEqual(page.body.features.map(({ name }: { name: string }) => name))
  expect((await ask(`/rows?${split}`)).body.rows).toHaveLength(30)
  expect((await ask(`/rows?${split}&offset=30`)).body).toMatchObject({ rows: [], num_rows_total: 30 })
  expect((await ask(`/rows?${split}&offset=999999999999999`)).body.rows).toEqual([])
  expect((await ask(`/rows?${split}&length=0`)).body.rows).toEqual([])
})

test('first rows are a preview of the split', async () => {
  const { body } = await ask(`/first-rows?${split}`)
  expect(body).toMatchObject({ dataset: 'web', config: 'default', split: 'train', truncated: false })
  expect(titles({ body })).toEqual(live.map(({ title }) => title))
})

test('rows are found by words, in the order of how much they say of them', async () => {
  const page = await ask(`/search?${split}&query=Needle`)
  expect([page.status, titles(page), places(page), page.body.num_rows_total]).toEqual([200, ['Page 30'], [29], 1])
  expect((await ask(`/search?${split}&query=Needle&offset=1`)).body.rows).toEqual([])
  expect((await ask(`/search?${split}&query=Needle&offset=10001`)).status).toBe(422)
})

test('sizes and what it is are said as `datasets` says them', async () => {
  const { body } = await ask('/size?dataset=web')
  const bytes = body.size.dataset.num_bytes_parquet_files
  expect(bytes).toBeGreaterThan(1000)
  expect(body).toMatchObject({
    pending: [],
    failed: [],
    partial: false,
    size: { dataset: { num_rows: 30 }, configs: [{ config: 'default' }], splits: [{ split: 'train', num_rows: 30, num_columns: 33 }] },
  })
  expect((await ask('/size?dataset=web&config=default')).body.size).toMatchObject({ config: { num_rows: 30 }, splits: [{}] })
  const { body: info } = await ask('/info?dataset=web')
  expect(info.dataset_info.default).toMatchObject({ config_name: 'default', download_size: bytes, splits: { train: { num_examples: 30 } } })
  expect((await ask('/info?dataset=web&config=default')).body.dataset_info).toEqual(info.dataset_info.default)
})

test('a file is listed where all of its rows count; one with deleted rows would show them, and is said to be missing', async () => {
  const { body } = await ask('/parquet?dataset=web')
  expect(body).toMatchObject({
    partial: true,
    parquet_files: [{ dataset: 'web', config: 'default', split: 'train', filename: expect.stringMatching(/[.]parquet$/) }],
  })
  const [file] = body.parquet_files
  expect((await (await fetch(file.url)).arrayBuffer()).byteLength).toBe(file.size)
})

test.each([
  ['/rows', 422, 'MissingRequiredParameter', /'dataset' is required/],
  ['/rows?dataset=web&config=default', 422, 'MissingRequiredParameter', /'split' is required/],
  [`/rows?${split}&split=train`, 422, 'InvalidParameter', /'split' is given more than once/],
  ['/splits?dataset=', 422, 'MissingRequiredParameter', /'dataset'/],
  ['/rows?dataset=web&config=&split=train', 422, 'MissingRequiredParameter', /'config' is required/],
  [`/splits?dataset=${'a'.repeat(257)}`, 422, 'InvalidParameter', /'dataset' must not be longer than 256 characters/],
  [`/splits?dataset=${'a'.repeat(9000)}`, 414, 'InvalidParameter', /8192 characters/],
  [`/rows?${split}&offset=`, 422, 'InvalidParameter', /'offset' must be integer/],
  [`/rows?${split}&length=`, 422, 'InvalidParameter', /'length' must be integer/],
  [`/rows?${split}&offset=-1`, 422, 'InvalidParameter', /'offset' must be positive/],
  [`/rows?${split}&offset=1e309`, 422, 'InvalidParameter', /'offset' must be integer/],
  [`/rows?${split}&offset=0x10`, 422, 'InvalidParameter', /'offset' must be integer/],
  [`/rows?${split}&offset=99999999999999999999`, 422, 'InvalidParameter', /'offset' must be integer/],
  [`/rows?${split}&length=101`, 422, 'InvalidParameter', /'length' must not be greater than 100/],
  [`/rows?${split}&length=-1`, 422, 'InvalidParameter', /'length' must be positive/],
  [`/search?${split}`, 422, 'MissingRequiredParameter', /'query'/],
  [`/search?${split}&query=${'a'.repeat(1001)}`, 422, 'InvalidParameter', /'query' must not be longer than 1000/],
  [`/filter?${split}&where=1=1)%20OR%20(1=1`, 422, 'InvalidParameter', /parentheses/],
  [`/filter?${split}&where=1=1;DROP%20TABLE%20documents`, 422, 'InvalidParameter', /invalid symbols/],
  [`/filter?${split}&orderby=random()`, 422, 'InvalidParameter', /'orderby'/],
  ['/splits?dataset=none', 404, 'ResponseNotFound', /no dataset "none"/],
  ['/splits?dataset=org/web', 404, 'ResponseNotFound', /no dataset/],
  ['/splits?dataset=..%2f..%2fetc', 404, 'ResponseNotFound', /no dataset/],
  ['/splits?dataset=web%00', 404, 'ResponseNotFound', /no dataset/],
  ['/splits?dataset=__proto__', 404, 'ResponseNotFound', /no dataset/],
  ['/rows?dataset=web&config=en&split=train', 404, 'ResponseNotFound', /no config "en"/],
  ['/rows?dataset=web&config=default&split=test', 404, 'ResponseNotFound', /no split "test"/],
])('GET %s is answered %d %s', async (path, status, code, message) => {
  const answer = await ask(path)
  expect([answer.status, answer.headers['x-error-code']]).toEqual([status, code])
  expect(Object.keys(answer.body)).toEqual(['error'])
  expect(answer.body.error).toMatch(message)
})

test('what need not be given may be given empty', async () => {
  for (const path of ['/splits?dataset=web&config=', '/size?dataset=web&config=&split=', '/info?dataset=web&config='])
    expect(await ask(path)).toEqual({ ...(await ask(path.replace(/&.*/, ''))), headers: expect.anything() })
})

test('an answer has a tag, and is not sent again to whoever has it', async () => {
  for (const url of [`/rows?${split}&length=1`, '/splits?dataset=web', '/v1/datasets/web/statistics', '/cdx?url=*.example', '/v1/datasets/web/documents']) {
    const asked = async (headers: Record<string, string>, method: 'GET' | 'HEAD' = 'GET') => {
      const { statusCode, headers: told, body } = await served.app.inject({ method, url, headers })
      return { statusCode, etag: told.etag, bytes: told['content-length'], body }
    }
    const whole = await asked({})
    const { etag, bytes } = whole
    expect([whole.statusCode, etag], url).toEqual([200, expect.stringMatching(/^"[0-9a-f]{32}"$/)])
    for (const known of [`${etag}`, `W/${etag}`, `"x", ${etag}`, '*'])
      expect(await asked({ 'if-none-match': known })).toEqual({ statusCode: 304, etag, bytes: undefined, body: '' })
    // RFC 9110 §8.6: the length is that of what a GET would have been sent, or is not said.
    expect(await asked({ 'if-none-match': `${etag}` }, 'HEAD')).toEqual({ statusCode: 304, etag, bytes, body: '' })
    expect(await asked({ 'if-none-match': '"x"' })).toEqual(whole)
    expect(await asked({ 'if-match': '"x"' })).toMatchObject({ statusCode: 412, etag: undefined })
  }
})

test('who may not ask is told so in the words of the viewer', async () => {
  const asking = (headers: Record<string, string>) => served.app.inject({ url: '/is-valid?dataset=web', headers })
  const stranger = await asking({ host: 'evil.example' })
  expect([stranger.statusCode, stranger.headers['x-error-code'], stranger.json().error]).toEqual([
    401,
    'ExternalUnauthenticatedError',
    expect.stringMatching(/A key is needed/),
  ])
  const { secret } = await served.world.access.keys.create({ name: 'tasks', scopes: ['tasks'], requestsPerMinute: null, bytesPerDay: null, expiresAt: null })
  const other = await asking({ authorization: `Bearer ${secret}` })
  expect([other.statusCode, other.headers['x-error-code']]).toEqual([403, 'ExternalAuthenticatedError'])
})
