import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, expect, test, vi } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { Config } from '#infra/config/schema.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putShard, putSnapshot, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { startHub } from '#test/site/hub.ts'
import { datasetCommands, type DatasetBackends } from './commands.ts'

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

const config = Config.parse({ dataset: { port: 0, trust: 'open' } })
const backendsOf = (world: ShardWorld, parts: Partial<DatasetBackends> = {}): DatasetBackends => ({
  ...world,
  config,
  pace: systemClock(),
  facts: systemClock(),
  dataDir: world.dir,
  wallet: async (name) => ({ signer: await world.signer(name) }),
  origin: goldenOrigin,
  chain: { metagraph: () => Promise.reject(new Error('there is no chain')), block: () => Promise.reject(new Error('there is no chain')) },
  hotkeys: () => Promise.resolve(new Map()),
  corpusIndex: () => world.index,
  sweep: () => world.sweep,
  serveObjectsAt: () => undefined,
  ...parts,
  [Symbol.asyncDispose]: () => Promise.resolve(),
})

/** Runs the command line. @returns what it printed */
async function printed(backends: DatasetBackends, ...words: string[]): Promise<string[]> {
  const lines: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0)
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined })
  datasetCommands(
    program,
    () => Promise.resolve(backends),
    () => Promise.reject(new Error('nothing is imported here')),
  )
  await program.parseAsync(words, { from: 'user' })
  return lines
}

/** The same, as JSON. */
async function orrery(backends: DatasetBackends, ...words: string[]): Promise<unknown> {
  const lines = await printed(backends, ...words)
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
  expect(await orrery(backendsOf(world), 'dataset', 'check')).toEqual({ version: 1, documents: 5, missing: [], extra: [], left_out: [], unreadable: [] })
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
  expect(await orrery(backendsOf(world), 'dataset', 'check')).toEqual({ version: 1, documents: 6, missing: [], extra: [], left_out: [], unreadable })
})

test('dataset export tokenizes what is new and writes it into a folder that was not there', async () => {
  await using world = await shardWorld()
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(3) })
  await orrery(backendsOf(world), 'dataset', 'ingest', '--once')
  await orrery(backendsOf(world), 'dataset', 'build', 'few', '--max-rows', '2', '--yes')
  const to = join(await temporaryFolder(), 'out')
  expect(await orrery(backendsOf(world), 'dataset', 'export', 'few', '--format', 'npy', '--to', to)).toMatchObject({
    dataset: 'few',
    format: 'npy',
    documents: 2,
  })
  expect((await readdir(to)).toSorted()).toEqual(['_export.json', 'few.ends.npy', 'few.npy'])
  await expect(orrery(backendsOf(world), 'dataset', 'export', '--format', 'zip', '--to', to)).rejects.toMatchObject({ code: 'invalid_argument' })
})

test('dataset build says what it would have, builds it when told to, and takes no flag that says nothing', async () => {
  await using world = await shardWorld()
  const documents = Array.from({ length: 6 }, (_, n) => testDocument(n, { lang: n % 2 === 0 ? 'en' : 'de' }))
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents })
  await orrery(backendsOf(world), 'dataset', 'ingest', '--once')
  const build = (...words: string[]) => orrery(backendsOf(world), 'dataset', 'build', ...words)
  const preview = { name: 'german', from: { dataset: 'web', version: 1 }, documents: 3, labels: [['example', 3]], langs: [['de', 3]], files: 1 }
  expect(await build('german', '--lang', 'DE', '--dry-run')).toMatchObject(preview)
  expect(await world.catalog.head(lineage.dataset('german'))).toBeUndefined()
  expect(await build('german', '--lang', 'de', '--yes')).toMatchObject([preview, { changed: true, version: 1 }])
  expect(await build('german', '--yes')).toMatchObject([preview, { changed: false, version: 1 }])
  expect(await build('few', '--from', 'german@1', '--max-rows', '2', '--sample', '--yes')).toMatchObject([{ documents: 2 }, { changed: true }])
  for (const words of [
    ['Bad!', '--lang', 'de'],
    ['x', '--sample'],
    ['x', '--max-rows', '0'],
    ['x', '--min-quality', '2'],
    ['x', '--lang', 'de', '--seed', '3'],
    ['x', '--since', 'noon'],
    ['x', '--from', '@1', '--lang', 'de'],
    // Nobody to ask.
    ['x', '--lang', 'de'],
  ])
    await expect(build(...words), words.join(' ')).rejects.toMatchObject({ code: 'invalid_argument' })
})

