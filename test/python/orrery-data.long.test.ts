import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { datasetServer } from '#dataset/api/server.ts'
import { ingest } from '#dataset/ingest/ingest.ts'
import { openDatasetQuery } from '#dataset/query/open-dataset-query.ts'
import { listen } from '#infra/net/server.ts'
import { DeletedRows, encodeDeletionVector } from '#schemas/deletion-vector.ts'
import { findPython } from '#test/bench/python.ts'
import { prose, testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, putSnapshot, shardWorld } from '#test/golden/shards.ts'
import { manualClock } from '#test/manual-clock.ts'

const packageFolder = join(import.meta.dirname, '../../dataset/python')
/** The package is tested by pytest, against a service that wants a key, by these Pythons. */
const packages = ['pytest', 'httpx', 'pyarrow', 'pandas']
const python = await findPython({ packages, install: false })
if (!python) console.warn(`nobody tests the Python package orrery-data: name a Python with ${packages.join(', ')} in PYARROW_PYTHON`)
const loaders = process.env['DATASETS_PYTHONS']?.split(':') ?? []
if (loaders.length === 0) console.warn('no release of `datasets` loads from the service: name Pythons that have one, httpx and pytest in DATASETS_PYTHONS')

const few = testDocuments(31)
/** A page of rows has no room for them whole. */
const long = [51, 52, 53].map((n) => testDocument(n, { title: 'long', text: `Sisyphus rolls ${Array(450).fill(prose(n, 600)).join(' ')}` }))
const first = [...few.slice(0, 12), testDocument(60, { label: 'constructor', text: 'where is the Needle in all this hay' })]
const second = { documents: [...few.slice(12), ...long], deletes: [3] }
const gone = second.documents[3]!.id

const stack = new AsyncDisposableStack()
let settings: string
beforeAll(async () => {
  if (!python && loaders.length === 0) return
  let origin = ''
  const world = stack.use(await shardWorld({ origin: () => origin }))
  const query = stack.use(openDatasetQuery({ ...world, folder: world.queryFolder, clock: manualClock() }))
  const app = stack.use(await datasetServer({ ...world, query, access: { ...world.access, requireKey: 'always' } }))
  const [signer, signal] = [await world.signer('a'), new AbortController().signal]
  const shards = [{ documents: first }, second]
  for (const known of [shards.slice(0, 1), shards]) {
    await putSnapshot(world, { signer, jobId: 'one', shards: known })
    await ingest({ ...world, name: 'web', origin: goldenOrigin, signal })
  }
  await putSnapshot(world, { signer, jobId: 'two', shards: [{ documents: [testDocument(70)], deletes: [0] }] })
  const { secret } = await world.access.keys.create({ name: 't', scopes: ['read', 'sql'], requestsPerMinute: null, bytesPerDay: null, expiresAt: null })
  // Each question waits for the index for a while.
  const isCovered = async (version: number): Promise<boolean> => {
    const url = `/v1/datasets/web/documents?version=${version}&limit=1`
    return (await app.inject({ url, headers: { 'x-api-key': secret } })).json().partial === null
  }
  for (const version of [1, 2]) while (!(await isCovered(version)));
  origin = (await listen(app, { host: '127.0.0.1', port: 0, setting: 'test' })).origin
  settings = join(world.dir, 'orrery-data.json')
  const versions = [first.map(({ id }) => id), [...first, ...second.documents].map(({ id }) => id).filter((id) => id !== gone)]
  await writeFile(settings, JSON.stringify({ origin, key: secret, versions, long: long.map(({ id, text }) => ({ id, text })), vectors: vectors() }))
})
afterAll(() => stack.disposeAsync())

const every = (step: number, from: number, to: number) => Array.from({ length: Math.ceil((to - from) / step) }, (_, n) => from + step * n)

/** As files of the service have them: with rows scattered, in runs, and thick. */
function vectors(): { rows: number; blob: string; deleted: number[] }[] {
  const cases = [
    [],
    [0],
    [199_999],
    every(1, 70_000, 90_000),
    every(2, 0, 30_000),
    [...every(97, 0, 60_000), ...every(1, 65_530, 65_540), ...every(3, 131_072, 190_000)],
  ]
  return cases.map((deleted) => ({ rows: 200_000, blob: Buffer.from(encodeDeletionVector(DeletedRows.of(deleted))).toString('base64'), deleted }))
}

async function pytest(by: string, tests: readonly string[]): Promise<string> {
  const env = {
    ...process.env,
    ORRERY_DATA_TEST: settings,
    PYTHONPATH: join(packageFolder, 'src'),
    PYTHONDONTWRITEBYTECODE: '1',
    HF_DATASETS_CACHE: `${settings}.cache`,
  }
  const run = promisify(execFile)(by, ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-W', 'error::orrery_data.OrreryWarning', ...tests], {
    cwd: packageFolder,
    env,
  })
  return run.then(
    ({ stdout }) => stdout.trimEnd().split('\n').at(-1) ?? '',
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
  )
}
const allPassed = /^\d+ passed in [\d.]+s$/

test.skipIf(!python)('the client reads what the service has, and bears what goes wrong on the way', async () => {
  expect(await pytest(python!, ['tests', '--ignore=tests/test_load.py'])).toMatch(allPassed)
})

test.each(loaders)('%s loads a version, streaming and not', async (loader) => {
  expect(await pytest(loader, ['tests/test_load.py'])).toMatch(allPassed)
})
