import { expect, test } from 'vitest'
import { verifySignature } from '#infra/chain/signature.ts'
import { signDendrite } from '#infra/signed-http/dendrite.ts'
import type { Signer } from '#schemas/chain.ts'
import { expandIndex, type CompressedMinerIndex } from '#schemas/data-universe.ts'
import { formOf, openServedScene, type Answer, type ServedScene } from './server.fixture.ts'

let nonces = 0n

/** As a dendrite of SDK 10 asks; `change` is made after it was signed. */
async function ask({ scene, server }: ServedScene, name: string, body: unknown = {}, { as = scene.validator as Signer, change = {} } = {}) {
  const nonceNs = BigInt(scene.subnet.pace.now()) * 1_000_000n + ++nonces
  const signed = signDendrite(as, { receiver: scene.miner.address, nonceNs, uuid: 'of-a-dendrite', timeoutSeconds: 12 })
  const headers = { 'content-type': 'application/json', ...signed, ...change }
  const payload = typeof body === 'string' ? body : JSON.stringify(body)
  const { statusCode: status, headers: said, body: text } = await server.app.inject({ method: 'POST', url: `/${name}`, headers, payload })
  return { status, said, json: JSON.parse(text) as Answer }
}

test('a validator of SDK 10 gets the index, a bucket and contents as synapses, each answer signed by the axon', async () => {
  await using served = await openServedScene()
  const { scene, server, signal } = served
  await scene.mineHonestly(scene.miner, scene.rows(scene.miner, 60))
  await server.follow(signal)
  const { status, said, json } = await ask(served, 'GetMinerIndex', { name: 'GetMinerIndex', timeout: 12, version: 4, compressed_index_serialized: null })
  expect([status, said['bt_header_axon_status_code'], said['bt_header_axon_status_message'], json.version]).toEqual([200, '200', 'Success', 4])
  const { validator, miner } = scene
  const message = `${String(said['bt_header_axon_nonce'])}.${validator.address}.${miner.address}.${String(said['bt_header_axon_uuid'])}`
  expect(verifySignature(miner.address, Buffer.from(message), String(said['bt_header_axon_signature']))).toBe(true)
  const [bucket] = expandIndex(JSON.parse(json.compressed_index_serialized) as CompressedMinerIndex)
  const id = formOf(bucket!)
  const one = await ask(served, 'GetDataEntityBucket', { data_entity_bucket_id: id, data_entities: [] })
  expect(one.json).toMatchObject({ data_entity_bucket_id: id, data_entities: expect.arrayContaining([expect.objectContaining({ source: 8 })]) as unknown })
  const several = await ask(served, 'GetContentsByBuckets', { data_entity_bucket_ids: [id], bucket_ids_to_contents: [] })
  const contents = one.json.data_entities.map(({ content }) => content)
  expect(several.json.bucket_ids_to_contents).toEqual([[id, contents]])
})

test('answers come in the order of an axon: no such name, unreadable, not served, not verified', async () => {
  await using served = await openServedScene()
  const { scene } = served
  const wrong = { bt_header_dendrite_signature: `0x${'11'.repeat(64)}` }
  const stranger = { bt_header_dendrite_hotkey: scene.miner.address }
  const odd = { data_entity_bucket_id: { time_bucket: { id: -1 }, source: 8 } }
  expect((await ask(served, 'GetSomething', odd, { change: { ...wrong, ...stranger } })).status).toBe(404)
  expect((await ask(served, 'GetDataEntityBucket', odd, { change: { ...wrong, ...stranger } })).status).toBe(400)
  expect((await ask(served, 'GetMinerIndex', {}, { change: { bt_header_dendrite_nonce: 'x' } })).status).toBe(400)
  const blacklisted = await ask(served, 'GetMinerIndex', {}, { change: { ...wrong, ...stranger } })
  expect([blacklisted.status, blacklisted.said['bt_header_axon_status_code']]).toEqual([403, '403'])
  expect(blacklisted.json.message).toContain('blacklisted')
  expect(await ask(served, 'GetMinerIndex', {}, { change: wrong })).toMatchObject({ status: 401, said: { bt_header_axon_status_code: '401' } })
  expect((await ask(served, 'GetMinerIndex', {}, { change: { bt_header_dendrite_signature: '' } })).status).toBe(401)
  // Nothing of all this was counted.
  expect((await ask(served, 'GetMinerIndex')).status).toBe(200)
  expect((await ask(served, 'GetMinerIndex')).json.message).toContain('as often as it may')
})

test('without the setting there is none of it', async () => {
  await using served = await openServedScene({ dendrite: false })
  expect((await ask(served, 'GetMinerIndex')).status).toBe(404)
})