test('dataset publish takes repository, hub and token, and says where it lies', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token: 'hf_golden' })
  vi.stubEnv('HF_TOKEN', 'hf_golden')
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(5) })
  await orrery(backendsOf(world), 'dataset', 'ingest', '--once')
  const words = ['dataset', 'publish', '--repo', 'alice/web', '--hub-url', `${hub.origin}/`]
  expect(await orrery(backendsOf(world), ...words, '--dry-run')).toMatchObject({ version: 1, sent: 1 })
  // Nobody to ask.
  await expect(orrery(backendsOf(world), ...words, '--public')).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('--yes') })
  expect(hub.repos.size).toBe(0)
  expect(await orrery(backendsOf(world), ...words)).toMatchObject({ version: 1, url: `${hub.origin}/datasets/alice/web` })
  expect(hub.repos.get('alice/web')?.visibility).toBe('private')
  await expect(orrery(backendsOf(world), 'dataset', 'publish', 'nothing', ...words.slice(2))).rejects.toMatchObject({ code: 'not_found' })
  const forAll = ['dataset', 'publish', '--repo', 'alice/open', '--hub-url', hub.origin, '--public', '--yes']
  expect(await orrery(backendsOf(world), ...forAll)).toMatchObject({ version: 1 })
  expect(hub.repos.get('alice/open')?.visibility).toBe('public')
  await expect(orrery(backendsOf(world), 'dataset', 'publish', '--repo', 'a/b', '--hub-url', 'hub')).rejects.toMatchObject({ code: 'invalid_argument' })
  for (const more of ['/hf', '/?a=b', '/#a'])
    await expect(orrery(backendsOf(world), 'dataset', 'publish', '--repo', 'a/b', '--hub-url', `${hub.origin}${more}`)).rejects.toThrow(
      `write ${hub.origin} alone`,
    )
  await expect(orrery(backendsOf(world), 'dataset', 'publish')).rejects.toThrow('--repo')
})

test('keys of the API are made, listed, rotated and revoked, and shown once', async () => {
  await using world = await shardWorld()
  const backends = backendsOf(world)
  const made = (await orrery(backends, 'dataset', 'key', 'create', 'a reader', '--scope', 'read,sql', '--requests-per-minute', '60', '--days', '30')) as Record<
    string,
    string
  >
  expect(made).toMatchObject({ name: 'a reader', scopes: ['read', 'sql'], requests_per_minute: 60, bytes_per_day: null, revoked_at: null })
  const { key: secret = '', id = '' } = made
  expect(await world.access.keys.admit(secret)).toMatchObject({ outcome: 'admitted' })
  const listed = await orrery(backends, 'dataset', 'key', 'list')
  expect(listed).toMatchObject({ id, last_used_at: expect.any(String) })
  expect(JSON.stringify(listed)).not.toContain(secret)
  const { key: next = '' } = (await orrery(backends, 'dataset', 'key', 'rotate', id)) as Record<string, string>
  expect(await world.access.keys.admit(secret)).toEqual({ outcome: 'unknown' })
  await orrery(backends, 'dataset', 'key', 'revoke', id)
  expect(await world.access.keys.admit(next)).toEqual({ outcome: 'revoked' })
  const refused = (...words: string[]) => orrery(backends, 'dataset', 'key', ...words)
  await expect(refused('revoke', '000000000000')).rejects.toMatchObject({ code: 'not_found' })
  await expect(refused('create', 'b', '--scope', 'all')).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringMatching(/read, sql, tasks/) })
  for (const days of ['soon', '0', '104000000']) await expect(refused('create', 'b', '--days', days)).rejects.toMatchObject({ code: 'invalid_argument' })
})

test('dataset stats tells what a version is made of, in a terminal, as JSON and as a page', async () => {
  await using world = await shardWorld()
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(5) })
  await orrery(backendsOf(world), 'dataset', 'ingest', '--once')
  const page = join(world.dir, 'report.html')
  expect(await orrery(backendsOf(world), 'dataset', 'stats', 'web', '--at', '1', '--json', '--html', page)).toMatchObject({
    dataset: 'web',
    version: 1,
    documents: 5,
    languages: { values: [{ value: 'en', documents: 5 }] },
    tokens: { tokens: expect.any(Number) },
  })
  expect(await readFile(page, 'utf8')).toMatch(/^<!doctype html>[^]*Dataset web, version 1/)
  expect((await printed(backendsOf(world), 'dataset', 'stats', 'web')).join('')).toMatch(/^web version 1: 5 documents/)
  await expect(orrery(backendsOf(world), 'dataset', 'stats', 'none')).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('`orrery dataset ingest`'),
  })
  await expect(orrery(backendsOf(world), 'dataset', 'stats', 'web', '--at', '0')).rejects.toMatchObject({ code: 'invalid_argument' })
  const nowhere = join(world.dir, 'none', 'report.html')
  await expect(orrery(backendsOf(world), 'dataset', 'stats', 'web', '--html', nowhere)).rejects.toMatchObject({ code: 'invalid_argument' })
})
