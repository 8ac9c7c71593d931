import avro from 'avsc'
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { folderStore } from '#infra/store/folder.ts'
import type { CatalogEntry } from '#schemas/catalog.ts'
import type { ByField, DataFileEntry, ManifestFile } from '#schemas/iceberg/manifest.ts'
import type { TableMetadata } from '#schemas/iceberg/table-metadata.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DatasetManifest } from '#schemas/manifest.ts'
import { manualClock } from '#test/manual-clock.ts'
import { testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin } from '#test/golden/shards.ts'
import { datasetScope } from '../sweep-scope.ts'
import { dataEntry } from './data-entry.ts'
import { followDataset } from './table.ts'
import { pages, signal, tableScene, threeVersions, type TableScene } from './tables.fixture.ts'
import { currentTable, directPlace, IcebergTables, servedPlace } from './tables.ts'

const folder = 'datasets/web/iceberg/table/'
const metadataOf = async ({ store }: Pick<TableScene, 'store'>): Promise<TableMetadata> => {
  const state = await currentTable(directPlace(store, 'web'))
  return JSON.parse(Buffer.from(await store.get(state!.metadata.key)).toString())
}
const keyOf = ({ store }: Pick<TableScene, 'store'>, location: string): string => location.slice(store.location.length + 1)

interface Entry {
  status: number
  sequence_number: number
  data_file: Omit<DataFileEntry, 'lower_bounds' | 'upper_bounds'> & Record<'lower_bounds' | 'upper_bounds', ByField<Buffer>>
}

/** Records of an Avro file, and what stands in its head. */
async function readAvro<Record = Entry>(scene: Pick<TableScene, 'store'>, location: string) {
  const decoder = new avro.streams.BlockDecoder()
  const head = new Promise<{ [name: string]: Buffer }>((resolve) => decoder.once('metadata', (_type, _codec, { meta }) => resolve(meta)))
  decoder.end(Buffer.from(await scene.store.get(keyOf(scene, location))))
  const records: Record[] = []
  for await (const record of decoder) records.push(record as unknown as Record)
  return { records, head: await head }
}
const manifestsOf = async (scene: TableScene, snapshot: { 'manifest-list': string }) => (await readAvro<ManifestFile>(scene, snapshot['manifest-list'])).records
const paths = (manifests: readonly ManifestFile[]): string[] => manifests.map((manifest) => manifest.manifest_path)

test('each version is a snapshot of both tables, with its number as tag, and the hint names the newest metadata', async () => {
  await using scene = await tableScene()
  await threeVersions(scene)
  const metadata = await metadataOf(scene)
  expect(metadata['snapshots'].map((snapshot) => [snapshot['sequence-number'], snapshot.summary['orrery.documents']])).toEqual([
    [1, '12'],
    [2, '15'],
    [3, '11'],
  ])
  expect(metadata.refs).toMatchObject({
    v2: { 'snapshot-id': metadata.snapshots[1]!['snapshot-id'], type: 'tag' },
    main: { 'snapshot-id': metadata['current-snapshot-id'] },
  })
  expect(metadata.snapshots[2]).toMatchObject({ 'parent-snapshot-id': metadata.snapshots[1]!['snapshot-id'] })
  const hint = await readFile(join(scene.dir, 'objects', folder, 'metadata/version-hint.text'), 'utf8')
  expect(JSON.parse(await readFile(join(scene.dir, 'objects', folder, `metadata/v${hint}.metadata.json`), 'utf8'))).toEqual(metadata)
  const served = await currentTable(servedPlace(scene.store, 'web'))
  expect([served?.root, served?.snapshots.map(({ version }) => version)]).toEqual(['s3://objects', [1, 2, 3]])
})

test('manifests of a job that stays are used again; what is written of one that changes says since when each file counts', async () => {
  await using scene = await tableScene()
  await threeVersions(scene)
  const { snapshots } = await metadataOf(scene)
  const [first, second, third] = await Promise.all(snapshots.map((snapshot) => manifestsOf(scene, snapshot)))
  const ofTwo = first!.filter(({ partition_spec_id: spec }) => spec === 0)
  expect(paths(second!)).toEqual(expect.arrayContaining(paths(ofTwo)))
  const ofOne = second!.filter(({ partition_spec_id: spec }) => spec !== 0)
  expect(paths(third!)).toEqual(expect.arrayContaining(paths(ofOne)))
  const data = ofOne.filter(({ content }) => content === 0)
  const entries = (await Promise.all(data.map(({ manifest_path: path }) => readAvro(scene, path)))).flatMap(({ records }) => records)
  expect(entries.map((entry) => [entry.status, entry.sequence_number, entry.data_file.record_count]).toSorted()).toEqual([
    [0, 1, 8],
    [1, 2, 4],
  ])
  expect(
    data.map((manifest) => [manifest.sequence_number, manifest.min_sequence_number, manifest.existing_rows_count, manifest.added_rows_count]).toSorted(),
  ).toEqual([
    [2, 1, 8, 0],
    [2, 2, 0, 4],
  ])
  expect(snapshots.map(({ summary }) => summary['operation'])).toEqual(['overwrite', 'overwrite', 'delete'])
})

