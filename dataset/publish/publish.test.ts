import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { afterAll, expect, test } from 'vitest'
import { versionFiles } from '#dataset/version-files.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { lineOf } from '#schemas/lineage.ts'
import { decompressors } from '#schemas/parquet/compression.ts'
import { encodeDocuments } from '#schemas/parquet/encode.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { shardWorld } from '#test/golden/shards.ts'
import { headOf, hubRepo, startHub } from '#test/site/hub.ts'
import { contentOf, dataOf, makeVersion, pathsOf, repoName, repoOf, run, textOf, token } from './publish.fixture.ts'

/** Croissant says where it lies. */
const withoutOrigin = (content: [string, string][]) => content.filter(([path]) => path !== 'croissant.json')
const formerCard = (name: string, manifest: string): string =>
  `---\npretty_name: ${JSON.stringify(name)}\n---\n# web\n\n5 documents. Version 1, manifest \`${manifest}\`.\n`
const rowsOf = (bytes: Uint8Array | undefined) => parquetReadObjects({ file: Uint8Array.from(bytes ?? []).buffer, compressors: decompressors })

/** A dataset of two files, for all that only publish it. */
const two = await shardWorld()
const { sha256: manifestOfTwo } = await makeVersion(two, 20)
afterAll(() => two[Symbol.asyncDispose]())

test('a version lies on the hub in its layout after one commit, private, and tagged', async () => {
  await using hub = await startHub({ token })

  const publication = await run(two, hub)

  const repo = repoOf(hub)
  expect(publication).toEqual({
    version: 1,
    url: `${hub.origin}/datasets/${repoName}`,
    commit: headOf(repo),
    tag: { name: 'v1', commit: headOf(repo) },
    files: 2,
    sent: 2,
    removed: 0,
  })
  expect(repo.visibility).toBe('private')
  expect(repo.commits.map(({ title }) => title)).toEqual(['Publish version 1 of web'])
  const data = dataOf(hub)
  expect(pathsOf(hub)).toEqual(['.gitattributes', '.orrery.json', 'README.md', 'croissant.json', ...data])
  const rows = []
  for (const path of data) {
    const bytes = repo.files.get(path)!.bytes
    expect(path).toMatch(new RegExp(`^data/train-[0-9a-f]{16}-${sha256Hex(bytes).slice(0, 16)}\\.parquet$`))
    rows.push(...(await rowsOf(bytes)))
  }
  expect(rows).toHaveLength(20)
  expect(rows[0]).toMatchObject({
    quality: [
      { name: 'mean_word', value: 4.25 },
      { name: 'words', value: 120 },
    ],
    rights: { robots: 'allowed', meta_robots: [] },
  })
  expect(rows[0]).not.toHaveProperty('minhash')
  const schemas = data.map((path) => parquetMetadata(Uint8Array.from(repo.files.get(path)!.bytes).buffer).schema)
  expect(schemas[1]).toEqual(schemas[0])
})

test('the same version again is no commit and no upload; the next sends what changed and takes away what is gone', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await makeVersion(world, 20)
  await run(world, hub)
  hub.requests.length = 0
  expect(await run(world, hub)).toMatchObject({ version: 1, commit: undefined, sent: 0 })
  expect(hub.requests.filter((asked) => !asked.startsWith('GET '))).toEqual([])

  const before = dataOf(hub)
  await makeVersion(world, 21)
  expect(await run(world, hub)).toMatchObject({ version: 2, sent: 1, removed: 0 })
  expect(dataOf(hub)).toHaveLength(3)
  expect(dataOf(hub)).toEqual(expect.arrayContaining(before))
  await makeVersion(world, 20)
  expect(await run(world, hub)).toMatchObject({ version: 3, sent: 0, removed: 1 })
  expect(dataOf(hub)).toEqual(before)
  expect([...repoOf(hub).tags]).toEqual(repoOf(hub).commits.map(({ oid }, n) => [`v${n + 1}`, oid]))
})

test('a file with deleted rows is published without them, under another name; the others are not sent again', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await makeVersion(world, 20)
  await run(world, hub)
  const before = dataOf(hub)
  await makeVersion(world, 20, { deletes: [3, 4] })
  await run(world, hub)
  const added = dataOf(hub).filter((path) => !before.includes(path))
  expect([added.length, dataOf(hub).length]).toEqual([1, 2])
  const rows = await rowsOf(repoOf(hub).files.get(added[0]!)?.bytes)
  expect(rows.map(({ id }) => id)).toEqual(testDocuments(10).flatMap(({ id }, n) => (n === 3 || n === 4 ? [] : id)))
})

