import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { downloadFile } from '@huggingface/hub'
import { expect, test } from 'vitest'
import { ingest } from '#dataset/ingest/ingest.ts'
import { versionFiles } from '#dataset/version-files.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { lineOf } from '#schemas/lineage.ts'
import { decodeDocuments } from '#schemas/parquet/decode.ts'
import { encodeDocuments } from '#schemas/parquet/encode.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putShard, putSnapshot, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { startHub, type Hub } from '#test/site/hub.ts'
import { publish, type PublishRequest } from './publish.ts'
import { readToken } from './token.ts'

const token = 'hf_golden'
const signal = new AbortController().signal
/** Of so many documents, ten in a shard. */
const makeVersion = async (world: ShardWorld, documents: number, deletes: readonly number[] = []) => {
  const shards = Array.from({ length: Math.ceil(documents / 10) }, (_, n) => ({
    documents: testDocuments(documents).slice(10 * n, 10 * n + 10),
    deletes: deletes.filter((row) => Math.floor(row / 10) === n).map((row) => row % 10),
  }))
  await putSnapshot(world, { signer: await world.signer('a'), jobId: 'one', shards })
  const { entry } = await ingest({ ...world, name: 'web', origin: goldenOrigin, signal })
  if (entry?.kind !== 'version') throw new Error('there is no version')
  return entry
}
const filesOf = async (world: ShardWorld, entry: DatasetEntry) => Array.fromAsync(versionFiles(world.store, entry.manifest))
const pathsOf = (hub: Hub): string[] => [...(hub.repos.get('alice/web-pages')?.files.keys() ?? [])].toSorted()
const run = (world: ShardWorld, hub: Hub, parts: Partial<PublishRequest> = {}) =>
  publish({ ...world, name: 'web', repo: 'alice/web-pages', hubUrl: hub.origin, token, isPrivate: false, signal, ...parts })

test('a version lies on the hub in its layout, every byte equal, after one commit', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  const entry = await makeVersion(world, 20)

  const publication = await run(world, hub)

  const repo = hub.repos.get('alice/web-pages')
  expect(publication).toEqual({ version: 1, url: `${hub.origin}/datasets/alice/web-pages`, commit: repo?.commits[0]?.oid })
  expect(repo?.visibility).toBe('public')
  const files = await filesOf(world, entry)
  expect(pathsOf(hub)).toEqual(['.gitattributes', 'README.md', ...files.map(({ file }) => `data/train-${file.sha256.slice(0, 16)}.parquet`).toSorted()])
  expect(repo?.commits.map(({ title }) => title)).toEqual(['Publish version 1 of web'])
  for (const { file } of files) {
    const path = `data/train-${file.sha256.slice(0, 16)}.parquet`
    const blob = await downloadFile({ repo: 'datasets/alice/web-pages', path, hubUrl: hub.origin, accessToken: token })
    expect(Buffer.from((await blob?.arrayBuffer()) ?? new ArrayBuffer()).equals(await world.store.get(file.key))).toBe(true)
  }
})

test('a file with deleted rows is published without them, under another name; the others stay as they are', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await makeVersion(world, 20)
  await run(world, hub)
  const before = pathsOf(hub)
  await makeVersion(world, 20, [3, 4])
  await run(world, hub)
  const after = pathsOf(hub)
  expect(after.filter((path) => before.includes(path))).toHaveLength(3)
  expect(hub.repos.get('alice/web-pages')?.commits.at(-1)?.paths.toSorted()).toEqual(
    [...before, ...after]
      .filter((path) => path === 'README.md' || before.includes(path) !== after.includes(path))
      .filter((path, at, all) => all.indexOf(path) === at)
      .toSorted(),
  )
  const path = after.find((path) => !before.includes(path)) ?? ''
  const written = await decodeDocuments(hub.repos.get('alice/web-pages')?.files.get(path)?.bytes ?? new Uint8Array())
  const left = testDocuments(10).filter((_, n) => n !== 3 && n !== 4)
  expect(written.map(({ id }) => id)).toEqual(left.map(({ id }) => id))
})

test('the card says what it is, how it was made, what is in it and how to withdraw', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await putShard(world, {
    signer: await world.signer('b'),
    jobId: 'two',
    documents: [testDocument(500, { label: 'odd | `label`' }), testDocument(501, { lang: 'de' })],
  })
  const entry = await makeVersion(world, 20)
  await run(world, hub)
  const card = Buffer.from(hub.repos.get('alice/web-pages')?.files.get('README.md')?.bytes ?? []).toString()
  const [, yaml = ''] = card.split('---\n')
  expect(yaml).toContain('license: other\n')
  expect(yaml).toContain('language:\n- "en"\n- "de"\n')
  expect(yaml).toContain('size_categories:\n- n<1K\n')
  expect(yaml).toContain('configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*.parquet\n')
  for (const heading of ['How it was made', 'Fields', 'Documents per label', 'Left out', 'Provenance', 'Rights and withdrawal'])
    expect(card).toContain(`## ${heading}\n`)
  expect(card).toContain('| odd \\| \\`label\\` | 1 |')
  expect(card).toContain(entry.manifest.groups[0]?.snapshot)
  expect(card).toContain(entry.sha256)
  expect(card).not.toContain(token)
})

