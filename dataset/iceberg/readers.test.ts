import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createServer, listen, type Server } from '#infra/net/server.ts'
import { signedObjects } from '#infra/store/signed-objects.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DatasetManifest } from '#schemas/manifest.ts'
import { documentColumns, documentSchema, toCell } from '#schemas/parquet/columns.ts'
import { findPython, runPython } from '#test/bench/python.ts'
import { goldenOrigin } from '#test/golden/shards.ts'
import { icebergRoutes } from './catalog-routes.ts'
import { pages, signal, tableScene, threeVersions, type TableScene } from './tables.fixture.ts'
import { directPlace, IcebergTables } from './tables.ts'
import { locationOf } from './place.ts'

const packages = ['pyarrow', 'pyiceberg', 'polars']
const python = await findPython({ packages, install: false })
if (!python) console.warn(`no other engine opens the Iceberg tables: name a Python with ${packages.join(', ')} in PYARROW_PYTHON`)

let scene: TableScene
let app: Server
let said: Said
interface Said {
  /** Ids, by what was asked and how. */
  ids: Record<string, string[]>
  files: Record<string, number>
  row: Record<string, unknown>
  older: Record<string, unknown>[]
}

/** Everything in one process: to begin one costs more than what it reads. */
const script = `
import sys, json, datetime, warnings, logging
warnings.simplefilter('ignore')
import polars as pl
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.table import StaticTable
origin, folder, older = sys.argv[1:]
catalog = RestCatalog('orrery', uri=origin + '/iceberg')
assert catalog.list_namespaces() == [('orrery',)]
assert ('orrery', 'web') in catalog.list_tables('orrery')
assert catalog.table_exists('orrery.web') and not catalog.table_exists('orrery.none') and not catalog.table_exists('none.web')
tables = {'rest': catalog.load_table('orrery.web'), 'path': StaticTable.from_metadata(folder)}
ids, files = {}, {}
def keep(name, table): ids[name] = sorted(table.column('id').to_pylist())
for way, table in tables.items():
  keep(way, table.scan().to_arrow())
  for tag in ('v1', 'v2', 'v3'): keep(f'{way} {tag}', table.scan(snapshot_id=table.snapshot_by_name(tag).snapshot_id, selected_fields=('id',)).to_arrow())
  for name, where in (('label', "label = 'constructor'"), ('nobody', "label = 'nobody'"), ('day', "label = 'docs' and datetime >= '2026-01-07T00:00:00+00:00'")):
    scan = table.scan(row_filter=where)
    files[f'{way} {name}'] = len(list(scan.plan_files()))
    keep(f'{way} {name}', scan.to_arrow())
  assert table.inspect.files().num_rows == table.inspect.entries().num_rows > 2
  options = {'storage_options': table.io.properties} if way == 'rest' else {}
  keep(f'{way} polars', pl.scan_iceberg(table, **options).select('id', 'minhash').collect().to_arrow())
  keep(f'{way} polars v1', pl.scan_iceberg(table, snapshot_id=table.snapshot_by_name('v1').snapshot_id, **options).select('id').collect().to_arrow())
first = tables['rest'].scan().to_arrow().sort_by('id').slice(0, 1).to_pylist()[0]
epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
spell = lambda value: value.hex() if isinstance(value, bytes) else (value - epoch) // datetime.timedelta(milliseconds=1) if isinstance(value, datetime.datetime) else value
print(json.dumps({'ids': ids, 'files': files, 'row': {name: spell(value) for name, value in first.items()},
  'older': [{name: spell(value) for name, value in row.items()} for row in StaticTable.from_metadata(older).scan(selected_fields=('id', 'page_type', 'label')).to_arrow().to_pylist()]}))
`

