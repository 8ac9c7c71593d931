import { Command } from 'commander'
import { afterEach, expect, test, vi } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { Config } from '#infra/config/schema.ts'
import { OrreryError } from '#schemas/errors.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putShard, putSnapshot, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { startHub } from '#test/site/hub.ts'
import { datasetCommands, type DatasetBackends } from './commands.ts'

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

const config = Config.parse({ dataset: { port: 0 } })
const backendsOf = (world: ShardWorld, parts: Partial<DatasetBackends> = {}): DatasetBackends => ({
  ...world,
  config,
  pace: systemClock(),
  origin: goldenOrigin,
  corpusIndex: () => world.index,
  sweep: () => world.sweep,
  serveObjectsAt: () => undefined,
  ...parts,
  [Symbol.asyncDispose]: () => Promise.resolve(),
})

/** Runs the command line; what it printed, as JSON. */
async function orrery(backends: DatasetBackends, ...words: string[]): Promise<unknown> {
  const lines: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0)
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined })
  datasetCommands(program, () => Promise.resolve(backends))
  await program.parseAsync(words, { from: 'user' })
  return lines.length === 0 ? undefined : lines.length === 1 ? JSON.parse(lines.join('')) : lines.map((line) => JSON.parse(line))
}

test('dataset ingest --once makes a version and says which', async () => {
  await using world = await shardWorld()
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(5) })
  expect(await orrery(backendsOf(world), 'dataset', 'ingest', '--once')).toEqual({
    dataset: { changed: true, version: 1, documents: 5 },
    tokens: { changed: true, version: 1, shards: 1 },
  })
})

test('dataset files says which files a version is, and how many of their rows count', async () => {
  await using world = await shardWorld()
  const [a, b] = [await world.signer('a'), await world.signer('b')]
  await putShard(world, { signer: a, jobId: 'one', documents: testDocuments(5) })
  await orrery(backendsOf(world), 'dataset', 'ingest', '--once')
  const first = await orrery(backendsOf(world), 'dataset', 'files')
  expect(first).toMatchObject({ rows: 5, live_rows: 5, deletes: null, key: expect.stringMatching(/^datasets\/web\/data\/[0-9a-f]{64}\.parquet$/) })
  await putShard(world, { signer: b, jobId: 'one', documents: testDocuments(7) })
  await orrery(backendsOf(world), 'dataset', 'ingest', '--once')
  const files = (await orrery(backendsOf(world), 'dataset', 'files')) as {
    rows: number
    live_rows: number
    deletes: string | null
    key: string
    bytes: number
  }[]
  expect(files.map(({ rows }) => rows).toSorted()).toEqual([5, 7])
  expect(files.reduce((sum, { live_rows }) => sum + live_rows, 0)).toBe(7)
  for (const { key, bytes, rows, live_rows, deletes } of files) {
    expect((await world.store.head(key))?.bytes).toBe(bytes)
    expect({ hasVector: deletes !== null, isThere: deletes !== null && (await world.store.head(deletes)) !== undefined }).toEqual({
      hasVector: rows !== live_rows,
      isThere: rows !== live_rows,
    })
  }
  expect(await orrery(backendsOf(world), 'dataset', 'files', '--at', '1')).toEqual(first)
  await expect(orrery(backendsOf(world), 'dataset', 'files', '--at', '3')).rejects.toMatchObject({ code: 'not_found' })
  await expect(orrery(backendsOf(world), 'dataset', 'files', '--at', 'new')).rejects.toMatchObject({ code: 'invalid_argument' })
})

test('dataset serve answers while it ingests again and again, and is gone with its end', async () => {
  let origin = ''
  await using world = await shardWorld({ origin: () => origin })
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(5) })
  const versions: unknown[] = []
  let rests = 0
  const pace = {
    ...systemClock(),
    async sleep() {
      const { datasets } = (await (await fetch(`${origin}/v1/datasets`)).json()) as { datasets: { version: number }[] }
      versions.push(...datasets.map(({ version }) => version))
      const { files } = (await (await fetch(`${origin}/v1/datasets/web/files`)).json()) as { files: { url: string; bytes: number }[] }
      for (const { url, bytes } of files) expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(bytes)
      if (++rests === 2) throw new Error('enough seen')
      await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(6) })
    },
  }
  const backends = backendsOf(world, { pace, serveObjectsAt: (served) => void (origin = served) })
  await expect(orrery(backends, 'dataset', 'serve')).rejects.toThrow('enough seen')
  expect(versions).toEqual([1, 2])
  await expect(fetch(`${origin}/v1/datasets`)).rejects.toThrow('fetch failed')
})

