import { createHash, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { signTao } from '#infra/signed-http/tao.ts'
import { inMemory } from '#infra/sqlite/database.ts'
import type { Signer } from '#schemas/chain.ts'
import { OnDemandWish } from '#schemas/on-demand.ts'
import { manualClock } from '#test/manual-clock.ts'
import { dailyRequests } from './callers.ts'
import {
  access,
  coldkeyOf,
  keyOf,
  manifestKeyOf,
  miner,
  poor,
  rival,
  served,
  shardName,
  shardOf,
  stranger,
  validator,
  type Form,
  type Service,
} from './served.fixture.ts'
import { sqliteUsage } from './usage.ts'

const formOf = async (at: Service, signer = miner, filename = shardName()): Promise<Form> => {
  const answer = await at.tao(signer, '/get-file-upload-url', { job_id: 'tao-1', filename })
  expect(answer.status).toBe(200)
  return answer.body as Form
}
const sum = (file: Buffer) => ({ 'x-amz-checksum-sha256': createHash('sha256').update(file).digest('base64') })
const olderBody = (signer: Signer, atS: number, message: string) => ({
  hotkey: signer.address,
  timestamp: atS,
  signature: Buffer.from(signer.sign(Buffer.from(message))).toString('hex'),
})

describe('a miner', () => {
  test('uploads a shard by a form, whichever way it signs; the same bytes again are taken, others are not', async () => {
    const at = await served()
    for (const sign of [at.tao, at.btauth]) {
      const { status, body } = await sign(miner, '/get-file-upload-url', { job_id: 'tao-1', filename: shardName() })
      expect([status, body]).toEqual([
        200,
        {
          s3_key: keyOf(miner),
          url: 'http://access.test/upload',
          fields: expect.objectContaining({ key: keyOf(miner) }),
          method: 'POST',
          expires_in_seconds: 3600,
        },
      ])
      expect((await at.upload(body as Form, shardOf())).status).toBe(204)
    }
    expect((await at.upload(await formOf(at), shardOf(20_001))).status).toBe(409)
    expect(Buffer.from(await at.store.get(keyOf(miner))).equals(shardOf())).toBe(true)
    expect((await at.audit('audit')).map(({ hotkey, path, key, bytes, status }) => [hotkey, path, key, bytes, status]).slice(0, 2)).toEqual([
      [miner.address, '/get-file-upload-url', keyOf(miner), null, 200],
      [miner.address, '/upload', keyOf(miner), 20_000, 204],
    ])
  })

  test('gets a form for all its shards by the older string, signed for its coldkey', async () => {
    const at = await served()
    const atS = at.clock.now() / 1000
    const coldkey = coldkeyOf(miner)
    const body = { coldkey, ...olderBody(miner, atS, `s3:data:access:${coldkey}:${miner.address}:${atS}`) }
    const answer = await at.ask('POST', '/get-folder-access', JSON.stringify(body), at.json)
    expect(answer).toMatchObject({ status: 200, body: { folder: `data/hotkey=${miner.address}/`, method: 'POST', expiry: '2026-01-02T00:00:00.000Z' } })
    const form = answer.body as Form & { list_url: string }
    expect((await at.upload(form, shardOf(), { key: keyOf(miner) })).status).toBe(204)
    const listed = await at.ask('GET', form.list_url)
    expect(listed.text).toContain(`<Key>${keyOf(miner)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>20000</Size>`)
  })

  test('puts what else it has under its own name, and takes away what is its own', async () => {
    const at = await served()
    const keys = [
      manifestKeyOf(miner),
      `manifests/hotkey=${miner.address}/job_id=tao-1/current/0000000001-${'b'.repeat(64)}.json`,
      `deletes/hotkey=${miner.address}/${'c'.repeat(64)}.dv`,
      `data/hotkey=${miner.address}/job_id=tao-1/${'d'.repeat(64)}.rows`,
      // One of many files of a job may be small.
      keyOf(miner),
    ]
    for (const key of keys) {
      const { body } = await at.btauth(miner, '/get-file-upload-url', { key })
      expect((await at.upload(body as Form, Buffer.alloc(600, 'x'))).status, key).toBe(204)
    }
    expect(await at.stored()).toEqual(keys.toSorted())
    expect((await at.btauth(miner, '/delete-files', { file_keys: keys })).body).toEqual({ deleted: 5 })
    expect(await at.stored()).toEqual([])
  })

  test('a body is held against its checksum', async () => {
    const at = await served()
    const form = await formOf(at)
    expect((await at.upload(form, shardOf(), sum(shardOf(20_001)))).status).toBe(422)
    expect(await at.stored()).toEqual([])
    expect((await at.upload(form, shardOf(), sum(shardOf()))).status).toBe(204)
  })
})

describe('a validator', () => {
  test('lists and reads the files of a miner as the reference does', async () => {
    const at = await served()
    await at.upload(await formOf(at), shardOf())
    const list = await at.tao(validator, '/get-miner-list', { miner_hotkey: miner.address })
    expect((await at.ask('GET', list.body['list_url'])).text).toContain(`<Key>${keyOf(miner)}</Key>`)
    const wanted = { miner_hotkey: miner.address, file_keys: [keyOf(miner), keyOf(miner, shardName(11)), keyOf(rival), '../etc'], expiry_hours: 1 }
    const files = await at.tao(validator, '/get-file-presigned-urls', wanted)
    expect(files.body).toMatchObject({ total_requested_files: 4, invalid_files: [keyOf(rival), '../etc'], failed_files: [keyOf(miner, shardName(11))] })
    const { presigned_url } = files.body['file_urls'][keyOf(miner)]
    expect((await at.ask('GET', presigned_url)).text).toBe(shardOf().toString())
    at.clock.advance(3_600_000)
    expect((await at.ask('GET', presigned_url)).status).toBe(403)
  })

  test('is let in by the older strings, each for its own purpose', async () => {
    const at = await served()
    const asked = (path: string, message: (atS: number) => string, more: object = {}) => {
      at.clock.advance(1000)
      const atS = at.clock.now() / 1000
      return at.ask('POST', path, JSON.stringify({ ...olderBody(validator, atS, message(atS)), ...more }), at.json)
    }
    const miner_hotkey = miner.address
    const all = await asked('/get-validator-access', (atS) => `s3:validator:access:${atS}`)
    expect(all.body).toMatchObject({ validator_hotkey: validator.address, expiry_seconds: 86_400 })
    expect((await asked('/get-miner-specific-access', (atS) => `s3:validator:miner:${miner_hotkey}:${atS}`, { miner_hotkey })).body).toMatchObject({
      prefix: `data/hotkey=${miner_hotkey}/`,
    })
    expect((await asked('/get-miner-specific-access', (atS) => `s3:validator:access:${atS}`, { miner_hotkey })).status).toBe(401)
    const files = { miner_hotkey, file_keys: [keyOf(miner)] }
    expect((await asked('/get-file-presigned-urls', (atS) => `s3:validator:files:${miner_hotkey}:${validator.address}:${atS}`, files)).status).toBe(200)
    await at.store.put(keyOf(miner), shardOf())
    await at.store.put(keyOf(rival), shardOf())
    const miners = await at.ask('GET', all.body['urls'].miners.list_all_miners)
    expect([...miners.text.matchAll(/<Prefix>data\/hotkey=(\w+)\/<\/Prefix>/g)].map(([, hotkey]) => hotkey)).toEqual([miner.address, rival.address].toSorted())
  })

  test('lists in pages of a thousand, by a token in either place', async () => {
    const at = await served()
    const keys = Array.from({ length: 1203 }, (_, n) => keyOf(miner, shardName(10, n.toString(16).padStart(16, '0'))))
    for (const key of keys) await at.store.put(key, Buffer.from('x'))
    const body = { miner_hotkey: miner.address }
    const pageAt = async (url: string) => {
      const { text } = await at.ask('GET', url)
      return { keys: [...text.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key]) => key), token: /<NextContinuationToken>([\w-]+)</.exec(text)?.[1] }
    }
    const { list_url } = (await at.tao(validator, '/get-miner-list', body)).body
    const first = await pageAt(list_url)
    expect(first.keys).toEqual(keys.slice(0, 1000))
    const asked = (await at.tao(validator, '/get-miner-list', { ...body, continuation_token: first.token })).body
    for (const url of [asked['list_url'], `${list_url}&continuation-token=${first.token}`])
      expect(await pageAt(url)).toEqual({ keys: keys.slice(1000), token: undefined })
    for (const wrong of [`${list_url}&prefix=x`, `${list_url}&continuation-token=a&prefix=data`, list_url.replace('hotkey', 'hotkeys')])
      expect((await at.ask('GET', wrong)).status, wrong).toBeGreaterThanOrEqual(400)
    expect((await at.ask('GET', `${list_url}&continuation-token=${Buffer.from('zzz').toString('base64url')}`)).status).toBe(400)
  })
})

