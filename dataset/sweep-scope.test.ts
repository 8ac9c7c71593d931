import { expect, test } from 'vitest'
import { writeList } from '#infra/corpus/list-object.ts'
import { readDataFile } from '#infra/corpus/read-data-file.ts'
import { lineage } from '#schemas/lineage.ts'
import { manualClock } from '#test/manual-clock.ts'
import { testDocument } from '#test/golden/documents.ts'
import { testEpoch } from '#test/golden/epochs.ts'
import { goldenOrigin, putShard, shardWorld } from '#test/golden/shards.ts'
import { listFiles } from './file-listing.ts'
import { openDataset } from './service.ts'
import { versionFiles } from './version-files.ts'

const { signal } = new AbortController()
const hourMs = 3_600_000
const settings = { name: 'web', keep_seconds: 24 * 3600 }

/** A dataset whose only job has another file at each version; time goes on by so many hours after each. */
async function world() {
  const clock = manualClock()
  const shards = await shardWorld({ clock })
  const service = await openDataset({ ...shards, origin: goldenOrigin, settings })
  const signer = await shards.signer('a')
  let versions = 0
  const turn = async (hours: number): Promise<void> => {
    await putShard(shards, { signer, jobId: 'one', documents: [testDocument(++versions)] })
    expect((await service.refresh(signal)).dataset.entry?.version).toBe(versions)
    clock.advance(hours * hourMs)
  }
  const rest = async (hours: number): Promise<void> => {
    for (let hour = 0; hour < hours; hour++) {
      clock.advance(hourMs)
      await service.refresh(signal)
    }
  }
  const keysUnder = async (prefix: string): Promise<string[]> => (await Array.fromAsync(shards.store.list(prefix))).map(({ key }) => key)
  const kept = async (): Promise<number[]> => {
    const entries = await shards.catalog.history(lineage.dataset('web'), { limit: 1000 })
    for (const { manifest } of entries) {
      for await (const { file } of versionFiles(shards.store, manifest)) expect(await shards.store.head(file.key), file.key).toBeDefined()
    }
    return entries.map(({ version }) => version)
  }
  return {
    ...shards,
    turn,
    rest,
    keysUnder,
    kept,
    async [Symbol.asyncDispose]() {
      await service.close()
      await shards[Symbol.asyncDispose]()
    },
  }
}

test('the newest ten versions stay with all they name, and those of the time of keeping; what only older ones named goes', async () => {
  await using given = await world()
  for (let version = 1; version <= 14; version++) await given.turn(1)
  await given.rest(4)
  // All of them are younger than a day.
  expect(await given.kept()).toEqual(Array.from({ length: 14 }, (_, at) => 14 - at))
  await given.rest(24)
  expect(await given.kept()).toEqual(Array.from({ length: 10 }, (_, at) => 14 - at))
  await given.rest(5)
  expect(await given.keysUnder('datasets/web/data/')).toHaveLength(10)
  const objects = (await given.keysUnder('')).length
  await given.rest(30)
  expect((await given.keysUnder('')).length).toBe(objects)
  await expect(Array.fromAsync(listFiles({ ...given, name: 'web', version: 4 }))).rejects.toMatchObject({ code: 'not_found' })
})

test('which version is current can be found with the store alone, before a sweep and after it', async () => {
  await using given = await world()
  for (let version = 1; version <= 3; version++) await given.turn(1)
  for (const swept of [false, true]) {
    if (swept) await given.rest(10)
    const current = (await given.keysUnder('datasets/web/current/')).at(-1) ?? ''
    const manifest: unknown = JSON.parse(Buffer.from(await given.store.get(current)).toString())
    expect(manifest).toEqual((await given.catalog.head(lineage.dataset('web')))?.manifest)
  }
  expect(await given.keysUnder('datasets/web/current/')).toHaveLength(1)
})

test('what training was planned on stays, however old', async () => {
  await using given = await world()
  await given.turn(1)
  const tokens = await given.catalog.head(lineage.tokens('web'))
  if (tokens?.kind !== 'token-version') throw new Error('there are no tokens')
  const { sha256, version, manifest } = tokens
  const epoch = await testEpoch(given.store, {
    tokens: sha256,
    joined: version,
    tokenizer: manifest.tokenizer,
    list: await writeList(given.store, 'plans/web/', []),
  })
  await given.catalog.commit(lineage.plan('web'), undefined, epoch)
  for (let version = 2; version <= 12; version++) await given.turn(1)
  await given.rest(40)
  expect(await given.kept()).toEqual([...Array.from({ length: 10 }, (_, at) => 12 - at), 1])
  expect(await given.keysUnder('datasets/web/data/')).toHaveLength(11)
})

test('a reader that is slow ends what it began, as long as the time of keeping', async () => {
  await using given = await world()
  await given.turn(1)
  const files = await Array.fromAsync(versionFiles(given.store, (await given.catalog.head(lineage.dataset('web')))!.manifest))
  for (let version = 2; version <= 13; version++) await given.turn(1)
  await given.rest(14)
  const rows = await Array.fromAsync(readDataFile(given.store, files[0]!, { signal }))
  expect(rows.flat().map(({ document }) => document.uri)).toEqual([testDocument(1).uri])
  await given.rest(10)
  await expect(Array.fromAsync(readDataFile(given.store, files[0]!, { signal }))).rejects.toMatchObject({ code: 'not_found' })
})

test('what a version before the files were shared has left behind goes', async () => {
  await using given = await world()
  await given.store.put('clean/web/staged/part-00000.parquet', new Uint8Array([1]))
  await given.store.put('clean/other/part-00000.parquet', new Uint8Array([1]))
  await given.turn(1)
  await given.rest(6)
  expect(await given.keysUnder('clean/')).toEqual(['clean/other/part-00000.parquet'])
})

test('a list that is missing is told, and nothing is deleted while it is', async () => {
  await using given = await world()
  await given.turn(1)
  const [list] = await given.keysUnder('datasets/web/lists/')
  const body = await given.store.get(list as string)
  await given.turn(1)
  const keys = await given.keysUnder('datasets/')
  await given.store.delete(list as string)
  await given.rest(8)
  expect(given.events.find(({ name }) => name === 'sweep.failed')?.fields).toMatchObject({ owner: 'dataset web', code: 'not_found' })
  await given.store.put(list as string, body)
  expect(await given.keysUnder('datasets/')).toEqual(keys)
})
