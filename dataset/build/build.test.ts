import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Catalog } from '#schemas/catalog.ts'
import type { Document } from '#schemas/document.ts'
import { families, lineage } from '#schemas/lineage.ts'
import { manualClock } from '#test/manual-clock.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putShard, putSnapshot, shardWorld, tokensGroupsOf, type ShardWorld } from '#test/golden/shards.ts'
import { readDocuments } from '../documents.ts'
import { ingest } from '../ingest/ingest.ts'
import { openDataset } from '../service.ts'
import { versionFiles } from '../version-files.ts'
import { build, planBuild, rootOf, type BuildRequest } from './build.ts'
import type { Criteria } from './criteria.ts'
import { LeastKeys } from './least-keys.ts'
import { dyingAfter } from '#test/golden/dying.ts'
import { everything } from './criteria.fixture.ts'

const { signal } = new AbortController()

const requestOf = (world: ShardWorld, criteria: Partial<Criteria> | undefined, parts: Partial<BuildRequest> = {}): BuildRequest => ({
  ...world,
  name: 'some',
  origin: goldenOrigin,
  from: { dataset: 'web' },
  criteria: criteria && { ...everything, ...criteria },
  signal,
  ...parts,
})

async function built(world: ShardWorld, criteria: Partial<Criteria> | undefined, parts: Partial<BuildRequest> = {}) {
  const request = requestOf(world, criteria, parts)
  const planned = await planBuild(request)
  const { changed, entry } = await build(request, planned)
  if (!entry) throw new Error('nothing was built')
  const documents = await Array.fromAsync(readDocuments(world.store, entry.manifest, signal))
  return { planned, changed, entry, documents, ids: documents.map(({ id }) => id).toSorted(), root: rootOf(entry.manifest) }
}

const take = (world: ShardWorld) => ingest({ ...world, name: 'web', origin: goldenOrigin, signal })
const idsOf = (documents: readonly Document[]): string[] => documents.map(({ id }) => id).toSorted()

/** Twelve documents in two jobs and three files. */
const varied = Array.from({ length: 12 }, (_, n) =>
  testDocument(n, {
    label: ['docs', 'constructor', '__proto__'][n % 3] ?? '',
    lang: ['en', 'de'][n % 2] ?? '',
    uri: `https://${['a.example', 'b.example:8443', 'c.example'][n % 3]}/page/${n}`,
    quality: { word_count: 40 + 5 * n, stop_words: 3 },
  }),
)
async function variedWorld(options: Parameters<typeof shardWorld>[0] = {}): Promise<ShardWorld> {
  const world = await shardWorld(options)
  const signer = await world.signer('a')
  await putSnapshot(world, { signer, jobId: 'one', shards: [{ documents: varied.slice(0, 5) }, { documents: varied.slice(5, 8) }] })
  await putShard(world, { signer, jobId: 'two', documents: varied.slice(8) })
  await take(world)
  return world
}

