import { expect, test } from 'vitest'
import { Config } from '#infra/config/schema.ts'
import type { Signer } from '#schemas/chain.ts'
import { lineage } from '#schemas/lineage.ts'
import { testDocument } from '#test/golden/documents.ts'
import { goldenOrigin, groupsOf, putShard, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { putVerdict } from '#test/golden/verdicts.ts'
import { readDocuments } from '../documents.ts'
import { ingest } from './ingest.ts'
import { IngestMemory } from './memory.ts'
import { openTrust, trustOf, type Trust } from './trust.ts'

const { signal } = new AbortController()
const memory = new IngestMemory()

/** Numbers of the pages that a dataset has. */
async function pagesOf(world: ShardWorld, trust: Partial<Trust>, held = memory): Promise<number[]> {
  const { entry } = await ingest({ ...world, name: 'web', origin: goldenOrigin, signal, memory: held, trust: async () => ({ ...openTrust, ...trust }) })
  const documents = entry ? await Array.fromAsync(readDocuments(world.store, entry.manifest, signal)) : []
  return documents.map(({ uri }) => Number(uri.split('/').at(-1))).toSorted((a, b) => a - b)
}

const mine = (world: ShardWorld, signer: Signer, ...pages: number[]) =>
  putShard(world, { signer, jobId: 'one', documents: pages.map((page) => testDocument(page)) })

/** Two miners and a validator that a dataset trusts. */
async function verified() {
  const world = await shardWorld()
  const [a, b, validator] = [await world.signer('a'), await world.signer('b'), await world.signer('validator')]
  const trust = { policy: 'verified' as const, validators: new Set([validator.address]) }
  const held = new IngestMemory()
  return {
    world,
    a,
    b,
    validator,
    trust,
    pages: (other: Partial<Trust> = {}) => pagesOf(world, { ...trust, ...other }, held),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  }
}

test('verified: what a trusted validator passed counts, as far as it judged it', async () => {
  await using given = await verified()
  const { world, a, b, validator } = given
  await mine(world, a, 1, 2)
  await mine(world, b, 3)
  for (let n = 0; n < 2; n++) expect(await given.pages()).toEqual([])
  expect(world.events.filter(({ name }) => name === 'dataset.nothing_judged').map(({ fields }) => fields['validators'])).toEqual([1])
  await putVerdict(world, validator, a.address)
  expect(await given.pages()).toEqual([1, 2])
  await mine(world, a, 1, 2, 4)
  expect(await given.pages()).toEqual([1, 2])
  await putVerdict(world, validator, a.address)
  await putVerdict(world, validator, b.address, { passed: false })
  expect(await given.pages()).toEqual([1, 2, 4])
})

test('verified: of a miner that fails later nothing new is taken in, and what was passed stays; it may pass again', async () => {
  await using given = await verified()
  const { world, a, validator } = given
  await mine(world, a, 1)
  await putVerdict(world, validator, a.address)
  expect(await given.pages()).toEqual([1])
  await mine(world, a, 1, 2)
  await putVerdict(world, validator, a.address, { passed: false })
  expect(await given.pages()).toEqual([1])
  await putVerdict(world, validator, a.address)
  expect(await given.pages()).toEqual([1, 2])
})

test('verified: nobody passes himself, nobody speaks for a validator, and a verdict is of the miner it names', async () => {
  await using given = await verified()
  const { world, a, b, validator } = given
  await mine(world, a, 1)
  await mine(world, b, 2)
  await putVerdict(world, a, a.address)
  const passed = await putVerdict(world, validator, b.address)
  // Of another miner, and by another hand.
  await world.catalog.commit(lineage.verdict(validator.address, a.address), undefined, { ...passed, parent: null })
  expect(await given.pages()).toEqual([2])
  const forged = { ...(await putVerdict(world, a, a.address)), hotkey: validator.address, parent: null }
  const line = lineage.verdict(validator.address, 'forged')
  await world.catalog.commit(line, undefined, { ...forged, miner: 'forged' })
  await putVerdict(world, validator, 'nobody', {
    snapshots: [
      { job_id: '../../a', sha256: '0'.repeat(64) },
      { job_id: 'one', sha256: '0'.repeat(64) },
    ],
  })
  expect(await given.pages()).toEqual([2])
})

test('verified: of several validators the one that looked last counts; at the same block one that failed the miner', async () => {
  await using given = await verified()
  const { world, a, validator } = given
  const other = await world.signer('other')
  const validators = new Set([validator.address, other.address])
  await mine(world, a, 1)
  await putVerdict(world, validator, a.address, { block: 7 })
  await putVerdict(world, other, a.address, { block: 7, passed: false })
  expect(await given.pages({ validators })).toEqual([])
  await putVerdict(world, validator, a.address, { block: 8 })
  expect(await given.pages({ validators })).toEqual([1])
})

test('verified: a verdict of another network is none', async () => {
  await using given = await verified()
  const { world, a, validator } = given
  const network = { netuid: 13, genesis: `0x${'a'.repeat(64)}` }
  await mine(world, a, 1, 2)
  await putVerdict(world, validator, a.address, { network: { ...network, netuid: 14 } })
  expect(await given.pages({ network })).toEqual([])
  await putVerdict(world, validator, a.address, { network })
  expect(await given.pages({ network })).toEqual([1, 2])
})

test('verified: no verdict is of a block that the chain has not come to, and the one of another holds', async () => {
  await using given = await verified()
  const { world, a, validator } = given
  const other = await world.signer('other')
  const validators = new Set([validator.address, other.address])
  await mine(world, a, 1)
  await putVerdict(world, validator, a.address, { block: 7 })
  await putVerdict(world, other, a.address, { block: Number.MAX_SAFE_INTEGER, passed: false })
  expect(await given.pages({ validators })).toEqual([])
  expect(await given.pages({ validators, block: 6 })).toEqual([])
  expect(await given.pages({ validators, block: 7 })).toEqual([1])
})

test('verified: what a validator said before cannot be said again by another', async () => {
  await using given = await verified()
  const { world, a, validator } = given
  await mine(world, a, 1)
  const passed = await putVerdict(world, validator, a.address)
  const failed = await putVerdict(world, validator, a.address, { passed: false })
  const line = lineage.verdict(validator.address, a.address)
  const { sha256 } = (await world.catalog.head(line))!
  await expect(world.catalog.commit(line, sha256, passed)).rejects.toMatchObject({ code: 'invalid_argument' })
  // Signed is what it follows, too.
  await world.catalog.commit(line, sha256, { ...passed, parent: sha256 })
  expect(failed.passed).toBe(false)
  expect(await given.pages()).toEqual([])
})

test('a policy holds for what comes: what came under another stays, and can be withdrawn', async () => {
  await using given = await verified()
  const { world, a, b } = given
  await mine(world, a, 1)
  expect(await given.pages({ policy: 'open' })).toEqual([1])
  await mine(world, a, 1, 2)
  expect(await given.pages()).toEqual([1])
  expect(world.events.filter(({ name }) => name === 'dataset.nothing_judged')).toHaveLength(1)
  expect(await given.pages({ policy: 'own', hotkeys: new Set([b.address]) })).toEqual([1])
  expect(await given.pages({ withdrawn: new Set([a.address]) })).toEqual([])
  expect(await given.pages({ policy: 'open' })).toEqual([1, 2])
})

test('who is withdrawn stays out when the rules of cleaning change', async () => {
  await using world = await shardWorld()
  const [a, b] = [await world.signer('a'), await world.signer('b')]
  await mine(world, a, 1)
  await mine(world, b, 2)
  await pagesOf(world, {}, new IngestMemory())
  const head = await world.catalog.head(lineage.dataset('web'))
  if (head?.kind !== 'version') throw new Error('there is no version')
  await world.catalog.commit(lineage.dataset('web'), head.sha256, { ...head.manifest, parent: head.sha256, cleaning: 1 })
  expect(await pagesOf(world, { withdrawn: new Set([a.address]) }, new IngestMemory())).toEqual([2])
  const next = await world.catalog.head(lineage.dataset('web'))
  expect((await groupsOf(world, next)).map(({ hotkey }) => hotkey)).toEqual([b.address])
})

test('verified: a snapshot that no catalog keeps any more is passed over, and a later one that was taken in stays', async () => {
  await using given = await verified()
  const { world, a, validator } = given
  await mine(world, a, 1)
  const old = await putVerdict(world, validator, a.address)
  await mine(world, a, 1, 2)
  expect(await given.pages({ policy: 'open' })).toEqual([1, 2])
  expect(await given.pages()).toEqual([1, 2])
  await putVerdict(world, validator, a.address, { snapshots: old.snapshots.map(({ job_id }) => ({ job_id, sha256: '1'.repeat(64) })) })
  expect(await given.pages()).toEqual([1, 2])
})

test('own: of its own hotkeys alone', async () => {
  await using world = await shardWorld()
  const [a, b] = [await world.signer('a'), await world.signer('b')]
  await mine(world, a, 1)
  await mine(world, b, 2)
  expect(await pagesOf(world, { policy: 'own', hotkeys: new Set([b.address]) })).toEqual([2])
})

test('what was imported needs no verdict, and is of one dataset alone', async () => {
  await using given = await verified()
  const { world, a } = given
  await putShard(world, { signer: a, jobId: 'import.web.books', documents: [testDocument(1)] })
  await putShard(world, { signer: a, jobId: 'import.web2.books', documents: [testDocument(2)] })
  expect(await given.pages({ hotkeys: new Set([a.address]) })).toEqual([1])
})

test('rows of a hotkey that is withdrawn leave, copies of them come back, and nothing is said of it any more', async () => {
  await using world = await shardWorld()
  const [a, b] = [await world.signer('a'), await world.signer('b')]
  await mine(world, a, 1, 2)
  await pagesOf(world, {})
  await putShard(world, { signer: b, jobId: 'one', documents: [testDocument(2, { uri: 'https://zzz.example/22' }), testDocument(3)] })
  expect(await pagesOf(world, {})).toEqual([1, 2, 3])
  const withdrawn = new Set([a.address])
  expect(await pagesOf(world, { withdrawn })).toEqual([3, 22])
  const head = await world.catalog.head(lineage.dataset('web'))
  expect((await groupsOf(world, head)).map(({ hotkey }) => hotkey)).toEqual([b.address])
  expect(await pagesOf(world, { withdrawn })).toEqual([3, 22])
  expect((await world.catalog.head(lineage.dataset('web')))?.sha256).toBe(head?.sha256)
})

test('the settings say whom to trust, and without one whoever has a permit and the own validator judge', async () => {
  await using world = await shardWorld()
  const [miner, validator, importer] = [await world.signer('miner-1'), await world.signer('validator-1'), await world.signer('importer')]
  const neurons = [
    { hotkey: '5Permitted', validatorPermit: true },
    { hotkey: '5Other', validatorPermit: false },
  ]
  const genesis = `0x${'a'.repeat(64)}`
  const trust = (dataset: object, otherwise: Trust['policy']) =>
    trustOf(
      {
        config: Config.parse({ dataset }),
        chain: { metagraph: async () => ({ netuid: 13, block: 7, neurons }) as never, block: async () => ({ hash: genesis }) as never },
        hotkeys: async () =>
          new Map([
            ['importer', importer.address],
            ['miner-1', miner.address],
            ['validator-1', validator.address],
          ]),
      },
      otherwise,
    )()
  expect(await trust({}, 'verified')).toMatchObject({
    policy: 'verified',
    hotkeys: new Set([importer.address]),
    validators: new Set(['5Permitted', validator.address]),
    block: 7,
    network: { netuid: 13, genesis },
  })
  expect(await trust({}, 'own')).toMatchObject({ policy: 'own', hotkeys: new Set([importer.address, miner.address, validator.address]), validators: new Set() })
  expect(await trust({ trust: 'imports' }, 'own')).toMatchObject({ policy: 'own', hotkeys: new Set([importer.address]) })
  const set = { trust: 'verified', validators: [miner.address], withdrawn: [importer.address] }
  expect(await trust(set, 'own')).toMatchObject({ policy: 'verified', validators: new Set([miner.address]), withdrawn: new Set([importer.address]) })
  expect(Config.safeParse({ dataset: { validators: ['5short'] } }).success).toBe(false)
})
