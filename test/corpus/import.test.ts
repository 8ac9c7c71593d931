import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readDocuments } from '#dataset/documents.ts'
import { importSources, type ImportChoice, type ImportedFile, type ImportRequest } from '#dataset/import/import.ts'
import { ingest } from '#dataset/ingest/ingest.ts'
import { systemClock } from '#infra/clock.ts'
import { openImportReader } from '#scraper/import/import-reader.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Document } from '#schemas/document.ts'
import type { ImportReader } from '#schemas/import-reader.ts'
import { lineage } from '#schemas/lineage.ts'
import type { Reject } from '#schemas/stage.ts'
import { goldenOrigin, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { pageRecord, warcRecord } from '#test/golden/warc.ts'
import { manualClock } from '#test/manual-clock.ts'
import { story } from '#test/site/story.ts'
import { dyingAfter } from '#test/golden/dying.ts'

const { signal } = new AbortController()
const begunAt = Date.UTC(2026, 5, 1)
let shared: ImportReader
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-import-'))
  const block_list = join(folder, 'blocked')
  await writeFile(block_list, 'blocked.example\n')
  const settings = { document_threads: 1, obey_rights: true, markdown: false, page_bytes_max: 2 ** 20, block_list }
  shared = await openImportReader({
    dataDir: folder,
    name: 'import-test',
    telemetry: { count: () => undefined, event: () => undefined },
    facts: manualClock(begunAt),
    pace: systemClock(),
    settings,
  })
})
afterAll(async () => {
  await shared[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

interface Imported {
  files: ImportedFile[]
  rejects: Reject[]
}

async function imported(world: ShardWorld, sources: readonly string[], choice: ImportChoice = {}, parts: Partial<ImportRequest> = {}): Promise<Imported> {
  const rejects: Reject[] = []
  const request = {
    ...world,
    signer: await world.signer('importer'),
    dataset: 'web',
    sources,
    choice,
    reader: { ...shared, reject: async (reject: Reject) => void rejects.push(reject) },
    folder: join(world.dir, 'imports'),
    spool: join(world.dir, 'spool'),
    origin: goldenOrigin,
    facts: manualClock(begunAt),
    signal,
    ...parts,
  }
  return { files: await Array.fromAsync(importSources(request)), rejects }
}

async function documentsOf(world: ShardWorld): Promise<Document[]> {
  const { entry } = await ingest({ ...world, name: 'web', origin: goldenOrigin, signal })
  const documents = entry ? await Array.fromAsync(readDocuments(world.store, entry.manifest, signal)) : []
  return documents.toSorted((a, b) => (a.uri < b.uri ? -1 : 1))
}

async function fileOf(world: ShardWorld, name: string, bytes: string | Uint8Array): Promise<string> {
  const path = join(world.dir, 'sources', name)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, bytes)
  return path
}

type Column = Parameters<typeof parquetWriteBuffer>[0]['columnData'][number]
const strings = (names: readonly string[], values: Readonly<Record<string, unknown[]>>, rows: number): Column[] =>
  names.map(
    (name) =>
      ({
        name,
        data: values[name] ?? Array.from({ length: rows }, () => `${name}`),
        type: values[name]?.[0] instanceof Date ? 'TIMESTAMP' : 'STRING',
        nullable: true,
      }) as Column,
  )
const parquet = (columnData: Column[], rowGroupSize?: number): Uint8Array =>
  new Uint8Array(parquetWriteBuffer({ columnData, codec: 'SNAPPY', ...(rowGroupSize !== undefined && { rowGroupSize }) }))
const page = (n: number, head = '') => `<html lang="en"><head><title>Page ${n}</title>${head}</head><body><main><p>${story(n)}</p></main></body></html>`
const torn = (bytes: Uint8Array): Uint8Array => bytes.slice(0, Math.floor(bytes.length * 0.9))
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
const lines = (rows: readonly unknown[]): string => rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n')

const xColumns =
  'datetime label username text tweet_hashtags timestamp url media user_id user_display_name user_verified tweet_id is_reply is_quote conversation_id in_reply_to_user_id language in_reply_to_username quoted_tweet_id like_count retweet_count reply_count quote_count view_count bookmark_count user_blue_verified user_description user_location profile_image_url cover_picture_url user_followers_count user_following_count scraped_at'.split(
    ' ',
  )
const redditColumns =
  'datetime label id username communityName body title createdAt dataType parentId url media is_nsfw score upvote_ratio num_comments scrapedAt'.split(' ')

test("Data Universe's posts of X and Reddit become documents of their times, labels and authors", async () => {
  await using world = await shardWorld()
  const at = new Date('2026-03-01T10:00:00Z')
  const x = parquet(
    strings(
      xColumns,
      {
        datetime: [at, at, at],
        label: ['#TAO', null, `#${'x'.repeat(200)}`],
        text: ['Just bought a very old boat', 'Write to me at somebody@posteo.de please', ''],
        url: ['https://x.com/a/status/1', 'https://x.com/b/status/2', 'https://x.com/c/status/3'],
        username: ['ann', 'bob', 'eve'],
        scraped_at: ['2026-03-01T11:00:00Z', '2026-03-01 12:00:00', 'never'],
      },
      3,
    ),
  )
  const reddit = parquet(
    strings(
      redditColumns,
      {
        datetime: ['2026-02-01T00:00:00+00:00', '2026-02-02T00:00:00+00:00'],
        label: ['r/Boats', 'r/boats'],
        body: ['Which boat do you have, and why that one?', ''],
        title: ['Boats', 'A title is all there is of this post'],
        url: ['https://www.reddit.com/r/boats/comments/1/', 'https://www.reddit.com/r/boats/comments/2/'],
        scrapedAt: ['2026-02-03T00:00:00Z', '2026-02-03T00:00:00Z'],
      },
      2,
    ),
  )
  expect([xColumns.length, redditColumns.length]).toEqual([33, 17])
  const { files, rejects } = await imported(world, [await fileOf(world, 'x.parquet', x), await fileOf(world, 'r.parquet', reddit)])
  expect(files.map(({ schema, rows, taken, rejected }) => [schema, rows, taken, rejected])).toEqual([
    ['x', 3, 2, [['empty', 1]]],
    ['reddit', 2, 2, []],
  ])
  expect(rejects).toMatchObject([{ subject: expect.stringMatching(/x\.parquet#row 2$/), reason: 'empty', details: { column: 'text' } }])
  const documents = await documentsOf(world)
  expect(documents).toMatchObject([
    {
      text: 'Boats\n\nWhich boat do you have, and why that one?',
      label: 'r/boats',
      source: 1,
      page_type: 'forum',
      site_name: 'Reddit',
      job_id: 'import.web.reddit',
    },
    { text: 'A title is all there is of this post' },
    {
      text: 'Just bought a very old boat',
      label: '#tao',
      source: 2,
      author: 'ann',
      host: 'x.com',
      datetime: at,
      published_at: at,
      published_by: 'meta',
      fetched_at: new Date('2026-03-01T11:00:00Z'),
    },
    { text: 'Write to me at [email] please', label: 'x', personal_data: { email: 1 }, fetched_at: new Date('2026-03-01T12:00:00Z') },
  ])
})

test('FineWeb is held to the rules of pages, and dated by its crawl', async () => {
  await using world = await shardWorld()
  const names = ['text', 'id', 'dump', 'url', 'date', 'file_path', 'language', 'language_score', 'token_count']
  const texts = [story(1), 'Too short.', story(2)]
  const bytes = parquet(
    strings(
      names,
      { text: texts, url: ['https://a.example/1', 'https://a.example/2', 'https://a.example/3?utm_source=x'], date: Array(3).fill('2013-05-18T07:24:47Z') },
      3,
    ),
    2,
  )
  const path = await fileOf(world, 'fineweb.parquet', bytes)
  const { files } = await imported(world, [path])
  expect(files).toMatchObject([{ schema: 'fineweb', rows: 3, taken: 2, rejected: [['gopher_too_short', 1]] }])
  const crawled = new Date('2013-05-18T07:24:47Z')
  expect(await documentsOf(world)).toMatchObject([
    { text: story(1), label: 'fineweb', lang: 'en', source: 8, datetime: crawled, fetched_at: crawled, published_at: null, published_by: 'none' },
    { uri: 'https://a.example/3', url: 'https://a.example/3?utm_source=x' },
  ])
  await using kept = await shardWorld()
  expect((await imported(kept, [path], { isJudged: false, label: 'mine', licence: 'CC BY 4.0' })).files).toMatchObject([{ taken: 3 }])
  expect(await documentsOf(kept)).toMatchObject(
    Array.from({ length: 3 }, () => ({ label: 'mine', rights: { licence: 'CC-BY-4.0', licence_scope: 'page', robots: 'not_asked' } })),
  )
})

test('lines of JSON come plain or packed, members and frames behind each other; a bad one costs itself', async () => {
  await using world = await shardWorld()
  const good = Array.from({ length: 6 }, (_, n) => ({
    text: story(10 + n),
    metadata: { url: `https://b.example/${n}`, date: '2024-05-06' },
    license: 'cc-by-4.0',
  }))
  const bad = [
    '{"text": ',
    '[1]',
    '7',
    '',
    { text: 7 },
    { text: ' \n ' },
    { no: 'text' },
    '{"__proto__": {"text": "x"}, "constructor": 1}',
    { text: story(30), label: 'l'.repeat(141) },
  ]
  const sources = [
    await fileOf(world, 'a.jsonl', `\uFEFF${lines([good[0], ...bad, good[1]])}`),
    await fileOf(world, 'b.jsonl.gz', Buffer.concat([gzipSync(`${lines([good[2]])}\n`), gzipSync(lines([good[3]]))])),
    await fileOf(world, 'c.jsonl.zst', Buffer.concat([zstdCompressSync(`${lines([good[4]])}\r\n`), zstdCompressSync(`${lines([good[5]])}\r\n`)])),
  ]
  const { files, rejects } = await imported(world, sources)
  expect(files.map(({ rows, taken, problem }) => [rows, taken, problem])).toEqual([
    [10, 3, null],
    [2, 2, null],
    [2, 2, null],
  ])
  expect(files[0]?.rejected).toEqual([
    ['empty', 4],
    ['not_json', 1],
    ['not_object', 2],
  ])
  expect(rejects[0]).toMatchObject({ subject: expect.stringMatching(/a\.jsonl#line 2$/), reason: 'not_json', stage: 'import' })
  const documents = await documentsOf(world)
  expect(documents.map(({ uri }) => uri)).toEqual([
    expect.stringMatching(/^http:\/\/import\.invalid\/[0-9a-f]{32}$/),
    ...good.map(({ metadata: { url } }) => url),
  ])
  expect(documents[1]).toMatchObject({ fetched_at: new Date('2024-05-06'), rights: { licence: 'CC-BY-4.0' } })
  // What says no time is of the import.
  expect(documents[0]).toMatchObject({ host: 'import.invalid', datetime: new Date(begunAt), label: 'l'.repeat(140) })
})

test('records of CSV have columns, quotes and lines; what is blocked, of another count of fields, or of the future is taken for what it is', async () => {
  await using world = await shardWorld()
  const text = `${story(70)}\n\nShe said "no, never", and left.`
  const rows = [
    '\uFEFFurl,text,published,constructor',
    `https://g.example/1,${quoted(text)},2026-05-01,x`,
    `https://www.blocked.example/,${quoted(story(71))},,x`,
    `https://blocked.example/,${quoted(story(72))},,x`,
    'too,few',
    '',
    `https://g.example/2,${story(73).replaceAll(',', '')},2126-05-01,`,
  ]
  const bytes = rows.join('\r\n')
  const { files, rejects } = await imported(world, [
    await fileOf(world, 'a.csv', bytes),
    await fileOf(world, 'b.csv.gz', gzipSync(bytes)),
    await fileOf(world, 'c.csv', 'text\n"open'),
  ])
  expect(files.map(({ rows: seen, taken, problem }) => [seen, taken, problem === null])).toEqual([
    [5, 3, true],
    [5, 3, true],
    [0, 0, false],
  ])
  expect(rejects.slice(0, 2)).toMatchObject([
    { reason: 'blocked', details: { column: 'url' } },
    { reason: 'field_count', subject: expect.stringMatching(/a\.csv#row 3$/) },
  ])
  expect(await documentsOf(world)).toMatchObject([
    { text, uri: 'https://g.example/1', published_at: new Date('2026-05-01') },
    { uri: 'https://g.example/2', published_at: null, datetime: new Date(begunAt) },
    { uri: 'https://www.blocked.example/' },
  ])
})

test('the pages of a WARC become documents as they would of a crawl, and what its owner withholds does not', async () => {
  await using world = await shardWorld()
  const path = await fileOf(
    world,
    'pages.warc.gz',
    Buffer.concat([
      gzipSync(warcRecord('warcinfo', 'software: x')),
      gzipSync(pageRecord('http://c.example/a', page(40))),
      gzipSync(pageRecord('http://c.example/b', page(41, '<meta name="robots" content="noai">'))),
      gzipSync(pageRecord('http://c.example/c', page(42))),
    ]),
  )
  const { files } = await imported(world, [path])
  expect(files).toMatchObject([{ schema: 'warc', rows: 3, taken: 2, rejected: [['noai', 1]] }])
  expect(await documentsOf(world)).toMatchObject([
    { uri: 'http://c.example/a', title: 'Page 40', label: 'warc', rights: { robots: 'not_asked' }, fetched_at: new Date('2026-01-02T03:04:05Z') },
    { uri: 'http://c.example/c' },
  ])
})

test('a folder is read by the default config of its card, or whole where it has none', async () => {
  await using world = await shardWorld()
  const put = (name: string, n: number) => fileOf(world, `set/${name}`, lines([{ text: story(n), url: `https://d.example/${n}` }]))
  for (const [n, name] of ['data/train-00000.jsonl', 'data/test-00000.jsonl', 'extra/more.jsonl', '.cache/x.jsonl'].entries()) await put(name, 50 + n)
  await fileOf(world, 'set/notes.txt', 'nothing')
  const source = join(world.dir, 'sources', 'set')
  const card =
    '---\nlicense: mit\nconfigs:\n- config_name: extra\n  data_files: extra/*.jsonl\n- config_name: default\n  data_files:\n  - split: train\n    path: "data/train-*"\n  - split: test\n    path:\n    - data/test-00000.jsonl\nsize: 1\n---\n# A set\n'
  await fileOf(world, 'set/README.md', card)
  const pathsOf = ({ files }: Imported) => files.map(({ path, isKnown }) => `${path.slice(source.length + 1)}${isKnown ? ' known' : ''}`)
  expect(pathsOf(await imported(world, [source]))).toEqual(['data/test-00000.jsonl', 'data/train-00000.jsonl'])
  expect(pathsOf(await imported(world, [source], { config: 'extra' }))).toEqual(['extra/more.jsonl'])
  await expect(imported(world, [source], { config: 'more' })).rejects.toThrow('there are extra, default')
  await rm(join(source, 'README.md'))
  // Opening it would wait for somebody who writes, for ever.
  const pipe = join(source, 'pipe.jsonl')
  await promisify(execFile)('mkfifo', [pipe])
  await expect(imported(world, [pipe])).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('pipe') })
  expect(pathsOf(await imported(world, [source]))).toEqual(['data/test-00000.jsonl known', 'data/train-00000.jsonl known', 'extra/more.jsonl'])
  await fileOf(world, 'set/empty/dataset_infos.json', '{}')
  for (const wrong of [join(source, 'notes.txt'), join(source, 'none'), join(source, 'empty')])
    await expect(imported(world, [wrong])).rejects.toMatchObject({ code: expect.stringMatching(/invalid_argument|not_found/) })
})

test('the same file again brings nothing new, whatever it is called', async () => {
  await using world = await shardWorld()
  const bytes = lines([{ text: story(60) }, { text: story(61) }])
  await imported(world, [await fileOf(world, 'one.jsonl', bytes)])
  const before = await documentsOf(world)
  expect((await imported(world, [await fileOf(world, 'other.jsonl', bytes)])).files).toMatchObject([{ isKnown: true, rows: 0 }])
  // Without the notes it is read once more, and its documents are there already.
  await rm(join(world.dir, 'imports'), { recursive: true })
  await imported(world, [await fileOf(world, 'one.jsonl', bytes)], {}, { facts: manualClock(begunAt + 1e9) })
  expect(await documentsOf(world)).toEqual(before)
})

test('what an import has had in mind is not kept for ever: of its snapshots the newest stay', async () => {
  await using world = await shardWorld()
  const line = lineage.snapshot((await world.signer('importer')).address, 'import.web.rows')
  for (let n = 0; n < 12; n++) await imported(world, [await fileOf(world, 'a.jsonl', lines([{ text: story(800 + n) }]))], {}, { facts: systemClock() })
  const kept = await world.catalog.history(line, { limit: 100 })
  expect(kept.map(({ version }) => version)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3])
  expect(kept[0]?.manifest.files).toHaveLength(12)
})

test('a damaged file is told in one line and costs what is behind the damage alone', async () => {
  await using world = await shardWorld()
  const rows = Array.from({ length: 120 }, (_, n) => ({ text: story(100 + n), url: `https://e.example/${n}` }))
  const columns = strings(['text', 'url'], { text: rows.slice(0, 20).map(({ text }) => text), url: rows.slice(0, 20).map(({ url }) => url) }, 20)
  const whole = parquet(columns, 10)
  const dented = Uint8Array.from(whole)
  // In the second row group.
  dented.fill(0xff, Math.floor(whole.length / 2), Math.floor(whole.length / 2) + 200)
  const sources = [
    await fileOf(world, 'torn.jsonl.gz', torn(gzipSync(lines(rows)))),
    await fileOf(world, 'torn.jsonl.zst', torn(zstdCompressSync(lines(rows)))),
    await fileOf(world, 'dented.parquet', dented),
    await fileOf(world, 'torn.parquet', torn(whole)),
    await fileOf(world, 'none.parquet', 'PAR1'),
    await fileOf(world, 'numbers.parquet', parquet([{ name: 'n', data: [1, 2], type: 'INT32' }] as Column[])),
    await fileOf(world, 'array.json', '[\n  {"text": "x"}\n]'),
    await fileOf(world, 'object.json', '{\n  "rows": [\n    {}\n  ]\n}'),
    await fileOf(world, 'words.json', 'a story\n\n"of words"\n'),
    await fileOf(world, 'bomb.jsonl.gz', gzipSync(Buffer.alloc(80 * 2 ** 20))),
    await fileOf(world, 'good.jsonl', lines([{ text: story(99), url: 'https://e.example/good' }])),
  ]
  const { files } = await imported(world, sources, { isJudged: false })
  expect(files.map(({ problem }) => problem !== null)).toEqual([...Array.from({ length: 10 }, () => true), false])
  for (const { problem } of files) expect(problem ?? '').not.toContain('\n')
  expect(files[0]?.problem).toMatch(/torn\.jsonl\.gz cannot be read on from line \d+ \(/)
  expect(files[2]).toMatchObject({ rows: 10, problem: expect.stringContaining('from row 10') })
  expect(files[5]?.problem).toContain('has no column text or content')
  expect(files[6]?.problem).toContain('it is one array')
  expect(files[7]?.problem).toContain('it is one object over many lines')
  expect(files[8]).toMatchObject({ rows: 0, problem: expect.stringContaining('words.json has no row that can be read (line 1: ') })
  expect(files[9]?.problem).toContain('beyond measure')
  expect((await documentsOf(world)).map(({ uri }) => uri)).toContain('https://e.example/good')
})

test('of long rows few are read at the same time', async () => {
  await using world = await shardWorld()
  const text = 'x'.repeat(2 ** 20)
  let [pending, most, read] = [0, 0, 0]
  const reader: ImportReader = {
    ...shared,
    reject: () => Promise.resolve(),
    async readText({ text: { length } }) {
      most = Math.max(most, (pending += length))
      await new Promise((resolve) => setTimeout(resolve, 50))
      pending -= length
      read++
      return 'too_long'
    },
  }
  await imported(world, [await fileOf(world, 'long.jsonl', lines(Array.from({ length: 20 }, () => ({ text }))))], {}, { reader })
  expect(read).toBe(20)
  expect(most).toBeLessThanOrEqual(2 ** 23)
})

test('an import that is cut off at any write comes to the same when it is done again', async () => {
  const rows = Array.from({ length: 4 }, (_, n) => ({ text: story(500 + n) }))
  await using reference = await shardWorld()
  await imported(reference, [await fileOf(reference, 'a.jsonl', lines(rows)), await fileOf(reference, 'p.jsonl', lines([{ text: story(600), label: 'p' }]))])
  const line = lineage.snapshot((await reference.signer('importer')).address, 'import.web.rows')
  const wanted = (await reference.catalog.head(line))?.manifest.files.map(({ file }) => file.sha256)

  await using world = await shardWorld()
  const sources = [await fileOf(world, 'a.jsonl', lines(rows)), await fileOf(world, 'p.jsonl', lines([{ text: story(600), label: 'p' }]))]
  for (let writes = 0; ; writes++) {
    const dying = dyingAfter(writes)
    const parts = {
      store: { ...world.store, put: dying(world.store.put) },
      catalog: { ...world.catalog, commit: dying(world.catalog.commit) as Catalog['commit'] },
      facts: manualClock(begunAt + writes * 1e7),
    }
    const done = await imported(world, sources, {}, parts).catch((error: unknown) => String(error))
    if (done === 'Error: killed') continue
    // The shard, the list of its rows, and the snapshot.
    expect(writes).toBe(3)
    break
  }
  expect((await world.catalog.head(line))?.manifest.files.map(({ file }) => file.sha256).length).toBe(wanted?.length)
  expect(JSON.parse(await readFile(join(world.dir, 'imports', 'web', 'rows.json'), 'utf8'))).toMatchObject({ begunAt: null, pending: null })
  expect(await Array.fromAsync(world.store.list('data/'))).toHaveLength(2 * (wanted?.length ?? 0))
})