test('a failure that may pass is told and tried again, another ends the service', async () => {
  await using world = await shardWorld()
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(5) })
  const failures = [new OrreryError('store_unavailable', 'The store is away; try again.'), new OrreryError('data_unreadable', 'The store is damaged; mend it.')]
  const store = { ...world.store, head: () => Promise.reject(failures.shift() ?? new Error('asked once more')) }
  const pace = { ...systemClock(), sleep: () => Promise.resolve() }
  await expect(orrery(backendsOf(world, { store, pace }), 'dataset', 'ingest')).rejects.toMatchObject({ code: 'data_unreadable' })
  expect(world.events.filter(({ name }) => name === 'dataset.refresh_failed').map(({ fields }) => fields['code'])).toEqual(['store_unavailable'])
})

test('dataset check says what a rebuild has and the newest version has not', async () => {
  await using world = await shardWorld()
  await expect(orrery(backendsOf(world), 'dataset', 'check')).rejects.toMatchObject({ code: 'not_found' })
  const signer = await world.signer('a')
  await putShard(world, { signer, jobId: 'one', documents: testDocuments(5) })
  await orrery(backendsOf(world), 'dataset', 'ingest', '--once')
  expect(await orrery(backendsOf(world), 'dataset', 'check')).toEqual({ version: 1, documents: 5, missing: [], extra: [], unreadable: [] })
  await putShard(world, { signer, jobId: 'one', documents: [testDocument(0), testDocument(9)], deletes: [] })
  const { missing, extra } = (await orrery(backendsOf(world), 'dataset', 'check')) as { missing: string[]; extra: string[] }
  expect([missing, extra.toSorted()]).toEqual([
    [testDocument(9).id],
    testDocuments(5)
      .slice(1)
      .map(({ id }) => id)
      .toSorted(),
  ])
  expect(await Array.fromAsync(world.store.list('datasets/web/check/'))).toEqual([])
})

test('dataset check leaves out what cannot be read of a miner, as ingest does, and names it', async () => {
  await using world = await shardWorld()
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(5) })
  const shards = [{ documents: [testDocument(20)] }, { documents: [testDocument(21), testDocument(22)] }, { documents: [testDocument(23)] }]
  const { files } = await putSnapshot(world, {
    signer: await world.signer('b'),
    jobId: 'one',
    shards,
    claim: (m) => ({ ...m, files: m.files.map((listed, n) => (n === 1 ? { ...listed, file: { ...listed.file, rows: 3 } } : listed)) }),
  })
  await world.store.delete(files[2]!.file.key)
  await orrery(backendsOf(world), 'dataset', 'ingest', '--once')
  const unreadable = files.slice(1).map(({ file }) => file.key)
  expect(await orrery(backendsOf(world), 'dataset', 'check')).toEqual({ version: 1, documents: 6, missing: [], extra: [], unreadable })
})

test('dataset publish takes repository, hub and token, and says where it lies', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token: 'hf_golden' })
  vi.stubEnv('HF_TOKEN', 'hf_golden')
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(5) })
  await orrery(backendsOf(world), 'dataset', 'ingest', '--once')
  const words = ['dataset', 'publish', '--repo', 'alice/web', '--hub-url', `${hub.origin}/`, '--private']
  expect(await orrery(backendsOf(world), ...words)).toMatchObject({ version: 1, url: `${hub.origin}/datasets/alice/web` })
  expect(hub.repos.get('alice/web')?.visibility).toBe('private')
  await expect(orrery(backendsOf(world), 'dataset', 'publish', '--repo', 'a/b', '--hub-url', 'hub')).rejects.toMatchObject({ code: 'invalid_argument' })
  await expect(orrery(backendsOf(world), 'dataset', 'publish')).rejects.toThrow('--repo')
})
