import { createHash } from 'node:crypto'
import { blake2b } from '@noble/hashes/blake2.js'
import { describe, expect, test } from 'vitest'
import { bySudo, networkCalls, signerOf, subnetCalls } from '#test/subtensor/live.ts'
import { material, metadataV15 } from '#test/subtensor/metadata.ts'
import { madeKey } from '../key-file.ts'
import { verifySignature } from '../signature.ts'
import { runtimeFrom, type Runtime } from './runtime.ts'
import { encodeCall, signCall } from './signed-call.ts'

const netuid = 13
const alice = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'
const { signer } = madeKey(createHash('sha256').update('signs calls').digest())

/** Calls as py-scalecodec 1.2 encodes them by finney's metadata at spec 219. */
const golden: [pallet: string, call: string, args: unknown[], hex: string][] = [
  ['subtensorModule', 'setWeights', [netuid, [0, 1, 300], [65_535, 7, 256], 1_180_071], '07000d000c000001002c010cffff07000001a701120000000000'],
  ['subtensorModule', 'commitCrv3Weights', [netuid, `0x${'ab'.repeat(70)}`, 17_200_000], `07630d001901${'ab'.repeat(70)}8073060100000000`],
  ['subtensorModule', 'commitWeights', [netuid, `0x${'11'.repeat(32)}`], `07600d00${'11'.repeat(32)}`],
  [
    'subtensorModule',
    'revealWeights',
    [netuid, [1], [65_535], [1, 2, 3, 4, 5, 6, 7, 8], 0],
    '07610d0004010004ffff20010002000300040005000600070008000000000000000000',
  ],
  ['subtensorModule', 'serveAxon', [netuid, 1, '3221225985', 8091, 4, 4, 0, 0], '07040d0001000000010200c00000000000000000000000009b1f04040000'],
  ['subtensorModule', 'burnedRegister', [netuid, alice], '07070d00d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d'],
  ['commitments', 'setCommitment', [netuid, { fields: [{ Raw5: '0x68656c6c6f' }] }], '12000d00040668656c6c6f'],
]

describe.skipIf(!material)('calls by the metadata of finney', () => {
  const versions = { specVersion: 219, transactionVersion: 1 }
  let read: Runtime | undefined
  const finney = () => (read ??= runtimeFrom(material!.metadata, versions))
  const context = {
    nonce: 5,
    genesis: material?.genesisHash ?? '',
    era: { block: 1000, hash: `0x${'22'.repeat(32)}`, blocks: 16 },
  }
  /** Mortal for 16 blocks from block 1000 = 8 (mod 16) on: 3 | 8 << 4; nonce and tip compact; CheckMetadataHash off. */
  const extra = '8300140000'
  const additional = `db00000001000000${material?.genesisHash.slice(2)}${'22'.repeat(32)}00`

  test.each(golden)('%s.%s', (pallet, name, args, hex) => {
    const call = { pallet, name, args }
    expect(encodeCall(finney(), call)).toBe(`0x${hex}`)
    const signed = signCall(finney(), call, signer, context)
    // Its length, version 4 signed, MultiAddress::Id, MultiSignature::Sr25519.
    const before = `8400${Buffer.from(signer.publicKey).toString('hex')}01`
    const after = `${extra}${hex}`
    const bytes = (before.length + after.length) / 2 + 64
    const length = Buffer.alloc(2)
    length.writeUInt16LE((bytes << 2) | 1)
    expect(signed.replace(/^0x(.{74})(.{128})/, '$1')).toBe(`${length.toString('hex')}${before}${after}`)
    const payload = Buffer.from(hex + extra + additional, 'hex')
    const message = payload.length > 256 ? Buffer.from(blake2b(payload, { dkLen: 32 })) : payload
    expect(verifySignature(signer.address, message, `0x${signed.slice(2 + 74, 2 + 74 + 128)}`)).toBe(true)
  })

  test('are the same bytes where a netuid is a newtype, and keep that of the tip under the wrapper of the fees', () => {
    const later = runtimeFrom(metadataV15(material!, { netUid: true, wrapper: true }), versions)
    for (const [pallet, name, args, hex] of golden) {
      expect(encodeCall(later, { pallet, name, args })).toBe(`0x${hex}`)
      expect(signCall(later, { pallet, name, args }, signer, context)).toHaveLength(signCall(finney(), { pallet, name, args }, signer, context).length)
    }
  })

  test('what the suite asks of the sudo key of a live node is what that runtime offers', () => {
    const names = [...networkCalls, ...subnetCalls(netuid)]
    const offered = names.filter(({ pallet, name }) => finney().is.tx[pallet]?.[name])
    // These came after this runtime.
    expect(names.filter((call) => !offered.includes(call)).map(({ name }) => name)).toEqual(['sudoSetAdminFreezeWindow', 'sudoSetSubtokenEnabled'])
    // sudo.sudo(utility.force_batch(calls)), by the numbers of the pallets and their calls.
    const batch = offered.map((call) => encodeCall(finney(), call).slice(2))
    const count = Buffer.of(batch.length << 2).toString('hex')
    expect(encodeCall(finney(), bySudo(finney(), names))).toBe(`0x0c000b04${count}${batch.join('')}`)
    const of = (name: string) =>
      encodeCall(
        finney(),
        names.find((call) => call.name === name)!,
      ).slice(6)
    expect(of('sudoSetTempo')).toBe('0d000500')
    expect(of('sudoSetCommitRevealWeightsEnabled')).toBe('0d0000')
    expect(of('sudoSetWeightsSetRateLimit')).toBe('0d001400000000000000')
    expect(of('sudoSetMinBurn')).toBe('0d0020a1070000000000')
    const others: [pallet: string, name: string, args: unknown[], hex: string][] = [
      ['subtensorModule', 'registerNetwork', [alice], 'd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d'],
      ['subtensorModule', 'addStake', [alice, netuid, '1000000000'], 'd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d0d0000ca9a3b00000000'],
      ['balances', 'transferKeepAlive', [alice, '1000000000'], '00d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d02286bee'],
    ]
    // Before dynamic TAO a network was registered without a hotkey, and stake was of no subnet: such a runtime has no suite to run.
    const known = others.filter(([pallet, name, args]) => finney().is.tx[pallet]?.[name]?.meta.args.length === args.length)
    expect(known.length).toBeGreaterThan(0)
    for (const [pallet, name, args, hex] of known) expect(encodeCall(finney(), { pallet, name, args }).slice(6)).toBe(hex)
    expect(finney().is.query['subtensorModule']?.['keys']).toBeDefined()
    expect(signerOf('//Alice').address).toBe(alice)
  })

  test('a call that the runtime has not is refused by name', () => {
    expect(() => encodeCall(finney(), { pallet: 'subtensorModule', name: 'commitTimelockedWeights', args: [] })).toThrow(
      expect.objectContaining({ code: 'chain_refused', details: { reason: 'CallNotOffered', call: 'commitTimelockedWeights' } }),
    )
  })
})
