import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { downloadFile } from '@huggingface/hub'
import { expect, test } from 'vitest'
import { ingest } from '#dataset/ingest/ingest.ts'
import { commitDataset } from '#dataset/versions.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { encodeDocuments } from '#schemas/parquet/encode.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putShard, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { startHub, type Hub } from '#test/site/hub.ts'
import { publish, type PublishRequest } from './publish.ts'
import { readToken } from './token.ts'

const token = 'hf_golden'
const signal = new AbortController().signal
const makeVersion = async (world: ShardWorld, documents: number, rowsPerFile = 8) => {
  await putShard(world, { signer: await world.signer('a'), jobId: 'one', documents: testDocuments(documents) })
  return (await ingest({ ...world, name: 'web', origin: goldenOrigin, signal, rowsPerFile })).entry
}
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
  expect([...(repo?.files.keys() ?? [])].toSorted()).toEqual([
    '.gitattributes',
    'README.md',
    'data/train-00000-of-00003.parquet',
    'data/train-00001-of-00003.parquet',
    'data/train-00002-of-00003.parquet',
  ])
  expect(repo?.commits.map(({ title }) => title)).toEqual(['Publish version 1 of web'])
  for (const [n, { key }] of (entry?.manifest.files ?? []).entries()) {
    const path = `data/train-0000${n}-of-00003.parquet`
    const blob = await downloadFile({ repo: 'datasets/alice/web-pages', path, hubUrl: hub.origin, accessToken: token })
    expect(Buffer.from((await blob?.arrayBuffer()) ?? new ArrayBuffer()).equals(await world.store.get(key))).toBe(true)
  }
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
  expect(card).toContain(entry?.manifest.sources[0])
  expect(card).toContain(entry?.sha256)
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

  await makeVersion(world, 21, 30)
  expect(await run(world, hub)).toMatchObject({ version: 2, commit: expect.any(String) })
  const repo = hub.repos.get('alice/web-pages')
  expect([...(repo?.files.keys() ?? [])].toSorted()).toEqual(['.gitattributes', 'README.md', 'data/train-00000-of-00001.parquet'])
  expect(repo?.commits).toHaveLength(2)
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
  const { kind: _kind, parent: _parent, cleaning: _cleaning, ...manifest } = current!.manifest
  const file = { key: 'datasets/web/old.parquet', sha256: sha256Hex(bytes), bytes: bytes.length, rows: 3 }
  await commitDataset(world.catalog, current, { ...manifest, files: [file] })

  const refusal = run(world, hub)
  await expect(refusal).rejects.toMatchObject({ code: 'invalid_record', message: expect.stringContaining('orrery dataset ingest') })
  await expect(refusal).rejects.toThrow(/noai 1.*noindex 1|noindex 1.*noai 1/)
  expect(hub.requests).toEqual([])

  await makeVersion(world, 3)
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