test('the same version is the same bytes, wherever it is published', async () => {
  await using one = await startHub({ token })
  await using other = await startHub({ token })
  await run(two, one)
  await run(two, other, { hubUrl: other.origin })
  expect(withoutOrigin(contentOf(other))).toEqual(withoutOrigin(contentOf(one)))
})

test('the signature is published when it is asked for, and only then', async () => {
  await using hub = await startHub({ token })
  await run(two, hub)
  expect(await run(two, hub, { withSignature: true })).toMatchObject({ sent: 2, removed: 2 })
  const { schema } = parquetMetadata(Uint8Array.from(repoOf(hub).files.get(dataOf(hub)[0]!)!.bytes).buffer)
  expect(schema).toContainEqual(expect.objectContaining({ name: 'minhash', type: 'BYTE_ARRAY' }))
})

test('a repository that is somebody’s own stays as it is, unless it is to be replaced', async () => {
  await using hub = await startHub({ token })
  const thesis = { 'README.md': '# My thesis data', 'data/train-00000-of-00099.parquet': 'thesis', 'notes.txt': 'mine' }
  hub.repos.set(repoName, hubRepo(thesis))
  const before = contentOf(hub)
  await expect(run(two, hub)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('--replace') })
  expect(contentOf(hub)).toEqual(before)
  expect(hub.uploaded).toEqual([])
  for (const marker of ['{', '[]', 'null', '{"dataset":"web"}', '{"dataset":"web","version":1,"manifest":"../..","complete":true}', 'x'.repeat(2 ** 17)]) {
    hub.repos.set(repoName, hubRepo({ ...thesis, '.orrery.json': marker }))
    await expect(run(two, hub)).rejects.toMatchObject({ code: 'conflict' })
  }
  await run(two, hub, { replaces: true })
  expect(pathsOf(hub)).not.toContain('data/train-00000-of-00099.parquet')
  expect(textOf(hub, 'notes.txt')).toBe('mine')
  expect(textOf(hub, 'README.md')).toContain('manifest')
  expect(await run(two, hub)).toMatchObject({ commit: undefined })
})

test('what people write into the card stays, and what is ours is written anew', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await makeVersion(world, 20)
  await run(world, hub)
  const card = textOf(hub, 'README.md')
  const gate = `extra_gated_prompt: |\n  Say who you are.\n\n  license: mine\n"extra_gated_fields":\n- name: text\n# for all\n`
  const edited = card
    .replace('---\n', `---\nlicense_link: LICENSE\n`)
    .replace('license: other\n', 'license: mit\n')
    .replace('---\n<!--', `${gate}---\nBefore.\n\n<!--`)
    .replace('documents of the web', 'DOCUMENTS')
  const put = (text: string) => repoOf(hub).files.set('README.md', { bytes: Buffer.from(text), lfs: false })
  put(`${edited}\n## Thanks\n\nTo all --- and <!-- Its end. to none.\n`.replaceAll('\n', '\r\n'))
  await makeVersion(world, 30)
  await run(world, hub)
  const next = textOf(hub, 'README.md')
  expect(next).toContain('num_examples: 30\n')
  expect(next).toMatch(/^---\npretty_name: web\nlicense: other\n/)
  expect(next).toContain(`license_link: LICENSE\n${gate}---\nBefore.\n\n<!-- Written anew`)
  expect(next.endsWith('<!-- Its end. -->\n\n## Thanks\n\nTo all --- and <!-- Its end. to none.\n')).toBe(true)
  expect(next).toMatch(/<!-- Written[^]*30 documents of the web[^]*<!-- Its end/)
  expect(next).not.toContain('DOCUMENTS')
  expect(await run(world, hub)).toMatchObject({ commit: undefined })

  put('# Mine, without a mark')
  await run(world, hub)
  expect(textOf(hub, 'README.md')).toMatch(/^---\npretty_name/)
  expect(textOf(hub, 'README.md')).not.toContain('Mine, without')
  put(next)
  await run(world, hub, { replaces: true })
  expect(textOf(hub, 'README.md')).not.toContain('Thanks')
})

