import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { canonicalJson, sha256Hex } from '#schemas/canonical-json.ts'
import type { Signer } from '#schemas/chain.ts'
import { jobId, type DesirabilityJob } from '#schemas/desirability.ts'
import { gravity, listInForce, ownJobs, votesOf } from '#schemas/desirability-voices.ts'
import { lineage } from '#schemas/lineage.ts'
import type { Vote } from '#schemas/preferences.ts'
import { sqliteCatalog } from '../catalog/sqlite.ts'
import { anchor } from '../chain/anchor.ts'
import { developmentKey } from '../chain/key-file.ts'
import { localChain } from '../chain/local.ts'
import { networkOf } from '../chain/network.ts'
import { signManifest } from '../chain/signed-manifest.ts'
import { folderStore } from '../store/folder.ts'
import { followVotes } from './follow-votes.ts'
import { listAt } from './list-at.ts'
import { publishPreferences } from './preferences.ts'

const stack: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of stack.splice(0).toReversed()) await each[Symbol.asyncDispose]()
})

const blockMs = 12_000
const minuteMs = 60_000
const paramsOf = (label: string) => ({ keyword: null, platform: 'web' as const, label, post_start_datetime: null, post_end_datetime: null })
const webOf = (label: string) => ({ seeds: [`https://${label}.example/`], include: [`https://${label}.example/*`] })
const ownJob = (label: string, weight = 1): DesirabilityJob => ({
  id: jobId(paramsOf(label), webOf(label)),
  weight,
  params: paramsOf(label),
  web: webOf(label),
})
const vote = (label: string, weight: number, more: Partial<Vote> = {}): Vote => ({ id: label, weight, params: paramsOf(label), web: webOf(label), ...more })

async function subnet() {
  const folder = await temporaryFolder()
  const clock = manualClock(Date.UTC(2026, 0, 5))
  const chain = localChain(join(folder, 'chain.sqlite'), { clock, netuid: 13, blockMs, tempoBlocks: 100, faucet: true, stakeThreshold: 100n })
  const catalog = sqliteCatalog(join(folder, 'catalog.sqlite'), { clock })
  stack.push(chain, catalog)
  const store = folderStore(join(folder, 'store'))
  const events: { name: string; fields: Readonly<Record<string, unknown>> }[] = []
  const telemetry = { count: () => undefined, event: (name: string, fields: Readonly<Record<string, unknown>> = {}) => void events.push({ name, fields }) }
  await catalog.commit(lineage.desirability, undefined, { kind: 'desirability', parent: null, jobs: [ownJob('a'), ownJob('b')], evidence: [], caused_by: null })
  const head = async () => {
    const entry = await catalog.head(lineage.desirability)
    if (!entry) throw new Error('there is no list')
    return entry
  }
  return {
    clock,
    chain,
    catalog,
    store,
    head,
    heard: (name: string) => events.filter((event) => event.name === name).map(({ fields }) => fields['reason'] ?? fields['hotkey']),
    async join(name: string, stake: bigint): Promise<Signer> {
      const { signer } = developmentKey(name)
      if (stake > 0n) await chain.faucet(signer, stake)
      await chain.register(signer, signer.address)
      return signer
    },
    publish: (signer: Signer, ...votes: Vote[]) => publishPreferences({ chain, store, signer }, votes),
    async follow(hasContact = true) {
      await followVotes({ catalog, chain, store, telemetry, hasContact, now: clock.now() })
      return (await head()).manifest.jobs.map(({ params, weight }) => [params.label, Math.round(weight * 1e6) / 1e6])
    },
    /** Commits bytes as if they were a list. */
    async commitBytes(signer: Signer, make: (signer: Signer) => Uint8Array | undefined) {
      const bytes = make(signer)
      const sha256 = bytes ? sha256Hex(bytes) : 'f'.repeat(64)
      if (bytes) await store.put(`preferences/hotkey=${signer.address}/${sha256}.json`, bytes)
      await anchor(chain, signer, { kind: 'list', sha256 })
    },
  }
}

const unvoted = [
  ['a', 1],
  ['b', 1],
]