test('a built version has the documents that keep to all criteria, and what it says of them is so', async () => {
  await using world = await variedWorld()
  const wanted = (keeps: (document: Document, n: number) => boolean): string[] => idsOf(varied.filter(keeps))
  const cases: [Partial<Criteria>, string[]][] = [
    [{ labels: ['__proto__'] }, wanted(({ label }) => label === '__proto__')],
    [{ labels: ['constructor', 'docs'], langs: ['de'] }, wanted(({ label, lang }) => label !== '__proto__' && lang === 'de')],
    [{ jobs: ['two'] }, idsOf(varied.slice(8))],
    [{ hosts: ['b.example'] }, wanted((_, n) => n % 3 === 1)],
    [{ hosts: ['b.example:8443', 'c.example'] }, wanted((_, n) => n % 3 !== 0)],
    [{ licences: ['mit'] }, wanted((_, n) => n % 2 === 0)],
    [{ since: varied[3]!.datetime.toISOString(), until: varied[9]!.datetime.toISOString() }, wanted((_, n) => n >= 3 && n < 9)],
    [{ min_quality: 1 }, wanted((_, n) => 40 + 5 * n >= 50)],
    [{ min_quality: 0.5 }, idsOf(varied)],
  ]
  for (const [criteria, ids] of cases) {
    const { entry, documents, ...found } = await built(world, criteria)
    expect(found.ids, JSON.stringify(criteria)).toEqual(ids)
    const { manifest } = entry
    expect(manifest.documents).toBe(ids.length)
    expect(manifest.text_bytes).toBe(documents.reduce((sum, { text_bytes }) => sum + text_bytes, 0))
    const labels = Map.groupBy(documents, ({ label }) => label)
    expect(manifest.labels).toEqual([...labels].map(([label, { length }]) => [label, length]).toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)))
    const files = await Array.fromAsync(versionFiles(world.store, manifest))
    expect(manifest.dropped.reduce((sum, [, count]) => sum + count, 0)).toBe(files.reduce((sum, { file }) => sum + file.rows, 0) - ids.length)
    expect(files.every(({ file }) => file.key.startsWith('datasets/web/data/'))).toBe(true)
  }
  const own = (await Array.fromAsync(world.store.list('datasets/some/'))).map(({ key }) => key.split('/')[2])
  expect(new Set(own)).toEqual(new Set(['current', 'deletes', 'gone', 'lists']))
})

test('the same choice has the same root, and is no new version', async () => {
  await using world = await variedWorld()
  const first = await built(world, { langs: ['en'] })
  const again = await built(world, { langs: ['en'] })
  expect([first.changed, again.changed, again.entry]).toEqual([true, false, first.entry])
  await built(world, { langs: ['de'] })
  const back = await built(world, { langs: ['en'] })
  expect([back.changed, back.entry.version, back.root]).toEqual([true, 3, first.root])
})

test('built anew by its recipe it has what its source has now, and says what is gone', async () => {
  await using world = await variedWorld()
  const first = await built(world, { langs: ['en'] })
  const signer = await world.signer('a')
  await putSnapshot(world, { signer, jobId: 'one', shards: [{ documents: varied.slice(0, 5), deletes: [2] }, { documents: [testDocument(30)] }] })
  await take(world)
  const next = await built(world, undefined)
  const wanted = [...varied.filter(({ lang }, n) => lang === 'en' && n !== 2 && (n < 5 || n >= 8)), testDocument(30)]
  expect(next.ids).toEqual(idsOf(wanted))
  expect(next.entry.manifest).toMatchObject({ parent: first.entry.sha256, recipe: { langs: ['en'], source: { version: 2 } } })
  const gone = Buffer.from(await world.store.get(next.entry.manifest.gone?.key ?? '')).toString('hex')
  expect(gone.match(/.{64}/g)).toEqual(first.ids.filter((id) => !next.ids.includes(id)))
  // The version it was chosen from is still there.
  const former = await built(world, undefined, { from: { dataset: 'web', version: 1 } })
  expect([former.ids, former.root]).toEqual([first.ids, first.root])
})

test('a sample follows from its seed and the texts, wherever they stand', async () => {
  await using world = await variedWorld()
  const sample = (seed: number) => built(world, { max_rows: 5, sample_seed: seed })
  const [one, other] = [await sample(1), await sample(2)]
  expect([one.documents.length, other.documents.length]).toEqual([5, 5])
  expect(one.ids).not.toEqual(other.ids)
  await putSnapshot(world, { signer: await world.signer('a'), jobId: 'one', shards: [{ documents: varied.slice(0, 8).toReversed() }] })
  await take(world)
  expect((await sample(1)).ids).toEqual(one.ids)
  expect((await built(world, { max_rows: 100, sample_seed: 1 })).ids).toEqual(idsOf(varied))
  expect((await built(world, { max_rows: 3 })).documents).toHaveLength(3)
})

test('of many numbers the least are kept', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 })), fc.integer({ min: 1, max: 20 }), (keys, count) => {
      const least = new LeastKeys(count)
      for (const key of keys) least.add(key)
      expect(least.largest).toBe(keys.toSorted((a, b) => a - b)[Math.min(count, keys.length) - 1] ?? -Infinity)
    }),
  )
})