test('the same version again is no commit and no upload; the next sends what changed and takes away what is gone', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await makeVersion(world, 20)
  await run(world, hub)
  hub.requests.length = 0
  expect(await run(world, hub)).toMatchObject({ version: 1, commit: undefined })
  expect(hub.requests.filter((asked) => !asked.startsWith('GET '))).toEqual([])

  const before = pathsOf(hub)
  await makeVersion(world, 21)
  expect(await run(world, hub)).toMatchObject({ version: 2, commit: expect.any(String) })
  expect(hub.repos.get('alice/web-pages')?.commits).toHaveLength(2)
  expect(pathsOf(hub).filter((path) => before.includes(path))).toEqual(before)
  await makeVersion(world, 20)
  await run(world, hub)
  expect(pathsOf(hub)).toEqual(before)
})

test('files of a version of before are taken away', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await makeVersion(world, 3)
  await run(world, hub)
  const repo = hub.repos.get('alice/web-pages')
  const stray = { bytes: Buffer.from('PAR1'), lfs: true }
  repo?.files.set('data/train-00000-of-00001.parquet', stray).set('data/train-more.parquet', stray)
  await makeVersion(world, 4)
  await run(world, hub)
  expect(pathsOf(hub)).not.toContain('data/train-00000-of-00001.parquet')
  expect(pathsOf(hub)).toContain('data/train-more.parquet')
})

test('a publication cut off before its commit is simply run again', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await makeVersion(world, 20)
  hub.fault = { match: '/commit/main', status: 500 }
  await expect(run(world, hub)).rejects.toMatchObject({ code: 'upstream_failed', retryable: true })
  expect(hub.repos.get('alice/web-pages')?.commits).toEqual([])
  hub.fault = undefined
  expect(await run(world, hub)).toMatchObject({ commit: expect.any(String) })
})

test('a version of earlier rules that holds what its owner does not want used is not published; ingest makes one that is', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  const closed = ['noai', 'none'].map((directive, n) => testDocument(n, { rights: { ...testDocument(n).rights, meta_robots: [directive] } }))
  const current = await makeVersion(world, 3)
  const bytes = encodeDocuments([...closed, testDocument(2)], { codec: 'zstd' })
  await world.store.put('datasets/web/old.parquet', bytes)
  const file = { key: 'datasets/web/old.parquet', sha256: sha256Hex(bytes), bytes: bytes.length, rows: 3 }
  const { name, origin, documents, text_bytes } = current.manifest
  const old = { kind: 'dataset' as const, parent: current.sha256, origin, name, sources: [], files: [file], documents, text_bytes, labels: {}, dropped: {} }
  await world.catalog.commit(lineOf({ prefix: 'dataset/', kind: 'dataset', former: [] }, 'web'), current.sha256, old)

  const refusal = run(world, hub)
  await expect(refusal).rejects.toMatchObject({ code: 'invalid_record', message: expect.stringContaining('orrery dataset ingest') })
  await expect(refusal).rejects.toThrow(/noai 1.*noindex 1|noindex 1.*noai 1/)
  expect(hub.requests).toEqual([])

  await makeVersion(world, 4)
  expect(await run(world, hub)).toMatchObject({ version: 3, commit: expect.any(String) })
})

test('a new repository is private when asked', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await makeVersion(world, 3)
  await run(world, hub, { isPrivate: true })
  expect(hub.repos.get('alice/web-pages')?.visibility).toBe('private')
})

test('what cannot be published is said plainly, and the token never', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  const refusal = (parts: Partial<PublishRequest>): Promise<{ code: string; message: string }> =>
    run(world, hub, parts).then(
      () => Promise.reject(new Error('published')),
      (error) => error,
    )
  expect(await refusal({})).toMatchObject({ code: 'not_found', message: expect.stringContaining('orrery dataset ingest') })
  await makeVersion(world, 3)
  for (const repo of ['web', 'a/b/c', '../x', 'alice/', 'alice/we b', 'alice/a..b'])
    expect(await refusal({ repo })).toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('user/name') })
  const wrong = await refusal({ token: 'hf_wrong_secret' })
  expect(wrong).toMatchObject({ code: 'unauthorized', message: expect.stringContaining('HF_TOKEN') })
  expect(JSON.stringify(wrong) + wrong.message).not.toContain('hf_wrong_secret')
  expect(await refusal({ repo: 'stranger/web' })).toMatchObject({ code: 'forbidden', message: expect.stringContaining('HF_TOKEN') })
  hub.fault = { match: '/api/repos/create', status: 404 }
  expect(await refusal({})).toMatchObject({ code: 'not_found', message: expect.stringContaining('--repo') })
  for (const [status, code] of [
    [429, 'rate_limited'],
    [500, 'upstream_failed'],
    [504, 'timed_out'],
  ] as const) {
    hub.fault = { match: '/api/', status }
    expect(await refusal({})).toMatchObject({ code, message: expect.stringContaining('later') })
  }
  expect(await refusal({ hubUrl: 'http://127.0.0.1:1' })).toMatchObject({ code: 'upstream_failed', message: expect.stringContaining('--hub-url') })
})

test('the token comes from the file that is named, else from HF_TOKEN', async () => {
  await using world = await shardWorld()
  const tokenFile = join(world.dir, 'token')
  await writeFile(tokenFile, 'hf_of_file\n')
  expect(await readToken({ tokenFile, env: { HF_TOKEN: 'hf_of_env' } })).toBe('hf_of_file')
  expect(await readToken({ env: { HF_TOKEN: 'hf_of_env' } })).toBe('hf_of_env')
  await expect(readToken({ env: {} })).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('HF_TOKEN') })
  await expect(readToken({ env: { HF_TOKEN: 'secret' } })).rejects.toThrow(/does not begin with "hf_"/)
  await rm(tokenFile)
  await expect(readToken({ tokenFile, env: {} })).rejects.toMatchObject({ code: 'invalid_argument' })
})