test('lists of validators are weighed by their stake; without one the default list stands as it is', async () => {
  const { join: enter, publish, follow, head } = await subnet()
  const before = (await head()).sha256
  const [large, small, miner] = [await enter('large', 3000n), await enter('small', 1000n), await enter('miner', 0n)]
  expect(await follow()).toEqual(unvoted)
  expect((await head()).sha256).toBe(before)
  await publish(large, vote('a', 0.002), vote('c', 0.008))
  await publish(small, vote('c', 0.008))
  // Whoever may not validate has no vote.
  await publish(miner, vote('mine', 1))
  expect(await follow()).toEqual([
    ['a', 1.375],
    ['b', 1],
    ['c', 2],
  ])
  const { manifest, version } = await head()
  expect(manifest.voices?.lists).toMatchObject([
    { hotkey: large.address, stake: '3000', votes: 2, skipped: 0 },
    { hotkey: small.address, stake: '1000', votes: 1, skipped: 0 },
  ])
  await follow()
  expect((await head()).version).toBe(version)
})

test('the loss moves the default weights, and the votes stand beside them', async () => {
  const { join: enter, publish, follow, head, catalog } = await subnet()
  await publish(await enter('v', 1000n), vote('a', 0.004), vote('c', 0.02))
  await follow()
  const { sha256, manifest } = await head()
  const moved = ownJobs(manifest).map((job) => ({ ...job, weight: job.weight * 2 }))
  await catalog.commit(lineage.desirability, sha256, { ...manifest, parent: sha256, ...listInForce(moved, votesOf(manifest)) })
  expect(await follow()).toEqual([
    ['a', 3],
    ['b', 2],
    ['c', 5],
  ])
})

test('one validator’s poison costs itself: whatever it commits, the others are counted', async () => {
  const world = await subnet()
  const { chain, join: enter, publish, follow, head, heard, commitBytes } = world
  await publish(await enter('honest', 1000n), vote('c', 0.008))
  const network = await networkOf(chain)
  const signed = (signer: Signer, jobs: unknown[], on = network) =>
    Buffer.from(canonicalJson(signManifest({ kind: 'preferences' as const, hotkey: signer.address, jobs }, signer, on)))
  const lists: [name: string, make: (signer: Signer) => Uint8Array | undefined][] = [
    ['absent', () => undefined],
    ['no JSON', () => Buffer.from('[[[')],
    ['no list', () => Buffer.from('{"kind":"preferences"}')],
    ['deep', () => Buffer.from('['.repeat(500_000))],
    ['another’s', () => signed(developmentKey('honest').signer, [vote('d', 1)])],
    [
      'unsigned',
      (signer) =>
        Buffer.from(
          signed(signer, [vote('d', 1)])
            .toString()
            .replace('"weight":1', '"weight":0.5'),
        ),
    ],
    ['elsewhere', (signer) => signed(signer, [vote('d', 1)], { ...network, netuid: 14 })],
    ['long', (signer) => signed(signer, [{ x: 'x'.repeat(gravity.listBytesMax) }])],
  ]
  for (const [name, make] of lists) await commitBytes(await enter(name, 2000n), make)
  const poison: unknown[] = [
    vote('e', 0.1, { web: { seeds: [], include: ['http://h/('] } }),
    vote('f', 0.1, { web: { seeds: [], include: ['https://f.example/((?:a+)+)$'] } }),
    { ...vote('g', 0.1), params: { ...paramsOf('g'), platform: 'x' } },
    null,
    { ...vote('h', 0.1), id: '../../etc' },
    vote('i', 0.004),
  ]
  const [poisoner, greedy] = [await enter('poisoner', 2000n), await enter('greedy', 2000n)]
  await commitBytes(poisoner, (signer) => signed(signer, poison))
  await commitBytes(greedy, (signer) => signed(signer, [vote('j', 0.7), vote('k', 0.7)]))
  const labels = (await follow()).map(([label]) => label)
  expect(labels).toEqual(['a', 'b', 'h', 'c', 'i'])
  expect(heard('desirability.list_unread')).toHaveLength(lists.length)
  const counted = async () => (await head()).manifest.voices?.lists.filter(({ votes }) => votes > 0)
  expect(await counted()).toMatchObject([
    { hotkey: poisoner.address, votes: 2, skipped: 4 },
    { hotkey: developmentKey('honest').signer.address, votes: 1, skipped: 0 },
  ])
  // What says nothing for good is not read again; what is not there is looked for.
  await follow()
  expect(heard('desirability.list_unread').slice(lists.length)).toEqual(['missing'])
})