test('what matches nothing, or is built over what miners bring, is refused with what to do', async () => {
  await using world = await variedWorld()
  const cases: [Partial<Criteria> | undefined, Partial<BuildRequest>, code: string, message: string][] = [
    [{ labels: ['dosc'] }, {}, 'not_found', 'it has no label "dosc", the nearest is "docs"'],
    [{ jobs: ['tow'] }, {}, 'not_found', 'the nearest is "two"'],
    [{ langs: ['fr'] }, {}, 'not_found', 'ask for less'],
    [{}, { name: 'web' }, 'already_exists', 'another name'],
    [{}, { name: 'some', from: { dataset: 'some' } }, 'invalid_argument', 'of itself'],
    [{}, { from: { dataset: 'wbe' } }, 'not_found', 'no version of "wbe" yet'],
    [{}, { from: { dataset: 'web', version: 9 } }, 'not_found', 'no version 9'],
    [undefined, {}, 'invalid_argument', 'no dataset "some" to build anew'],
  ]
  for (const [criteria, parts, code, message] of cases)
    await expect(planBuild(requestOf(world, criteria, parts))).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
  expect(await world.catalog.lines(families.datasets)).toHaveLength(1)
})

test('a build that is cut off at any write ends in the same bytes when it is done again', async () => {
  await using reference = await variedWorld()
  const whole = await built(reference, { labels: ['docs'], langs: ['de'] })
  await using world = await variedWorld()
  for (let writes = 0; ; writes++) {
    const dying = dyingAfter(writes)
    const parts = {
      store: { ...world.store, put: dying(world.store.put) },
      catalog: { ...world.catalog, commit: dying(world.catalog.commit) as Catalog['commit'] },
    }
    const done = await built(world, { labels: ['docs'], langs: ['de'] }, parts).catch((error: unknown) => String(error))
    if (done === 'Error: killed') continue
    expect(done).toMatchObject({ entry: { version: 1, sha256: whole.entry.sha256 } })
    expect(writes).toBeGreaterThan(4)
    break
  }
})

test('what a built version has of its source stays, whatever becomes of that', async () => {
  const clock = manualClock()
  await using world = await variedWorld({ clock })
  const first = await built(world, { jobs: ['one'] })
  const settings = { name: 'web', keep_seconds: 3600 }
  await using service = await openDataset({ ...world, origin: goldenOrigin, settings })
  const signer = await world.signer('a')
  for (let n = 0; n < 14; n++) {
    await putShard(world, { signer, jobId: 'one', documents: [testDocument(100 + n)] })
    await service.refresh(signal)
    clock.advance(2 * 3_600_000)
  }
  expect(await world.catalog.get(lineage.dataset('web'), { version: 2 })).toBeUndefined()
  expect(await world.catalog.get(lineage.dataset('web'), { version: 1 })).toBeDefined()
  const { manifest } = first.entry
  expect(idsOf(await Array.fromAsync(readDocuments(world.store, manifest, signal)))).toEqual(first.ids)
  expect((await built(world, undefined, { from: { dataset: 'web', version: 1 } })).root).toBe(first.root)
})

test('a built dataset is served and tokenized like any other, and takes in nothing', async () => {
  await using world = await variedWorld()
  const { entry } = await built(world, { labels: ['docs'] })
  await putShard(world, { signer: await world.signer('b'), jobId: 'one', documents: testDocuments(30) })
  await using service = await openDataset({ ...world, origin: goldenOrigin, settings: { name: 'some', keep_seconds: 86_400 } })
  const { dataset, tokens } = await service.refresh(signal)
  expect(dataset).toEqual({ changed: false, entry })
  expect((await tokensGroupsOf(world, tokens.entry)).map(({ documents }) => documents)).toEqual([3, 1])
  const answer = await service.app.inject({ url: '/v1/datasets' })
  expect((answer.json() as { datasets: { name: string }[] }).datasets.map(({ name }) => name)).toEqual(['some', 'web'])
})
