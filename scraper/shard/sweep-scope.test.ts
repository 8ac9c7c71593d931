import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { openSweep } from '#infra/sweep/sweep.ts'
import { formatShardName, shardKey } from '#schemas/data-universe.ts'
import { lineage } from '#schemas/lineage.ts'
import { enqueue, openSubnet, type Subnet } from '#test/adversary/subnet.ts'
import { testDocument } from '#test/golden/documents.ts'
import { namedHeads } from './corpus.ts'
import { currentFolder, manifestKey } from './snapshot-heads.ts'
import { filesOf, rowsOf, snapshotJobs, writeSnapshot } from './snapshot.fixture.ts'
import { keptPosts, postsFile, uploadedPosts } from '../posts/kept-posts.ts'
import { minerScope } from './sweep-scope.ts'

const { signal } = new AbortController()
const hourMs = 3_600_000
const keepMs = 3 * hourMs
const jobs = [snapshotJobs[1]]

async function world() {
  const subnet = await openSubnet()
  const signer = await subnet.join('miner-1')
  const hotkey = signer.address
  const pending = async () => (await namedHeads(subnet.index(hotkey))).values()
  const postsPath = postsFile(subnet.dir, 'miner-1')
  const scope = minerScope({ ...subnet, hotkey, keepMs, pending, posts: () => uploadedPosts(postsPath) })
  const sweep = openSweep({ ...subnet, path: join(subnet.dir, 'sweep.sqlite'), clock: subnet.pace })
  let pages = 0
  return {
    subnet,
    hotkey,
    postsPath,
    /** Some new pages, and one that is another each time. */
    async grow(): Promise<void> {
      const parts = { hotkey, job_id: jobs[0]?.id ?? '', label: jobs[0]?.params.label ?? '' }
      const documents = Array.from({ length: 20 }, (_, at) => testDocument(3 * (pages + at) + 2, parts))
      const changing = testDocument(100_000 + pages, { ...parts, uri: 'https://host2.example/changing', version: pages + 1 })
      pages += 20
      await enqueue(subnet.queue('documents'), [...documents, changing])
      await writeSnapshot(subnet, signer, { jobs })
    },
    async rest(hours: number): Promise<void> {
      for (let hour = 0; hour < hours; hour++) {
        subnet.pace.advance(hourMs)
        await sweep.run(scope, signal)
      }
    },
    async [Symbol.asyncDispose]() {
      sweep[Symbol.dispose]()
      await subnet[Symbol.asyncDispose]()
    },
  }
}

const keysUnder = async ({ store }: Subnet, prefix: string): Promise<string[]> => (await Array.fromAsync(store.list(prefix))).map(({ key }) => key)

test('what others took the place of is kept for its time, and then goes; what there is stays', async () => {
  await using given = await world()
  const { subnet, hotkey } = given
  for (let round = 0; round < 15; round++) await given.grow()
  const rows = await rowsOf(subnet, hotkey)
  const before = await keysUnder(subnet, '')
  await given.rest(3)
  expect(await keysUnder(subnet, '')).toEqual(before)
  await given.rest(6)
  const files = await filesOf(subnet, hotkey)
  expect(await keysUnder(subnet, 'data/')).toEqual(files.flatMap(({ file }) => [file.key, file.row_list?.key ?? '']).toSorted())
  expect(await keysUnder(subnet, 'deletes/')).toEqual([...new Set(files.flatMap(({ deletes }) => deletes?.key ?? []))].toSorted())
  expect(await rowsOf(subnet, hotkey)).toEqual(rows)
  // The snapshot, the claim that names it, and which one is current.
  expect(await keysUnder(subnet, 'manifests/')).toHaveLength(3)
  await given.grow()
  expect((await rowsOf(subnet, hotkey)).length).toBe(rows.length + 20)
})

test('files of posts stay under the same hotkey as long as they are the ones of their jobs', async () => {
  await using given = await world()
  const { subnet, hotkey, postsPath } = given
  await given.grow()
  const [one, two] = ['0', '1'].map((n) => shardKey(hotkey, 'posts', formatShardName({ writtenAt: new Date(0), rows: 10, hex: n.repeat(16) }))) as [
    string,
    string,
  ]
  for (const key of [one, two]) await subnet.store.put(key, Buffer.from('of posts'))
  await mkdir(dirname(postsPath))
  using kept = keptPosts(postsPath)
  kept.keep('posts', [], 10)
  kept.uploaded('posts', { key: one, changes: 0 })
  await given.rest(9)
  expect((await keysUnder(subnet, 'data/')).filter((key) => key.includes('job_id=posts'))).toEqual([one])
})

test('what is current can be found with the store alone', async () => {
  await using given = await world()
  const { subnet, hotkey } = given
  for (let round = 0; round < 3; round++) await given.grow()
  const current = await keysUnder(subnet, currentFolder(hotkey, jobs[0]?.id ?? ''))
  expect(current).toHaveLength((await subnet.catalog.head(lineage.snapshot(hotkey, jobs[0]?.id ?? '')))?.version ?? 0)
  const { manifest } = JSON.parse(Buffer.from(await subnet.store.get(current.at(-1) ?? '')).toString()) as { manifest: { key: string } }
  const { files } = JSON.parse(Buffer.from(await subnet.store.get(manifest.key)).toString()) as { files: unknown[] }
  expect(files).toEqual(await filesOf(subnet, hotkey))
})

test('what the chain says is claimed stays, however old', async () => {
  await using given = await world()
  const { subnet, hotkey } = given
  await given.grow()
  const claim = await subnet.catalog.head(lineage.index(hotkey))
  const metagraph = await subnet.chain.metagraph()
  const claimedFiles = await filesOf(subnet, hotkey)
  for (let round = 0; round < 8; round++) await given.grow()
  const standing = { metagraph: () => Promise.resolve(metagraph) }
  const scope = minerScope({
    ...subnet,
    chain: standing,
    hotkey,
    keepMs,
    pending: async () => (await namedHeads(subnet.index(hotkey))).values(),
    posts: () => [],
  })
  using sweep = openSweep({ ...subnet, path: join(subnet.dir, 'other.sqlite'), clock: subnet.pace })
  for (let hour = 0; hour < 10; hour++) {
    subnet.pace.advance(hourMs)
    await sweep.run(scope, signal)
  }
  expect(await subnet.store.head(manifestKey(hotkey, claim?.sha256 ?? ''))).toBeDefined()
  for (const { file } of claimedFiles) expect(await subnet.store.head(file.key), file.key).toBeDefined()
  await given.rest(10)
  expect(await subnet.store.head(claimedFiles[0]?.file.key ?? '')).toBeUndefined()
})

test('what a version before the index left behind goes, and nothing of other miners', async () => {
  await using given = await world()
  const { subnet } = given
  await given.grow()
  const foreign = ['data/hotkey=5Other/job_id=x/data_1.parquet', 'manifests/hotkey=5Other/0.json', 'data/other.parquet']
  const former = `boilerplate/hotkey=${given.hotkey}/0.json`
  for (const key of [...foreign, former]) await subnet.store.put(key, new Uint8Array([1]))
  await given.rest(10)
  expect(await subnet.store.head(former)).toBeUndefined()
  for (const key of foreign) expect(await subnet.store.head(key), key).toBeDefined()
})