test('a file of one label is in its partition, of one day too; other files are in none, and every bound holds what is live', async () => {
  await using scene = await tableScene()
  await threeVersions(scene)
  const { snapshots } = await metadataOf(scene)
  const manifests = await manifestsOf(scene, snapshots[1]!)
  const found = []
  for (const { manifest_path: path, content } of manifests) {
    const { records, head } = await readAvro(scene, path)
    for (const { data_file: file } of records) {
      const bound = (of: 'lower_bounds' | 'upper_bounds', field: number) => file[of].find(({ key }) => key === field)?.value
      found.push({
        content,
        spec: String(head['partition-spec-id']),
        partition: { ...file.partition },
        labels: [bound('lower_bounds', 14), bound('upper_bounds', 14)].map((value) => value?.toString()),
        days: [bound('lower_bounds', 16), bound('upper_bounds', 16)].map((value) => value && Number(value.readBigInt64LE() / 86_400_000_000n)),
        isOfOne: bound('upper_bounds', 2147483546)?.toString() === file.referenced_data_file,
      })
    }
  }
  const data = found.filter(({ content }) => content === 0).map(({ spec, partition, labels, days }) => [spec, partition, labels, days])
  expect(data.toSorted(([a], [b]) => Number(a) - Number(b))).toEqual([
    ['0', {}, ['__proto__', '文書'], [20_458, 20_462]],
    ['1', { label: 'docs' }, ['docs', 'docs'], [20_458, 20_461]],
    ['2', { label: 'docs', datetime_day: 20_458 }, ['docs', 'docs'], [20_458, 20_458]],
  ])
  const deletes = found.filter(({ content }) => content === 1)
  expect(deletes).toMatchObject([{ partition: { label: 'docs', datetime_day: 20_458 }, spec: '2', isOfOne: true }])
})

test('bounds of times hold every microsecond of the milliseconds that documents have', () => {
  const range = { first: '1969-12-31T23:59:59.999Z', last: '1970-01-01T00:00:00.001Z' }
  const file = { key: 'k', sha256: 's', bytes: 1, rows: 1, text_bytes: 1, written_at: range.last, datetime_range: range, labels: [], columns: [] }
  const { lower_bounds: lower, upper_bounds: upper } = dataEntry(file, 'path')
  expect([lower, upper].map(([bound]) => bound?.value.readBigInt64LE())).toEqual([-1000n, 1999n])
})

test('nothing new writes nothing, and what a version costs does not follow the number of jobs', async () => {
  await using scene = await tableScene()
  const keys = async () => (await Array.fromAsync(scene.store.list('datasets/web/iceberg/'))).map(({ key }) => key)
  await scene.bring('j0', [{ documents: testDocuments(2) }])
  const written: number[] = []
  for (let job = 1; job <= 6; job++) {
    const before = (await keys()).length
    await scene.bring(`j${job}`, [{ documents: testDocuments(30).slice(2 * job, 2 * job + 2) }])
    written.push((await keys()).length - before)
  }
  // In each of the two tables a page more where their tree of jobs is higher by then.
  expect(Math.max(...written) - Math.min(...written)).toBeLessThanOrEqual(4)
  const before = await keys()
  await scene.refresh()
  await new IcebergTables(scene).follow('web', { mayHaveExpired: true, signal })
  expect(await keys()).toEqual(before)
})

test('a dataset without a version has no table; one whose documents all went has an empty one', async () => {
  await using scene = await tableScene()
  await scene.refresh()
  expect(await currentTable(directPlace(scene.store, 'web'))).toBeUndefined()
  await scene.bring('one', [{ documents: pages.oneDay }])
  await scene.bring('one', [{ documents: pages.oneDay, deletes: [0, 1, 2, 3, 4, 5, 6, 7] }])
  const { snapshots } = await metadataOf(scene)
  expect(snapshots.at(-1)?.summary).toMatchObject({ operation: 'delete', 'total-data-files': '0', 'deleted-records': '8' })
  expect(await manifestsOf(scene, snapshots.at(-1)!)).toEqual([])
})

