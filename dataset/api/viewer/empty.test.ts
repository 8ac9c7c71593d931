import { expect, test } from 'vitest'
import { testDocuments } from '#test/golden/documents.ts'
import { servedDataset } from '#test/golden/served-dataset.ts'

test('a dataset without documents has an answer to everything', async () => {
  await using served = await servedDataset([{ documents: testDocuments(2), deletes: [0, 1] }])
  const split = 'dataset=web&config=default&split=train'
  const ask = async (path: string) => {
    const { status, text } = await served.get(path)
    return { status, body: JSON.parse(text) }
  }
  expect((await ask('/is-valid?dataset=web')).body).toEqual({ preview: false, viewer: false, search: false, filter: false, statistics: false })
  for (const path of [`/first-rows?${split}`, `/rows?${split}`, `/search?${split}&query=word`, `/filter?${split}&where=true`])
    expect(await ask(path)).toMatchObject({ status: 200, body: { rows: [] } })
  expect((await ask('/parquet?dataset=web')).body).toMatchObject({ parquet_files: [], partial: false })
  const { body } = await ask(`/statistics?${split}`)
  expect(body.num_examples).toBe(0)
  expect(body.statistics.find(({ column_name }: { column_name: string }) => column_name === 'datetime').column_statistics).toEqual({
    nan_count: 0,
    nan_proportion: 0,
    min: null,
    max: null,
    mean: null,
    median: null,
    std: null,
    histogram: null,
  })
  expect((await ask('/v1/datasets/web/statistics')).body).toMatchObject({ documents: 0, hosts: { distinct: 0, values: [] }, months: [], quality: [] })
  expect((await served.get('/cdx?url=*.example')).status).toBe(404)
})