type Attempt = [what: string, status: number, code: string, by: Signer | null, ask: (at: Service) => Promise<{ status: number; body: object }>]

const upload = { job_id: 'tao-1', filename: shardName() }
const ofPath =
  (path: string, body: object, signer = miner) =>
  (at: Service) =>
    at.tao(signer, path, body)
const withHeaders =
  (body: object, change: (headers: Record<string, string>) => Record<string, string>, path = '/get-file-upload-url') =>
  (at: Service) => {
    const payload = JSON.stringify(body)
    const headers = signTao(miner, { body: Buffer.from(payload), nonce: randomUUID(), timestampMs: at.clock.now() })
    return at.ask('POST', path, payload, { ...at.json, ...change(headers) })
  }
const uploading =
  (change: (form: Form) => Form, file = shardOf()) =>
  async (at: Service) =>
    at.upload(change(await formOf(at)), file)
const fielded = (fields: Record<string, string>) => (form: Form) => ({ ...form, fields: { ...form.fields, ...fields } })
const policyOf = (conditions: unknown[]) => Buffer.from(JSON.stringify({ expiration: '2030-01-01T00:00:00.000Z', conditions })).toString('base64')

/** By whom: whose name the audit log has it under; null: among strangers. */
const attempts: Attempt[] = [
  ['nobody signs', 401, 'unauthorized', null, (at) => at.ask('POST', '/get-file-upload-url', JSON.stringify(upload), at.json)],
  ["another's signature", 401, 'unauthorized', null, withHeaders(upload, (headers) => ({ ...headers, 'x-tao-signed-by': rival.address }))],
  [
    'a body that was not signed',
    401,
    'unauthorized',
    null,
    (at) => {
      const headers = signTao(miner, { body: Buffer.from('{}'), nonce: randomUUID(), timestampMs: at.clock.now() })
      return at.ask('POST', '/get-file-upload-url', JSON.stringify(upload), { ...at.json, ...headers })
    },
  ],
  ['another nonce', 401, 'unauthorized', null, withHeaders(upload, (headers) => ({ ...headers, 'x-tao-nonce': randomUUID() }))],
  ['another version', 401, 'unauthorized', null, withHeaders(upload, (headers) => ({ ...headers, 'x-tao-version': '1' }))],
  ['an old request', 401, 'unauthorized', null, (at) => at.tao(miner, '/get-file-upload-url', upload, at.clock.now() - 10_001)],
  ['a request of the future', 401, 'unauthorized', null, (at) => at.tao(miner, '/get-file-upload-url', upload, at.clock.now() + 10_001)],
  ['a request for another service', 401, 'unauthorized', null, (at) => at.btauth(miner, '/get-file-upload-url', upload, rival.address)],
  [
    'a replayed request',
    401,
    'unauthorized',
    null,
    async (at) => {
      const payload = JSON.stringify(upload)
      const headers = signTao(miner, { body: Buffer.from(payload), nonce: randomUUID(), timestampMs: at.clock.now() })
      expect((await at.ask('POST', '/get-file-upload-url', payload, { ...at.json, ...headers })).status).toBe(200)
      return at.ask('POST', '/get-file-upload-url', payload, { ...at.json, ...headers })
    },
  ],
  ['a hotkey of a foreign subnet', 403, 'forbidden', null, ofPath('/get-file-upload-url', upload, stranger)],
  ['a foreign netuid', 403, 'forbidden', null, ofPath('/get-file-upload-url', { ...upload, netuid: 14 })],
  [
    "another's older string",
    401,
    'unauthorized',
    null,
    (at) => {
      const [coldkey, atS] = [coldkeyOf(rival), at.clock.now() / 1000]
      const body = { coldkey, ...olderBody(miner, atS, `s3:data:access:${coldkey}:${rival.address}:${atS}`), hotkey: rival.address }
      return at.ask('POST', '/get-folder-access', JSON.stringify(body), at.json)
    },
  ],
  [
    'an older string that is old',
    401,
    'unauthorized',
    null,
    (at) => {
      const [coldkey, atS] = [coldkeyOf(miner), at.clock.now() / 1000 - 301]
      return at.ask(
        'POST',
        '/get-folder-access',
        JSON.stringify({ coldkey, ...olderBody(miner, atS, `s3:data:access:${coldkey}:${miner.address}:${atS}`) }),
        at.json,
      )
    },
  ],
  [
    'an older string for another coldkey',
    403,
    'forbidden',
    null,
    (at) => {
      const [coldkey, atS] = [coldkeyOf(rival), at.clock.now() / 1000]
      return at.ask(
        'POST',
        '/get-folder-access',
        JSON.stringify({ coldkey, ...olderBody(miner, atS, `s3:data:access:${coldkey}:${miner.address}:${atS}`) }),
        at.json,
      )
    },
  ],
  ...[
    '../../etc/passwd',
    `../../hotkey=${rival.address}/job_id=x/${shardName()}`,
    `x/${shardName()}`,
    'data.parquet',
    '',
    shardName(0),
    'data_20261301_000000_1_0123456789abcdef.parquet',
    `${shardName()}\0`,
  ].map((filename): Attempt => [
    `the file name ${JSON.stringify(filename)}`,
    400,
    'invalid_argument',
    miner,
    ofPath('/get-file-upload-url', { job_id: 'tao-1', filename }),
  ]),
  ...['..', '../x', 'a/b', '.', '', 'a\\b', 'a b', 'x'.repeat(130)].map((job_id): Attempt => [
    `the job ${JSON.stringify(job_id)}`,
    400,
    'invalid_argument',
    miner,
    ofPath('/get-file-upload-url', { job_id, filename: shardName() }),
  ]),
  ['more rows than a file holds', 400, 'invalid_argument', miner, ofPath('/get-file-upload-url', { job_id: 'a', filename: shardName(999_999_999) })],
  ["another's prefix", 403, 'forbidden', miner, ofPath('/get-file-upload-url', { key: keyOf(rival) })],
  ["another's manifests", 403, 'forbidden', miner, ofPath('/get-file-upload-url', { key: manifestKeyOf(rival) })],
  ["nobody's prefix", 403, 'forbidden', miner, ofPath('/get-file-upload-url', { key: 'datasets/web/x.parquet' })],
  ['a way out of its prefix', 400, 'invalid_argument', miner, ofPath('/get-file-upload-url', { key: `data/hotkey=${miner.address}/../x` })],
  ['a name that a miner does not have', 400, 'invalid_argument', miner, ofPath('/get-file-upload-url', { key: `manifests/hotkey=${miner.address}/notes.txt` })],
  ['a form with another key', 403, 'forbidden', null, uploading(fielded({ key: keyOf(rival) }))],
  [
    'a form of a folder with a way out of it',
    400,
    'invalid_argument',
    miner,
    async (at) => {
      const form = (await at.tao(miner, '/get-folder-access', {})).body as Form
      return at.upload(form, shardOf(), { key: `${form.fields['key']?.replace('${filename}', '')}../hotkey=${rival.address}/job_id=a/${shardName()}` })
    },
  ],
  [
    'a form of a folder with a name that is none',
    400,
    'invalid_argument',
    miner,
    async (at) => {
      const form = (await at.tao(miner, '/get-folder-access', {})).body as Form
      return at.upload(form, shardOf(), { key: `data/hotkey=${miner.address}/job_id=a/x.parquet` })
    },
  ],
  [
    'a form that was never signed',
    403,
    'forbidden',
    null,
    uploading(fielded({ policy: policyOf([['eq', '$key', keyOf(miner)], ['content-length-range', 0, 9e9], { 'x-orrery-hotkey': miner.address }]) })),
  ],
  ['a form without a signature', 403, 'forbidden', null, uploading(fielded({ signature: '' }))],
  [
    'a form that has expired',
    403,
    'forbidden',
    null,
    async (at) => {
      const form = await formOf(at)
      at.clock.advance(3_600_000)
      return at.upload(form, shardOf())
    },
  ],
  [
    'a form of one who is registered no more',
    403,
    'forbidden',
    miner,
    async (at) => {
      const form = await formOf(at)
      at.gone.add(miner.address)
      at.clock.advance(60_000)
      return at.upload(form, shardOf())
    },
  ],
  ['a file that is too small', 422, 'invalid_record', miner, uploading((form) => form, shardOf(14_000))],
  ['fewer bytes than its rows need', 422, 'invalid_record', miner, async (at) => at.upload(await formOf(at, miner, shardName(1000)), shardOf(49_999))],
  [
    'a manifest that is too large',
    413,
    'too_large',
    miner,
    async (at) => {
      const { body } = await at.tao(miner, '/get-file-upload-url', { key: manifestKeyOf(miner) })
      return at.upload(body as Form, Buffer.alloc(17 * 2 ** 20))
    },
  ],
  [
    'a form without an end',
    422,
    'invalid_record',
    miner,
    async (at) => {
      const form = await formOf(at)
      const head = Object.entries(form.fields).map(([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
      const payload = Buffer.concat([Buffer.from(`${head.join('')}--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n`), shardOf()])
      return at.ask('POST', '/upload', payload, { 'content-type': 'multipart/form-data; boundary=b' })
    },
  ],
  ['no form', 415, 'unsupported_media_type', null, (at) => at.ask('POST', '/upload', '{}', at.json)],
  [
    'a PUT without a signature',
    403,
    'forbidden',
    null,
    async (at) => {
      const answer = await at.app.inject({ method: 'PUT', url: `/objects/${keyOf(miner)}`, payload: 'x' })
      return { status: answer.statusCode, body: answer.json() }
    },
  ],
  ["to delete another's files", 403, 'forbidden', miner, ofPath('/delete-files', { file_keys: [keyOf(miner), keyOf(rival)] })],
  ['a miner that reads as a validator', 403, 'forbidden', miner, ofPath('/get-miner-list', { miner_hotkey: rival.address })],
  ['a validator without enough stake', 403, 'forbidden', poor, ofPath('/get-validator-access', {}, poor)],
  ['a list of no miner', 400, 'invalid_argument', validator, ofPath('/get-miner-list', { miner_hotkey: miner.address, prefix: 'datasets/' }, validator)],
  [
    "a list of another's folder",
    400,
    'invalid_argument',
    validator,
    ofPath('/get-miner-list', { miner_hotkey: miner.address, prefix: `data/hotkey=${rival.address}/` }, validator),
  ],
  ['a list without a signature', 403, 'forbidden', null, (at) => at.ask('GET', '/list?prefix=data')],
  ['a Host that is none', 400, 'invalid_argument', miner, withHeaders(upload, (headers) => ({ ...headers, host: 'a b/c' }))],
]

/** Some at a service: each of its own would take longer than all that is tried. */
const groups = Array.from({ length: Math.ceil(attempts.length / 20) }, (_, n) => attempts.slice(20 * n, 20 * n + 20))

test.each(groups.map((group) => [group.map(([what]) => what).join('; '), group] as const))('refused, logged, and nothing is written: %s', async (_, group) => {
  const at = await served()
  for (const [what, status, code, by, ask] of group) {
    at.gone.clear()
    const answer = await ask(at)
    expect([answer.status, (answer.body as { error?: { code: string } }).error?.code], what).toEqual([status, code])
    expect(await at.stored(), what).toEqual([])
    const logged = (await at.audit(by === null ? 'strangers' : 'audit')).at(-1)
    const facts = { hotkey: by?.address ?? null, status, code, reason: expect.stringMatching(/.{10}/), at: new Date(at.clock.now()).toISOString() }
    expect(logged, what).toMatchObject(facts)
    // Each has its own moment, so that the log cannot be that of another.
    at.clock.advance(20_000)
  }
  expect(JSON.stringify(await at.audit('strangers'))).not.toMatch(/signature=[0-9a-f]/)
})

describe('limits', () => {
  test('of a day are kept for each hotkey, and a new day begins anew', async () => {
    const at = await served({ settings: { stake_min: 1000, bytes_per_day: 45_000 } })
    const put = async (n: number) => (await at.upload(await formOf(at, miner, shardName(n)), shardOf())).status
    expect([await put(1), await put(2), await put(3)]).toEqual([204, 204, 429])
    expect((await at.upload(await formOf(at, rival), shardOf())).status).toBe(204)
    at.clock.advance(86_400_000)
    expect(await put(3)).toBe(204)
  })

  test('who has used up its requests of a day still polls for jobs, and submits', async () => {
    const clock = manualClock(Date.UTC(2026, 0, 1))
    await using usage = sqliteUsage(inMemory, { clock })
    const at = await served({ usage })
    const { id } = await at.onDemand.create(OnDemandWish.parse({ job: { platform: 'web', keywords: ['tao'] } }))
    await usage.charge(miner.address, { requests: dailyRequests.miner, bytes: 0 }, { requests: Infinity, bytes: 0 })
    expect((await at.tao(miner, '/get-file-upload-url', upload)).status).toBe(429)
    expect((await at.tao(miner, '/on-demand/miner/jobs/active', {})).body['jobs']).toHaveLength(1)
    const form = await at.tao(miner, '/on-demand/miner/jobs/submit', { submission: { job_id: id } })
    expect((await at.upload(form.body['presigned_post_upload_data'], Buffer.from('{}'))).status).toBe(204)
    // Polls that were answered are not written down.
    expect((await at.audit('audit')).map(({ path, status }) => [path, status])).toEqual([
      ['/get-file-upload-url', 429],
      ['/on-demand/miner/jobs/submit', 200],
      ['/upload', 204],
    ])
  })

  test('uploads at the same time have no more bytes together than one after the other', async () => {
    const at = await served({ settings: { stake_min: 1000, bytes_per_day: 70_000 } })
    const forms = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => formOf(at, miner, shardName(n))))
    const statuses = (await Promise.all(forms.map((form) => at.upload(form, shardOf())))).map(({ status }) => status)
    expect(statuses.filter((status) => status === 204)).toHaveLength(3)
    expect(new Set(statuses)).toEqual(new Set([204, 429]))
    expect(await at.stored()).toHaveLength(3)
  })

  test('a hotkey that asks in bursts is told to wait', async () => {
    const at = await served()
    const statuses = await Promise.all(Array.from({ length: 70 }, () => at.tao(miner, '/get-file-upload-url', upload).then(({ status }) => status)))
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(62)
    expect(statuses).toContain(429)
    expect((await at.tao(rival, '/get-file-upload-url', upload)).status).toBe(200)
  })
})

test('anybody may ask who the service is, and what is signed', async () => {
  const at = await served()
  expect((await at.ask('GET', '/structure-info')).body).toMatchObject({
    netuid: 13,
    receiver: access.address,
    structure_info: { folder_structure: expect.any(String) },
  })
  expect((await at.ask('GET', '/healthcheck')).body).toMatchObject({ status: 'ok', timestamp: at.clock.now() / 1000 })
  expect((await at.ask('GET', '/commitment-formats')).body).toMatchObject({ miner_access: 's3:data:access:{coldkey}:{hotkey}:{timestamp}' })
  expect((await at.ask('GET', '/readyz')).status).toBe(200)
  expect(await at.audit('strangers')).toEqual([])
  for (const path of ['/metrics', '/on-demand/constellation/jobs/x', '/nothing']) await at.ask('GET', path)
  expect((await at.audit('strangers')).map(({ path, status }) => [path, status])).toEqual([
    ['/metrics', 401],
    ['/on-demand/constellation/jobs/x', 401],
    ['/nothing', 401],
  ])
})
