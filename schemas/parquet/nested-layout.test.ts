import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { expect, test } from 'vitest'
import { findPython, runPython } from '#test/bench/python.ts'
import { testDocument } from '#test/golden/documents.ts'
import type { Document } from '../document.ts'
import { decompressors } from './compression.ts'
import { DocumentEncoder } from './encode.ts'
import { nestedColumns, nestedLayout } from './nested-layout.ts'

const python = await findPython({ packages: ['pyarrow'], install: false })
if (!python) console.warn('pyarrow reads no nested columns: no Python has it; name one in PYARROW_PYTHON')

const columns = nestedColumns({ withSignature: false })
function encode(documents: readonly Document[]): Buffer {
  using encoder = new DocumentEncoder({ codec: 'zstd', layout: nestedLayout(columns) })
  const pieces: Buffer[] = []
  for (const part of [encoder.append(documents), encoder.finish()]) for (const piece of part) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

const pairs = (record: Record<string, number>) =>
  Object.entries(record)
    .map(([name, value]) => ({ name, value }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
/** A document as a reader of the file has it. */
const expected = ({ minhash: _minhash, languages, quality, personal_data, rights, ...rest }: Document) => ({
  ...rest,
  languages: pairs(languages),
  quality: pairs(quality),
  personal_data: pairs(personal_data),
  rights: Object.fromEntries(
    ['robots', 'meta_robots', 'tdm_reservation', 'tdm_policy', 'ai_txt', 'ai_train', 'ai_train_by', 'licence', 'licence_scope'].map((name) => [
      name,
      rights[name as keyof typeof rights] ?? null,
    ]),
  ),
})
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (_, cell: unknown) => (typeof cell === 'bigint' ? Number(cell) : cell)))

/** Full and empty lists, all members and none, names of other people's choosing, more than a page of rows, more than a page of members. */
const cases: Record<string, Document[]> = {
  'no document': [],
  'one document': [testDocument(1)],
  'empty and null': [
    testDocument(1, { quality: {}, languages: {}, personal_data: {}, author: null }),
    testDocument(2, { quality: {}, languages: {}, personal_data: {}, author: null }),
  ],
  'every kind of rights': [
    testDocument(1, { rights: { robots: 'absent', meta_robots: [], tdm_reservation: null, licence: null, licence_scope: null } }),
    testDocument(2, {
      rights: {
        robots: 'allowed',
        meta_robots: ['nofollow', 'noarchive'],
        tdm_reservation: false,
        tdm_policy: 'https://a.example/policy',
        ai_txt: 'allowed',
        ai_train: 'allowed',
        ai_train_by: 'header-content-usage',
        licence: 'CC-BY-4.0',
        licence_scope: 'page',
      },
    }),
    testDocument(3, { rights: { robots: 'not_asked', meta_robots: ['é'], tdm_reservation: true, licence: null, licence_scope: 'image' } }),
  ],
  'names of anybody': [testDocument(1, { personal_data: { constructor: 2 ** 40, toString: 1 }, quality: { z: 1e-9, '1': -0, é: 1e300 } })],
  'many rows': Array.from({ length: 5_500 }, (_, n) =>
    testDocument(n % 7, {
      quality: Object.fromEntries(Array.from({ length: n % 12 }, (_, at) => [`rule_${at}`, n * 0.37 + at])),
      rights: { ...testDocument(1).rights, tdm_reservation: [true, false, null][n % 3]! },
    }),
  ),
}

test.each(Object.entries(cases))('structs and lists are read as they are: %s', async (_, documents) => {
  const bytes = encode(documents)
  const file = new Uint8Array(bytes).buffer
  expect(plain(await parquetReadObjects({ file, compressors: decompressors }))).toEqual(plain(documents.map(expected)))
})

test.skipIf(!python)('pyarrow has the types that are said, and every row', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-nested-'))
  try {
    const documents = Object.values(cases).flat()
    await writeFile(join(folder, 'a.parquet'), encode(documents))
    const script = `
import sys, json, pyarrow.parquet as pq
table = pq.read_table(sys.argv[1])
table.validate(full=True)
for g in range(pq.ParquetFile(sys.argv[1]).metadata.num_row_groups): pq.ParquetFile(sys.argv[1]).metadata.row_group(g).to_dict()
types = {f.name: str(f.type) for f in table.schema}
rows = [{k: row[k] for k in ('languages', 'quality', 'personal_data', 'rights')} for row in table.to_pylist()]
print(json.dumps([types, rows]))`
    const [types, rows] = (await runPython(python as string, script, [join(folder, 'a.parquet')])) as [Record<string, string>, unknown[]]
    expect(types).toMatchObject({
      quality: 'list<element: struct<name: string not null, value: double not null> not null>',
      personal_data: 'list<element: struct<name: string not null, value: int64 not null> not null>',
      datetime: 'timestamp[us, tz=UTC]',
    })
    expect(types['rights']).toContain('meta_robots: list<element: string not null> not null, tdm_reservation: bool')
    expect(rows).toEqual(
      documents.map((document) => {
        const { languages, quality, personal_data, rights } = expected(document)
        return { languages, quality, personal_data, rights }
      }),
    )
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a row group takes less than 100 MB unpacked, whatever its documents are', () => {
  const text = 'é'.repeat(2 ** 20)
  const bytes = encode(Array.from({ length: 80 }, (_, n) => testDocument(n % 5, { text, markdown: text })))
  const { row_groups: groups, num_rows: rows } = parquetMetadata(new Uint8Array(bytes).buffer)
  expect(rows).toBe(80n)
  expect(groups.length).toBeGreaterThan(3)
  for (const { total_byte_size: unpacked } of groups) expect(unpacked).toBeLessThan(100_000_000n)
})
