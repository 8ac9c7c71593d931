import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { build, planBuild } from '#dataset/build/build.ts'
import { everything } from '#dataset/build/criteria.fixture.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Document } from '#schemas/document.ts'
import { nestedColumns } from '#schemas/parquet/nested-layout.ts'
import { ownerRefusals } from '#schemas/rights.ts'
import { findPython, runPython } from '#test/bench/python.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { goldenOrigin, groupsOf, shardWorld } from '#test/golden/shards.ts'
import { startHub } from '#test/site/hub.ts'
import { makeVersion, repoOf, run, textOf, token } from './publish.fixture.ts'
import { yaml, yamlText } from './yaml.ts'

/** One Python for each release of `datasets` that must load what is published. */
const datasetsPythons = process.env['DATASETS_PYTHONS']?.split(':') ?? []
if (datasetsPythons.length === 0)
  console.warn('no release of `datasets` loads what is published: name Pythons that have one in DATASETS_PYTHONS, with colons between')
const croissantPython = process.env['CROISSANT_PYTHON'] ?? (await findPython({ packages: ['mlcroissant'], install: false }))
if (!croissantPython) console.warn('nobody checks the Croissant file: name a Python with mlcroissant in CROISSANT_PYTHON')
const yamlPython = datasetsPythons[0] ?? (await findPython({ packages: ['yaml'], install: false }))
if (!yamlPython) console.warn('no PyYAML reads the card: no Python has it; name one in DATASETS_PYTHONS')

const signs = { quality: {}, languages: {}, personal_data: {} }
/** Of several files: one without a value in some columns, labels of anybody's choosing. */
const documents = [
  ...testDocuments(16),
  ...Array.from({ length: 8 }, (_, n) =>
    testDocument(100 + n, { ...signs, author: null, modified_at: null, published_at: null, lang: n % 2 === 0 ? 'de' : 'und' }),
  ),
  testDocument(200, { label: '__proto__', lang: 'fr' }),
  testDocument(201, { label: 'constructor' }),
  testDocument(202, { label: 'odd | `label`: "x"\n---\n- <script>' }),
  testDocument(203, { label: 'é'.repeat(140), rights: { ...testDocument(1).rights, licence: 'https://a.example/|licence|' } }),
]

async function publishTo(folder: string, all = documents, perFile = 8) {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  const entry = await makeVersion(world, all, { perFile })
  await run(world, hub)
  const card = textOf(hub, 'README.md')
  for (const [path, { bytes }] of repoOf(hub).files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), bytes)
  }
  return { entry, card, groups: await groupsOf(world, entry) }
}

/** A mebibyte each, which fill a row group of their own, where two columns have no value. */
const large: Document[] = Array.from({ length: datasetsPythons.length === 0 ? 0 : 34 }, (_, n) =>
  testDocument(300 + n, {
    text: Array.from({ length: 2 ** 17 }, (_each, at) => ((at + 1) * (n + 7)).toString(36).padStart(7, 'x')).join(' '),
    etag: null,
    author: null,
  }),
)

test('the card says what it is, how it was made, what is in it and how to withdraw', async () => {
  const { entry, card, groups } = await publishTo(await temporaryFolder())
  const [, front = ''] = card.split('---\n')
  expect(front).toContain('license: other\n')
  expect(front).toContain('language:\n- en\n- de\n- fr\n')
  expect(front).toContain('size_categories:\n- n<1K\n')
  expect(front).toContain('configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*.parquet\n')
  expect(front).toMatch(/splits:\n {2}- name: train\n {4}num_bytes: \d+\n {4}num_examples: 28\n/)
  for (const heading of ['How it was made', 'Fields', 'Documents per label', 'Languages', 'Licences', 'Left out', 'Provenance', 'Rights and withdrawal'])
    expect(card).toContain(`\n## ${heading}\n`)
  expect(card).toContain('| odd \\| \\`label\\`: "x" --- - \\<script\\> | 1 |')
  expect(card).toContain('| \\_\\_proto\\_\\_ | 1 |')
  expect(card).toMatch(/\| MIT \| \d+ \| \d+\.\d % \|/)
  expect(card).toContain(groups[0]?.snapshot)
  expect(card).toContain(`Version 1, manifest \`${entry.sha256}\`.`)
  expect(card).toContain('14 bands of 8 rows')
  for (const sign of Object.values(ownerRefusals)) expect(card).toContain(`- ${sign}\n`)
  expect(card).not.toContain(token)
})

test('the card of a dataset that was built says how it was chosen', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  await makeVersion(world, documents)
  const signal = new AbortController().signal
  const request = { ...world, name: 'built', from: { dataset: 'web', version: undefined }, criteria: undefined, origin: goldenOrigin, signal }
  const criteria = { ...everything, langs: ['de'] }
  await build(request, await planBuild({ ...request, criteria }))
  await run(world, hub, { name: 'built' })
  expect(textOf(hub, 'README.md')).toContain('chosen from version 1 of the dataset "web"')
  expect(textOf(hub, 'README.md')).toContain('"langs": [\n  "de"\n ]')
  expect(textOf(hub, 'README.md')).toContain('num_examples: 4\n')
})

