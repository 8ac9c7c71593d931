import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { decodeDocuments } from '#schemas/parquet/decode.ts'
import { pageRecord } from '#test/golden/warc.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { warcPages } from '../source/warc.ts'
import { job, openBench } from './bench.fixture.ts'
import { good, send } from './pages.fixture.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-archives-'))
})
afterEach(() => rm(folder, { recursive: true }))

const jobs = [job('all', ['http://a.localhost/'], ['http://a.localhost/*', 'http://archived.example/*'])]
const record = (path: string, body: string, headers: Record<string, string> = {}) =>
  gzipSync(pageRecord(`http://archived.example${path}`, body, { 'Content-Type': 'text/html', ...headers }))
type Bench = Awaited<ReturnType<typeof openBench>>
async function documentsOf({ store }: Bench) {
  const keys = (await Array.fromAsync(store.list(''), ({ key }) => key)).filter((key) => key.endsWith('.parquet'))
  return (await Promise.all(keys.map(async (key) => decodeDocuments(await store.get(key))))).flat()
}
const rejectsOf = async (bench: Bench) => (await bench.rejects()).map(({ subject, reason }: { subject: string; reason: string }) => [subject, reason])

test('pages of an archive become documents with their own address and date; nobody asks their site, and no link is followed', async () => {
  const path = join(folder, 'x.warc.gz')
  const records = [
    record('/1', good(11, ['/behind', 'http://a.localhost/behind'])),
    record('/noai', good(12), { 'X-Robots-Tag': 'noai' }),
    record('/binary', '%PDF', { 'Content-Type': 'application/pdf' }),
    gzipSync(pageRecord('http://unwanted.example/', good(13))),
    record('/2', good(14)),
  ]
  await writeFile(path, Buffer.concat(records))
  await using site = await openSite({ 'a.localhost': { '/': good(1) } })
  await using bench = await openBench(site, { jobs, settings: { warcs: [path, join(folder, 'none.warc')] } })
  await bench.cycle()
  const archived = (await documentsOf(bench)).filter(({ host }) => host === 'archived.example')
  expect(archived.map(({ uri }) => uri).toSorted()).toEqual(['http://archived.example/1', 'http://archived.example/2'])
  expect(archived[0]).toMatchObject({ fetched_at: new Date('2026-01-02T03:04:05Z'), rights: { robots: 'not_asked' }, version: 1, label: 'all' })
  expect(await rejectsOf(bench)).toEqual([
    ['http://archived.example/noai', 'noai'],
    ['http://archived.example/binary', 'not_html'],
    [join(folder, 'none.warc'), 'not_found'],
  ])
  expect(site.requests.map(({ path }) => path)).not.toContain('/behind')

  await bench.cycle()
  expect((await rejectsOf(bench)).map(([subject]) => subject)).toEqual([
    'http://archived.example/noai',
    'http://archived.example/binary',
    join(folder, 'none.warc'),
    join(folder, 'none.warc'),
  ])
})

test('an archive on the web is read in parts from a host whose robots.txt allows it; a torn one gives what came before', async () => {
  const bytes = Buffer.concat([record('/1', good(11)), record('/2', good(12)).subarray(0, 100)])
  await using site = await openSite({
    'a.localhost': { '/': good(1) },
    'data.localhost': { '/x.warc.gz': send(bytes), '/robots.txt': 'User-agent: *\nDisallow: /closed' },
  })
  const locations = ['http://data.localhost/x.warc.gz', 'http://data.localhost/closed.warc.gz']
  await using bench = await openBench(site, { jobs, settings: { warcs: locations } })
  await bench.cycle()
  expect((await documentsOf(bench)).map(({ uri }) => uri).toSorted()).toEqual(['http://a.localhost/', 'http://archived.example/1'])
  expect(await rejectsOf(bench)).toEqual([
    [locations[0], 'invalid_record'],
    [locations[1], 'forbidden'],
  ])
  expect(site.paths('data.localhost')).toEqual(['/robots.txt', '/x.warc.gz'])
})