test('versions of before there were deletes are snapshots too', async () => {
  await using scene = await tableScene()
  await scene.bring('one', [{ documents: pages.oneDay }])
  const [file] = (await Array.fromAsync(scene.store.list('datasets/web/data/'))).map(({ key, bytes }) => ({ key, bytes, sha256: key.slice(-72, -8), rows: 8 }))
  const line = lineage.dataset('old')
  const manifest: DatasetManifest = {
    kind: 'dataset',
    parent: null,
    origin: goldenOrigin,
    name: 'old',
    sources: [],
    files: [file!],
    documents: 8,
    text_bytes: 1,
    labels: { docs: 8 },
    dropped: {},
  }
  await scene.catalog.commit({ ...line, kind: 'dataset' } as never, undefined, manifest as never)
  await new IcebergTables(scene).follow('old', { mayHaveExpired: false, signal })
  const state = await currentTable(directPlace(scene.store, 'old'))
  expect(state?.snapshots[0]?.counts).toContainEqual(['total-records', '8'])
})

describe('what is remembered of a table', () => {
  test('a table whose folder was moved is made anew, where it is now', async () => {
    await using scene = await tableScene()
    await scene.bring('one', [{ documents: pages.oneDay, deletes: [1] }])
    const moved = join(scene.dir, 'moved')
    await rename(join(scene.dir, 'objects'), moved)
    const store = folderStore(moved)
    await new IcebergTables({ ...scene, store }).follow('web', { mayHaveExpired: false, signal })
    const state = await currentTable(directPlace(store, 'web'))
    expect(state).toMatchObject({ number: 2, root: `file://${moved}` })
    const [manifest] = await manifestsOf({ ...scene, store }, (await metadataOf({ store })).snapshots[0]!)
    expect((await readAvro({ store }, manifest!.manifest_path)).records[0]!.data_file.file_path).toMatch(new RegExp(`^file://${moved}/datasets/web/data/`))
  })

  test.each(['state/current', 'state', 'metadata', 'deletes'])(
    'a table whose objects in %s are damaged is whole again with the next version of its job',
    async (below) => {
      await using scene = await tableScene()
      await scene.bring('one', [{ documents: pages.oneDay, deletes: [1] }])
      for await (const { key } of scene.store.list(`${folder}${below}/`)) {
        await scene.store.delete(key)
        await scene.store.put(key, Buffer.from('{"damaged'))
      }
      await scene.bring('one', [{ documents: pages.oneDay, deletes: [1, 2] }])
      expect(scene.events.filter(({ name }) => name === 'iceberg.failed')).toEqual([])
      const state = await currentTable(directPlace(scene.store, 'web'))
      expect(state?.snapshots.at(-1)?.version).toBe(2)
    },
  )

  test.each(['state/current', 'state'])('a table whose objects in %s are damaged keeps no sweep from its work, and is whole again after it', async (below) => {
    const clock = manualClock()
    await using scene = await tableScene({ clock })
    await scene.bring('one', [{ documents: pages.oneDay, deletes: [1] }])
    const scope = datasetScope({ ...scene, name: 'web', keepMs: 0, pending: async () => undefined })
    await scene.store.put('datasets/web/lists/of-nothing', Buffer.from('x'))
    for await (const { key } of scene.store.list(`${folder}${below}/`)) {
      await scene.store.delete(key)
      if (below === 'state/current') await scene.store.put(key, Buffer.from('{"damaged'))
    }
    for (let look = 0; look < 4; look++) {
      await scene.sweep.run(scope, signal)
      await scene.tables.follow('web', { mayHaveExpired: true, signal })
      clock.advance(2 * 3_600_000)
    }
    expect(await scene.store.head('datasets/web/lists/of-nothing')).toBeUndefined()
    const { snapshots } = await metadataOf(scene)
    for (const { manifest_path: path } of await manifestsOf(scene, snapshots[0]!))
      for (const { data_file: file } of (await readAvro(scene, path)).records) expect(await scene.store.head(keyOf(scene, file.file_path))).toBeDefined()
  })

  test('a catalog of an earlier day, restored, has the table of that day, and what follows then', async () => {
    await using scene = await tableScene()
    await scene.bring('one', [{ documents: pages.oneDay }])
    const path = join(scene.dir, 'earlier.sqlite')
    const now = new DatabaseSync(join(scene.dir, 'catalog.sqlite'))
    now.prepare('vacuum into ?').run(path)
    now.close()
    await scene.bring('two', [{ documents: pages.labels }])
    await using catalog = sqliteCatalog(path, { clock: scene.pace })
    const line = lineage.dataset('web')
    const first = (await catalog.head(line)) as CatalogEntry<'version'>
    const follow = async () => {
      await new IcebergTables({ ...scene, catalog }).follow('web', { mayHaveExpired: false, signal })
      const { snapshots } = (await currentTable(directPlace(scene.store, 'web')))!
      return snapshots.map(({ version, sha256, parent }) => [version, sha256, parent])
    }
    expect(await follow()).toEqual([[1, first.sha256, null]])
    const second = await catalog.commit({ ...line, former: [] }, first.sha256, { ...first.manifest, parent: first.sha256 })
    expect(await follow()).toEqual([
      [1, first.sha256, null],
      [2, second.sha256, first.sha256],
    ])
  })

  test('a put that fails at any point leaves the table as it was; the next call brings the same as if none had', async () => {
    await using scene = await tableScene()
    await threeVersions(scene)
    const place = (puts: number) => {
      let left = puts
      const store = {
        ...scene.store,
        put: async (...given: Parameters<typeof scene.store.put>) => (left-- > 0 ? scene.store.put(...given) : Promise.reject(new Error('power cut'))),
      }
      return { ...directPlace(store, 'web'), folder: 'torn/' }
    }
    const follow = (puts: number) => followDataset({ catalog: scene.catalog, name: 'web', place: place(puts), mayHaveExpired: false, signal })
    let failed = 0
    while ((await follow(failed).catch((error: Error) => error.message)) === 'power cut') {
      expect(await currentTable(place(0))).toBeUndefined()
      failed++
    }
    expect(failed).toBeGreaterThan(10)
    const { snapshots } = (await currentTable(place(0)))!
    const whole = { ...directPlace(scene.store, 'web'), folder: 'whole/' }
    const expected = await followDataset({ catalog: scene.catalog, name: 'web', place: whole, mayHaveExpired: false, signal })
    expect(
      JSON.stringify(snapshots)
        .replaceAll('torn/', 'whole/')
        .replaceAll(/"(sha256|key|bytes)":("[^"]*"|\d+)/g, ''),
    ).toBe(JSON.stringify(expected!.snapshots).replaceAll(/"(sha256|key|bytes)":("[^"]*"|\d+)/g, ''))
  })
})

test('a deletion vector of the dataset that is damaged costs a message, not the refresh', async () => {
  await using scene = await tableScene()
  await scene.bring('one', [{ documents: pages.oneDay, deletes: [1] }])
  for await (const { key } of scene.store.list('datasets/web/deletes/')) {
    await scene.store.delete(key)
    await scene.store.put(key, Buffer.from('damaged'))
  }
  const tables = new IcebergTables({ ...scene, store: folderStore(join(scene.dir, 'objects')) })
  for await (const { key } of scene.store.list('datasets/web/iceberg/')) await scene.store.delete(key)
  await tables.follow('web', { mayHaveExpired: false, signal })
  expect(scene.events.find(({ name }) => name === 'iceberg.failed')).toMatchObject({ fields: { name: 'web', code: 'invalid_record' } })
})

test('versions that are kept no longer leave the table, and their objects go with the sweep; all that a kept one names stays', async () => {
  const clock = manualClock()
  await using scene = await tableScene({ clock })
  const hourMs = 3_600_000
  const scope = datasetScope({ ...scene, name: 'web', keepMs: hourMs, pending: async () => undefined })
  for (let version = 1; version <= 12; version++) {
    await scene.bring('one', [{ documents: testDocuments(version + 1).slice(version) }])
    clock.advance(hourMs)
  }
  const objects = async () => (await Array.fromAsync(scene.store.list(folder))).length
  const before = await objects()
  for (let look = 0; look < 6; look++) {
    await scene.sweep.run(scope, signal)
    await scene.tables.follow('web', { mayHaveExpired: true, signal })
    clock.advance(2 * hourMs)
  }
  const metadata = await metadataOf(scene)
  expect(metadata.snapshots.map((snapshot) => snapshot['sequence-number'])).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  expect(Object.keys(metadata.refs)).not.toContain('v2')
  expect(await objects()).toBeLessThan(before)
  for (const snapshot of metadata.snapshots)
    for (const { manifest_path: path } of await manifestsOf(scene, snapshot))
      for (const { data_file: file } of (await readAvro(scene, path)).records) expect(await scene.store.head(keyOf(scene, file.file_path))).toBeDefined()
  expect(await readFile(join(scene.dir, 'objects', folder, 'metadata/version-hint.text'), 'utf8')).toMatch(/^\d+$/)
  await expect(scene.catalog.get(lineage.dataset('web'), { version: 2 })).resolves.toBeUndefined()
})