/** The folder of what every release loads. */
let published: Promise<string> | undefined
const folderOfPublished = await mkdtemp(join(tmpdir(), 'orrery-published-'))
afterAll(() => rm(folderOfPublished, { recursive: true }))
async function publishLarge(): Promise<string> {
  await publishTo(folderOfPublished, [...documents, ...large], 100)
  return folderOfPublished
}

test.each(datasetsPythons)('the `datasets` of %s loads and streams what is published, with the features that the card says', async (python) => {
  const cache = await temporaryFolder()
  const script = `
import os, sys, json, hashlib
os.environ.update(HF_HOME=sys.argv[2], HF_HUB_OFFLINE='1', HF_HUB_DISABLE_TELEMETRY='1')
import datasets, yaml
card = yaml.safe_load(open(os.path.join(sys.argv[1], 'README.md'), encoding='utf-8').read().split('---\\n')[1])
expected = datasets.Features._from_yaml_list(card['dataset_info']['features'])
files = datasets.load_dataset('parquet', data_files=os.path.join(sys.argv[1], 'data/*.parquet'), split='train', cache_dir=sys.argv[2])
assert files.features == expected, (files.features, expected)
import glob, pyarrow.parquet as pq
assert max(pq.ParquetFile(path).metadata.num_row_groups for path in glob.glob(os.path.join(sys.argv[1], 'data/*.parquet'))) > 2
def digest(streaming):
  rows = datasets.load_dataset(sys.argv[1], split='train', streaming=streaming, cache_dir=sys.argv[2])
  assert rows.features == expected, (rows.features, expected)
  rows = sorted(rows, key=lambda row: row['id'])
  picked = [[row['id'], row['label'], row['quality'], row['rights']['meta_robots'], row['rights']['tdm_reservation']] for row in rows]
  return hashlib.sha256(json.dumps(picked, ensure_ascii=False, separators=(',', ':')).encode()).hexdigest()
print(json.dumps([digest(streaming) for streaming in (False, True)]))`
  const picked = [...documents, ...large]
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, label, quality, rights }) => [
      id,
      label,
      Object.entries(quality)
        .toSorted()
        .map(([name, value]) => ({ name, value: name === 'words' ? 'whole' : value })),
      rights.meta_robots,
      rights.tdm_reservation,
    ])
  // Python spells a whole float otherwise.
  const digest = sha256Hex(JSON.stringify(picked).replaceAll('"whole"', '120.0'))
  expect(await runPython(python, script, [await (published ??= publishLarge()), cache])).toEqual([digest, digest])
})

test.skipIf(!croissantPython)('mlcroissant finds no error in the Croissant file, and the columns', async () => {
  const folder = await temporaryFolder()
  await publishTo(folder)
  const script = `
import sys, json, mlcroissant
dataset = mlcroissant.Dataset(jsonld=sys.argv[1])
print(json.dumps([list(dataset.metadata.ctx.issues.errors), [field.name or field.id for field in dataset.metadata.record_sets[0].fields]]))`
  const [errors, fields] = (await runPython(croissantPython as string, script, [join(folder, 'croissant.json')])) as [unknown[], string[]]
  expect(errors).toEqual([])
  expect(fields).toEqual(nestedColumns({ withSignature: false }).map(({ name }) => `documents/${name}`))
})

const words = [
  'yes',
  'no',
  '1',
  '1e3',
  '0x1f',
  '~',
  '',
  ' a ',
  'a: b',
  '- a',
  '# a',
  'a\nb',
  'a\u0085b',
  '\u2028',
  '\u0007',
  '😀',
  '\ud800',
  '"',
  '\\',
  "'",
  '!!x',
  '&a',
  '*a',
  '{',
  'null',
  'n<1K',
  'data/*.parquet',
  '2026-01-01',
  'é',
  '한국어',
  'on',
  '=',
  '<<',
]

test.skipIf(!yamlPython)('PyYAML reads every text as it was written', async () => {
  const text = yaml({ words, member: { list: words.map((word) => ({ word })), empty: [] } })
  const script = `
import sys, json, yaml
print(json.dumps(yaml.safe_load(sys.argv[1])))`
  const same = words.map((word) => word.toWellFormed())
  expect(await runPython(yamlPython as string, script, [text])).toEqual({ words: same, member: { list: same.map((word) => ({ word })), empty: [] } })
})

test('a text of anybody is one line', () => {
  for (const word of words) expect(yamlText(word)).not.toMatch(/[\n\r\u0085\u2028\u2029]/)
})
