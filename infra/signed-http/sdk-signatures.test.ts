import { expect, onTestFinished, test } from 'vitest'
import { inMemory } from '#infra/sqlite/database.ts'
import { btauth } from './btauth.ts'
import { signatureChecks } from './checks.ts'
import { dendrite } from './dendrite.ts'
import { epistula, iotaClient } from './epistula.ts'
import { folderAccessString, requireSignedString } from './signed-string.ts'
import { tao } from './tao.ts'
import { signedRequests } from './verify.ts'

/** What bittensor-wallet 4.1.1 (//Alice, for //Bob) signed at this time. */
const [alice, bob] = ['5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY', '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty']
const nowMs = 1_800_000_000_000
const [uuid, nonce] = ['b7e0fbc0-0000-4000-8000-00000000000a', '1800000000000000007']
const body = Buffer.from('{"job_id": "default_0", "filename": "data.parquet"}')

const signed: Record<string, Record<string, string>> = {
  'btauth/1': {
    'x-bittensor-version': '1',
    'x-bittensor-hotkey': alice,
    'x-bittensor-receiver': bob,
    'x-bittensor-nonce': nonce,
    'x-bittensor-signature':
      '0x78aca720f68530e4aad37b6d13567900685be685625399f077770daeeb9d5a41677376a27106e5ec4663c3bfefcde679fad3e28fe2db860d3f345c708d64c086',
  },
  'x-tao/2': {
    'x-tao-version': '2',
    'x-tao-timestamp': String(nowMs),
    'x-tao-nonce': uuid,
    'x-tao-signed-by': alice,
    'x-tao-signature': 'Ylf/Dq/vKtcBuxgLVrA6Dn3ZYhXttgM9mzikSgdy+nAPUcqLGHP4N4QcOS/w2Zkp0qLEpnFVK6lH+rUssJrvjA==',
  },
  'epistula/2': {
    'epistula-version': '2',
    'epistula-timestamp': String(nowMs),
    'epistula-uuid': uuid,
    'epistula-signed-by': alice,
    'epistula-signed-for': bob,
    'epistula-request-signature':
      '0x1a1e1b4b97ad77ed102be11c7a41454f8a612b62bae51b0513b4910c68fb754761d05c04f17626eef95e2241e01e13aa61054db30453414873c568c27def0487',
  },
  dendrite: {
    bt_header_dendrite_nonce: nonce,
    bt_header_dendrite_uuid: uuid,
    bt_header_dendrite_hotkey: alice,
    bt_header_axon_hotkey: bob,
    timeout: '12.0',
    bt_header_dendrite_signature:
      '0x6044c917e849966e44ebf9e40294198a696ce57ec68702376c0413b47a8df75f8a13ac33b63137ee25bac8ef3f1b4e6da00fb2e3108574688507cc2f1bfef68c',
  },
}

test.each(Object.entries(signed))('%s is taken as the SDK signs it', async (scheme, headers) => {
  await using checks = signatureChecks(inMemory)
  const verify = signedRequests({ schemes: [btauth, tao, epistula, dendrite], receivers: [bob], date: () => nowMs, checks })
  expect(await verify({ method: 'POST', target: '/v1/leases?wait=1', headers, body })).toMatchObject({ hotkey: alice, scheme })
})

/** What IOTA's own client (create_message_body, generate_header) sends, and signs with the same wallet. */
const byIota = [
  ['no body', '', '0x42392049613938c46284af03597e4832f8e947e4986a745efb578f5867dec1340967697401f6e577c89797936dadbc0059112d2deb4137a541baae2c20cb358b'],
  ['an empty body', '{}', '0x606d6905e83e7ee40ff5e229fb30ef9b4fd3fe4d51b322164577c28b08959e3e82e2e101591315ff73ef340af34bacf80775c5641e64574744df3138a25a648b'],
  [
    'a loss',
    '{"layer_idx": 3, "loss": 1e-05, "activation_id": "a"}',
    '0xa2b2006188f77a74d6364c1f778f9bf829b6af7d775fe6215cd86a91c111bd75ad4f938c8f02bb7117081fdd7af7f5cd914f2c2d812c207e28afaa4c40c6a782',
  ],
  [
    'numbers, escapes and what JSON does not have',
    String.raw`{"loss": NaN, "activation_id": "caf\u00e9 \ud83d\ude00", "big": 1180591620717411303424, "f": 1e+22, "z": -0.0, "stats": {"b": [1.0, {"y": null, "x": true}], "a": "quote \" \\ / \u007f\u2028"}}`,
    '0x100faa6ba1feabe50abce9accd78318c8245a3cb82bbf3421ce9acf768e79531d789c2310107cd892ef28ec202e30525aee69e084e4914ebe32e8104cf664187',
  ],
  [
    'keys that were numbers',
    '{"outputs": {"10": 1, "9": 2, "100": 3}, "a": 1}',
    '0x06175e6290ae9f0e2514b588a6f25d2876b1aab1f73227dd63c43df8f9e0ea709f72dfba0f5591102e2a447b63468be6eefc16ce3409a9c9ab6ea4ba0d636387',
  ],
] as const

test.each(byIota)('IOTA’s client is understood: %s', async (_name, sent, signature) => {
  await using checks = signatureChecks(inMemory)
  const verify = signedRequests({ schemes: [iotaClient], receivers: [bob], date: () => nowMs, checks })
  const headers = { 'epistula-timestamp': String(nowMs), 'epistula-signed-by': alice, 'epistula-request-signature': signature, 'x-spec-version': '30017' }
  const request = { method: 'POST', target: '/miner/report_loss', headers, body: Buffer.from(sent) }
  expect(await verify(request)).toMatchObject({ hotkey: alice, scheme: 'iota', isRepeat: false })
  await expect(verify({ ...request, body: Buffer.from('{"loss": 1}') })).rejects.toMatchObject({ code: 'unauthorized' })
})

test('the string of the older folder access is taken as the SDK signs it', async () => {
  const checks = signatureChecks(inMemory)
  onTestFinished(() => checks[Symbol.asyncDispose]())
  const message = folderAccessString({ coldkey: bob, hotkey: alice, timestampS: nowMs / 1000 })
  const signature = '968124b35eac8f95a54119b56769845127a0c8611beea9e11b4a9fa9addf05626856e243f51226897361b2c09773b449a1c3e7739a465743ec7f68dcc0ba558f'
  await expect(requireSignedString({ hotkey: alice, message, signature, signedAtS: nowMs / 1000 }, { date: () => nowMs, checks })).resolves.toBeUndefined()
})