test('records that are damaged are rejects, up to 100, and all that is passed over is counted; a second cycle tells them no more', async () => {
  const path = join(folder, 'x.warc.gz')
  const undated = pageRecord('http://archived.example/undated', good(15)).toString().replace('2026-01-02', '2026-01-294')
  const garbage = Array.from({ length: 120 }, () => [Buffer.from('garbage'), gzipSync(pageRecord('http://archived.example/gone', 'x', {}, 404))])
  await writeFile(path, Buffer.concat([record('/1', good(11)), gzipSync(undated), ...garbage.flat(), record('/2', good(12))]))
  await using site = await openSite({ 'a.localhost': { '/': good(1) } })
  await using bench = await openBench(site, { jobs, settings: { warcs: [path] } })
  const read: unknown[] = []
  bench.telemetry.listen(({ name, fields }) => name === 'crawl.archive_read' && read.push(fields))
  await bench.cycle()
  const told = await bench.rejects()
  expect(told).toHaveLength(100)
  expect(told.slice(0, 2)).toMatchObject([
    { subject: path, reason: 'no_date', details: { record: 1, url: 'http://archived.example/undated' } },
    { subject: path, reason: 'invalid_record', details: { record: 2, problem: 'a part of the file cannot be unpacked' } },
  ])
  expect(read).toMatchObject([{ location: path, taken: 2, passed_over: { no_date: 1, invalid_record: 120, http_404: 120 } }])
  expect((await documentsOf(bench)).map(({ uri }) => uri).toSorted()).toEqual(['http://a.localhost/', 'http://archived.example/1', 'http://archived.example/2'])
  await bench.cycle()
  expect(await bench.rejects()).toHaveLength(100)
})

test('what was asked and answered is kept, if wanted, and reads as a source', async () => {
  await using site = await openSite({ 'a.localhost': { '/': send(good(1, ['/gone']), { etag: '"1"' }) } })
  const bench = await openBench(site, { jobs, settings: { warc: true, contact: 'http://c.example' } })
  const file = join(bench.dataDir, 'warc', 'miner-1-00001.warc.gz')
  let bytes: Buffer
  {
    await using running = bench
    await running.cycle()
    await running.miner[Symbol.asyncDispose]()
    bytes = await readFile(file)
  }
  const once = async function* () {
    yield bytes
  }
  const pages = await Array.fromAsync(warcPages(once(), { pageBytesMax: 1e6 }))
  expect(pages.map(({ fetched }) => [fetched.url, fetched.headers['etag']])).toEqual([['http://a.localhost/', '"1"']])
  expect(Buffer.from(pages[0]?.fetched.body ?? '').toString()).toBe(good(1, ['/gone']))
})

const twice: Page = (response) =>
  void response.writeHead(200, { 'content-type': 'text/html', 'tdm-reservation': ['0', '1'], 'x-robots-tag': ['other: all', 'noarchive'] }).end(good(2))

test('a reservation that is sent twice is obeyed, of a page that is asked for and of one that is read from our own archive', async () => {
  await using site = await openSite({ 'a.localhost': { '/': good(1, ['/twice']), '/twice': twice } })
  const path = join(folder, 'ours.warc.gz')
  {
    await using live = await openBench(site, { jobs, settings: { warc: true } })
    await live.cycle()
    expect(await rejectsOf(live)).toEqual([['http://a.localhost/twice', 'tdm_reserved']])
    await live.miner[Symbol.asyncDispose]()
    await writeFile(path, await readFile(join(live.dataDir, 'warc', 'miner-1-00001.warc.gz')))
  }
  await using archived = await openBench(await openSite({}), { jobs: [job('all', [], ['http://a.localhost/*'])], settings: { warcs: [path] } })
  await archived.cycle()
  expect(await rejectsOf(archived)).toEqual([['http://a.localhost/twice', 'tdm_reserved']])
  expect((await documentsOf(archived)).map(({ uri }) => uri)).toEqual(['http://a.localhost/'])
})

test('a page of an archive that throws, while it is read or kept, is one reject; the others are taken', async () => {
  const path = join(folder, 'x.warc.gz')
  await writeFile(path, Buffer.concat(['/1', '/reads', '/2', '/keeps', '/3'].map((place, n) => record(place, good(21 + n)))))
  await using site = await openSite({ 'a.localhost': { '/': good(1) } })
  await using bench = await openBench(site, {
    jobs,
    settings: { warcs: [path] },
    plant: ({ pages, documents }) => ({
      pages: { ...pages, read: (task, signal) => (task.fetched.url.endsWith('/reads') ? Promise.reject(new RangeError('planted')) : pages.read(task, signal)) },
      documents: {
        ...documents,
        add: (messages) => (JSON.stringify(messages).includes('archived.example/keeps') ? Promise.reject(new TypeError('planted')) : documents.add(messages)),
      },
    }),
  })
  await bench.cycle()
  const kept = (await documentsOf(bench)).filter(({ host }) => host === 'archived.example').map(({ uri }) => new URL(uri).pathname)
  expect(kept.toSorted()).toEqual(['/1', '/2', '/3'])
  expect(await rejectsOf(bench)).toEqual([
    ['http://archived.example/reads', 'internal'],
    ['http://archived.example/keeps', 'internal'],
  ])
})
