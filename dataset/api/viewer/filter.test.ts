import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDocument, testDocuments } from '#test/golden/documents.ts'
import { servedDataset, type ServedDataset } from '#test/golden/served-dataset.ts'

const split = 'dataset=web&config=default&split=train'
const documents = [...testDocuments(30), testDocument(30, { label: 'constructor', text: 'where is the Needle in all this hay' })]

let served: ServedDataset
beforeAll(async () => {
  // Row 3 of the second file is gone: document 15.
  served = await servedDataset([{ documents: documents.slice(0, 12) }, { documents: documents.slice(12), deletes: [3] }])
})
afterAll(() => served[Symbol.asyncDispose]())

async function ask(path: string) {
  const { status, headers, text } = await served.get(path)
  return { status, headers, body: JSON.parse(text) }
}
const titles = ({ body }: { body: { rows: { row: { title: string } }[] } }): string[] => body.rows.map(({ row }) => row.title)
const places = ({ body }: { body: { rows: { row_idx: number }[] } }): number[] => body.rows.map(({ row_idx }) => row_idx)

test.each([
  [`label='constructor'`, '', [29]],
  [`"text_bytes" < 100 OR title = 'Page 16'`, '', [15, 29]],
  [`title IN ('Page 1', 'Page 20', 'it''s')`, '', [1, 19]],
  [`datetime >= '2026-01-05 00:28:00' AND NOT (label = 'constructor')`, '&orderby="datetime" DESC', [28, 27]],
  ['false', '', []],
])('where=%s%s', async (where, rest, expected) => {
  const page = await ask(`/filter?${split}&where=${encodeURIComponent(where)}${rest}`)
  expect([page.status, places(page), page.body.num_rows_total]).toEqual([200, expected, expected.length])
})

test('a page of it is a slice of all that fits', async () => {
  const page = await ask(`/filter?${split}&where=${encodeURIComponent(`lang = 'en'`)}&offset=14&length=2`)
  expect([places(page), page.body.num_rows_total]).toEqual([[14, 15], 30])
  const turned = await ask(`/filter?${split}&orderby=datetime%20desc&length=2`)
  expect(titles(turned)).toEqual(['Page 30', 'Page 29'])
  expect((await ask(`/filter?${split}&where=true&offset=30`)).body).toMatchObject({ rows: [], num_rows_total: 30 })
})

test.each([
  [`/filter?${split}&where=(SELECT%20count(*)%20FROM%20read_csv('/etc/passwd'))>0`, /./],
  [`/filter?${split}&where=licence_of(rights)=1`, /./],
  [`/filter?${split}&where=nope=1`, /^Parameter 'where' is refused: .*nope/],
  [`/filter?${split}&where=label=%D0%B9%D0%BE%D0%BF%D1%82%D0%B0`, /^Parameter 'where' is refused: .*йопта/],
  [`/filter?${split}&where=title`, /./],
])('GET %s is refused as one that cannot be asked', async (path, message) => {
  const answer = await ask(path)
  expect([answer.status, answer.headers['x-error-code']]).toEqual([422, 'InvalidParameter'])
  expect(answer.body.error).toMatch(message)
})