/** As a writer of before there was a column wrote it. */
async function olderDataset(): Promise<void> {
  const columns = documentColumns.filter(({ name }) => name !== 'page_type')
  const documents = pages.oneDay.slice(0, 2)
  const bytes = new Uint8Array(
    parquetWriteBuffer({
      schema: [{ ...documentSchema[0]!, num_children: columns.length }, ...documentSchema.slice(1).filter(({ name }) => name !== 'page_type')],
      columnData: columns.map((column) => ({ name: column.name, data: documents.map((document) => toCell(column, document)) })),
    }),
  )
  const file = { key: `datasets/older/data/${sha256Hex(bytes)}.parquet`, sha256: sha256Hex(bytes), bytes: bytes.length, rows: 2 }
  await scene.store.put(file.key, bytes)
  const manifest: DatasetManifest = {
    kind: 'dataset',
    parent: null,
    origin: goldenOrigin,
    name: 'older',
    sources: [],
    files: [file],
    documents: 2,
    text_bytes: 1,
    labels: { docs: 2 },
    dropped: {},
  }
  const line = lineage.dataset('older')
  await scene.catalog.commit({ ...line, kind: 'dataset' } as never, undefined, manifest as never)
  await new IcebergTables(scene).follow('older', { mayHaveExpired: false, signal })
}

beforeAll(async () => {
  if (!python) return
  scene = await tableScene()
  await threeVersions(scene)
  await olderDataset()
  // As it is guarded: some clients send a token where they have none.
  app = await createServer({ title: 'Test', version: '1', description: 'A test.' }, { access: () => scene.access })
  await icebergRoutes(app, () => scene)
  await app.register(signedObjects(scene.store))
  const { origin } = await listen(app, { host: '127.0.0.1', port: 0, setting: 'test' })
  const place = (name: string) => locationOf(directPlace(scene.store, name), directPlace(scene.store, name).folder.slice(0, -1)).slice('file://'.length)
  said = (await runPython(python, script, [origin, place('web'), place('older')])) as Said
}, 120_000)
afterAll(async () => {
  await app?.close()
  await scene?.[Symbol.asyncDispose]()
})

const idsOf = async (version?: number) => (await scene.documents(version)).map(({ id }) => id)

test.skipIf(!python)('pyiceberg and Polars read the rows of each version, through the catalog and by path', async () => {
  const newest = await idsOf()
  for (const way of ['rest', 'path']) {
    expect([said.ids[way], said.ids[`${way} polars`]]).toEqual([newest, newest])
    for (const version of [1, 2, 3]) expect(said.ids[`${way} v${version}`]).toEqual(await idsOf(version))
    expect(said.ids[`${way} polars v1`]).toEqual(await idsOf(1))
  }
  expect(new Set([1, 2, 3].map((version) => said.ids[`rest v${version}`]!.length)).size).toBe(3)
})

test.skipIf(!python)('files that hold nothing of what is asked are passed over, and nothing is missed', async () => {
  const documents = await scene.documents()
  const ids = (wanted: (document: (typeof documents)[number]) => boolean) => documents.filter(wanted).map(({ id }) => id)
  for (const way of ['rest', 'path']) {
    expect(said.ids[`${way} label`]).toEqual(ids(({ label }) => label === 'constructor'))
    expect(said.ids[`${way} day`]).toEqual(ids(({ label, datetime }) => label === 'docs' && datetime >= new Date('2026-01-07')))
    expect([said.files[`${way} label`], said.files[`${way} day`], said.files[`${way} nobody`]]).toEqual([1, 2, 1])
  }
})

const cell = (value: unknown) => (value instanceof Date ? value.getTime() : value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value)

test.skipIf(!python)('every column of a row is what it was', async () => {
  const [document] = await scene.documents()
  expect(said.row).toEqual(Object.fromEntries(documentColumns.map((column) => [column.name, cell(toCell(column, document!))])))
})

test.skipIf(!python)('a file of before a column came has nulls there', () => {
  expect(said.older).toEqual(pages.oneDay.slice(0, 2).map(({ id }) => ({ id, page_type: null, label: 'docs' })))
})