test('a list stands twenty minutes before another is taken, and the same is no other; those of before go', async () => {
  const { clock, chain, store, join: enter, publish } = await subnet()
  const signer = await enter('v', 1000n)
  const first = await publish(signer, vote('a', 0.5))
  expect(await publish(signer, vote('a', 0.5))).toEqual(first)
  await expect(publish(signer, vote('a', 0.6))).rejects.toMatchObject({ code: 'rate_limited', details: { retry_after_seconds: 1200 } })
  expect((await chain.metagraph()).neurons[0]).toMatchObject({ commitmentBlock: first.block })
  for (let n = 0; n < 4; n++) {
    clock.advance(20 * minuteMs)
    await publish(signer, vote('a', 0.1 + n / 10))
  }
  const keys: string[] = []
  for await (const { key } of store.list('preferences/')) keys.push(key)
  expect(keys).toHaveLength(2)
})

test('what the chain refuses leaves no heap of lists in the store, and a list that the store lost is put there again', async () => {
  const { store, join: enter, publish, follow, heard } = await subnet()
  const { signer: stranger } = developmentKey('stranger')
  const keys = async () => {
    const found: string[] = []
    for await (const { key } of store.list('preferences/')) found.push(key)
    return found
  }
  for (const weight of [0.1, 0.2, 0.3]) await expect(publish(stranger, vote('a', weight))).rejects.toMatchObject({ code: 'chain_refused' })
  expect(await keys()).toHaveLength(1)
  const signer = await enter('v', 1000n)
  const first = await publish(signer, vote('a', 0.004))
  for (const key of await keys()) await store.delete(key)
  await follow()
  expect(heard('desirability.list_unread')).toEqual(['missing'])
  expect(await publish(signer, vote('a', 0.004))).toEqual(first)
  expect(await follow()).toEqual([
    ['a', 2],
    ['b', 1],
  ])
})

const hundredOf = (label: string) => Array.from({ length: 100 }, (_, at) => `https://${label}.example/${at}`)

test('of a list with more patterns than any may bring, what comes after them is passed over', async () => {
  const { chain, join: enter, follow, head, commitBytes } = await subnet()
  const signer = await enter('v', 1000n)
  const network = await networkOf(chain)
  const jobs = Array.from({ length: 22 }, (_, n) => vote(`m${n}`, 0.01, { web: { seeds: [], include: hundredOf(`m${n}`) } }))
  await commitBytes(signer, () => Buffer.from(canonicalJson(signManifest({ kind: 'preferences' as const, hotkey: signer.address, jobs }, signer, network))))
  expect(await follow()).toHaveLength(2 + gravity.listPatternsMax / 100)
  expect((await head()).manifest.voices?.lists).toMatchObject([{ votes: 20, skipped: 2 }])
})

test('a job leaves when it expires, and everybody’s when its list goes; what was in force when is known', async () => {
  const { clock, catalog, join: enter, publish, follow, chain } = await subnet()
  const start = clock.now()
  const signer = await enter('v', 1000n)
  await publish(signer, vote('a', 0.004), vote('c', 0.01, { expires_at: new Date(start + 10 * minuteMs).toISOString(), max_rows: 9 }))
  await follow()
  clock.advance(11 * minuteMs)
  expect(await follow()).toEqual([
    ['a', 2],
    ['b', 1],
  ])
  clock.advance(9 * minuteMs)
  await publish(signer, vote('b', 0.004))
  expect(await follow()).toEqual([
    ['a', 1],
    ['b', 2],
  ])
  const at = async (ms: number) => (await listAt(catalog, ms))?.manifest.jobs.map(({ params, weight, max_rows }) => [params.label, weight, max_rows])
  expect(await at(start - 1)).toBeUndefined()
  expect((await at(start + minuteMs))?.map(([label]) => label)).toEqual(['a', 'b', 'c'])
  expect((await at(start + minuteMs))?.at(-1)).toEqual(['c', expect.closeTo(2.5, 9), 9])
  expect((await at(start + 12 * minuteMs))?.map(([label]) => label)).toEqual(['a', 'b'])
  expect(await at((await chain.block()).timestamp)).toEqual(await at(Number.MAX_SAFE_INTEGER))
})

test('who says not who they are is sent to no public page that only validators want; a small move of stake makes no other list', async () => {
  const { chain, join: enter, publish, follow, head } = await subnet()
  const [v, w] = [await enter('v', 100_000n), await enter('w', 100_000n)]
  await publish(v, vote('c', 0.004), vote('a', 0.004))
  await publish(w, vote('b', 0.004))
  expect((await follow(false)).map(([label]) => label)).toEqual(['a', 'b'])
  const { version } = await head()
  await chain.faucet(v, 100_500n)
  await follow(false)
  expect((await head()).version).toBe(version)
  await chain.faucet(v, 200_000n)
  await follow(false)
  expect((await head()).version).toBe(version + 1)
})