test('a repository of another dataset, of another one of that name, or of a later version is refused', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await makeVersion(world, 5)
  await makeVersion(world, 5, { name: 'other' })
  await run(world, hub)
  await expect(run(world, hub, { name: 'other' })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('the dataset "web", not "other"'),
  })
  await using stranger = await shardWorld()
  await makeVersion(stranger, 6)
  await expect(run(stranger, hub)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('another dataset that is called "web" too') })
  await makeVersion(stranger, 7)
  await expect(run(stranger, hub)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('another dataset') })
  await run(stranger, hub, { replaces: true })
  await expect(run(world, hub)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('newer than version 1') })
})

test('a publication of before, which had no marker, is known by its card', async () => {
  await using hub = await startHub({ token })
  const former = { 'data/train-0123456789abcdef.parquet': 'former' }
  hub.repos.set(repoName, hubRepo({ ...former, 'README.md': formerCard('elsewhere', manifestOfTwo) }))
  await expect(run(two, hub)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('"elsewhere"') })
  hub.repos.set(repoName, hubRepo({ ...former, 'README.md': formerCard('web', manifestOfTwo) }))
  await run(two, hub)
  expect(dataOf(hub)).toHaveLength(2)
  expect(dataOf(hub)).not.toContain('data/train-0123456789abcdef.parquet')
})

test('what everybody may read is asked for once', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await makeVersion(world, 3)
  let asked = 0
  const answering = (answer: boolean) => ({ isPublic: true, mayBePublic: () => Promise.resolve((asked++, answer)) })
  await expect(run(world, hub, answering(false))).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('--public') })
  expect(hub.repos.size).toBe(0)
  await run(world, hub, answering(true))
  expect([repoOf(hub).visibility, asked]).toEqual(['public', 2])
  await makeVersion(world, 4)
  await run(world, hub, answering(false))
  await run(world, hub)
  expect(asked).toBe(2)

  hub.repos.set(repoName, hubRepo({}, 'public'))
  await expect(run(world, hub)).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('is public; pass --public') })
  hub.repos.set(repoName, hubRepo({}, 'private'))
  await expect(run(world, hub, answering(true))).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('is private') })
  expect(asked).toBe(2)
})

test('a dry run says what would be sent, and does nothing', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await makeVersion(world, 20)
  expect(await run(world, hub, { isDry: true })).toMatchObject({ version: 1, commit: undefined, files: 2, sent: 2, removed: 0 })
  expect(hub.repos.size).toBe(0)
  await run(world, hub)
  await makeVersion(world, 5)
  hub.requests.length = 0
  expect(await run(world, hub, { isDry: true })).toMatchObject({ version: 2, commit: undefined, files: 1, sent: 1, removed: 2 })
  expect(hub.requests.filter((asked) => !asked.startsWith('GET '))).toEqual([])
})

test('a tag that is there stays where it is, and that is said', async () => {
  await using hub = await startHub({ token })
  const repo = hubRepo()
  repo.tags.set('v1', 'f'.repeat(40))
  hub.repos.set(repoName, repo)
  expect(await run(two, hub)).toMatchObject({ commit: headOf(repo), tag: { name: 'v1', commit: 'f'.repeat(40) } })
})

test('a file whose content is not what its name says is sent again, and others in its place go', async () => {
  await using hub = await startHub({ token })
  await run(two, hub)
  const whole = contentOf(hub)
  const files = repoOf(hub).files
  files.set(dataOf(hub)[0]!, { bytes: Buffer.from('damaged'), lfs: true }).set('data/train-more.parquet', { bytes: Buffer.from('stray'), lfs: true })
  await run(two, hub)
  expect(contentOf(hub)).toEqual(whole)
  expect(hub.uploaded).toHaveLength(2)
})

test('a dataset without documents is a card', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await makeVersion(world, 2)
  await makeVersion(world, 2, { deletes: [0, 1] })
  expect(await run(world, hub)).toMatchObject({ version: 2, files: 0, commit: expect.any(String) })
  expect(pathsOf(hub)).toEqual(['.gitattributes', '.orrery.json', 'README.md', 'croissant.json'])
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

  const next = await makeVersion(world, 4)
  expect(await Array.fromAsync(versionFiles(world.store, next.manifest))).not.toEqual([])
  expect(await run(world, hub)).toMatchObject({ version: 3, commit: expect.any(String) })
})
