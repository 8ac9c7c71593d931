import { readFile, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { icebergRead } from 'icebird'
import { expect, onTestFinished, test } from 'vitest'
import { folderStore } from '#infra/store/folder.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { exportTable } from './export.ts'
import { pages, signal, tableScene, threeVersions } from './tables.fixture.ts'

/** Any server of files, which knows ranges. */
async function served(folder: string): Promise<string> {
  const server = createHttpServer(async ({ url = '', headers, method }, answer) => {
    const body = await readFile(join(folder, url)).catch(() => undefined)
    if (!body) return answer.writeHead(404).end()
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? []
    if (first === undefined) return answer.writeHead(200, { 'content-length': body.length }).end(method === 'HEAD' ? undefined : body)
    const part = body.subarray(Number(first), last ? Number(last) + 1 : undefined)
    return answer.writeHead(206, { 'content-range': `bytes ${first}-${Number(first) + part.length - 1}/${body.length}` }).end(part)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const idsOf = (rows: Record<string, unknown>[]): unknown[] => rows.map(({ id }) => id).toSorted()

test('icebird reads a table that was exported for a web server, the newest version and an older one', async () => {
  await using scene = await tableScene()
  await threeVersions(scene)
  const to = await temporaryFolder()
  const tableUrl = await served(to)
  await exportTable({ ...scene, name: 'web', to, url: `${tableUrl}/`, signal })
  const rows = await icebergRead({ tableUrl })
  const documents = await scene.documents()
  expect(idsOf(rows)).toEqual(documents.map(({ id }) => id))
  const byId = new Map(rows.map((row) => [row['id'], row]))
  for (const { id, uri, label, datetime, text_bytes: bytes } of documents) expect(byId.get(id)).toMatchObject({ uri, label, datetime, text_bytes: bytes })
  const metadata = JSON.parse(await readFile(join(to, 'metadata/v1.metadata.json'), 'utf8'))
  const older = { ...metadata, 'current-snapshot-id': metadata.refs.v1['snapshot-id'] }
  expect(idsOf(await icebergRead({ tableUrl, metadata: older }))).toEqual((await scene.documents(1)).map(({ id }) => id))
})

test('done again it brings what is new, takes away what no version has any more, and touches nothing else', async () => {
  await using scene = await tableScene()
  await scene.bring('one', [{ documents: pages.oneDay, deletes: [1] }])
  const to = await temporaryFolder()
  const write = () => exportTable({ ...scene, name: 'web', to, signal })
  const first = await write()
  await writeFile(join(to, 'mine.txt'), 'mine')
  await scene.bring('one', [{ documents: pages.oneLabel }])
  await scene.catalog.expire({ name: 'dataset/web', kind: 'version', former: [] }, { keepNewest: 1, before: Date.now() + 1 })
  const second = await write()
  expect([first.number, second.number, second.snapshots.map(({ version }) => version)]).toEqual([1, 2, [2]])
  const keys = async (folder: string) => (await Array.fromAsync(folderStore(to).list(folder))).map(({ key }) => key)
  expect(await keys('data/')).toHaveLength(1)
  expect(await keys('deletes/')).toEqual([])
  expect((await keys('metadata/')).filter((key) => key.endsWith('json') || key.endsWith('text'))).toEqual([
    'metadata/v2.metadata.json',
    'metadata/version-hint.text',
  ])
  expect(await readFile(join(to, 'mine.txt'), 'utf8')).toBe('mine')
  expect(await write()).toEqual(second)
})

test('a folder of the store is refused, and so is the table of another dataset; a copy that broke off is made again', async () => {
  await using scene = await tableScene()
  await scene.bring('one', [{ documents: pages.oneDay }])
  const to = await temporaryFolder()
  const write = (folder: string, name = 'web') => exportTable({ ...scene, name, to: folder, signal })
  for (const inside of ['', 'datasets/web/iceberg/table', 'datasets/new'])
    await expect(write(join(scene.store.location.slice('file://'.length), inside))).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('in the store'),
    })
  await write(to)
  await expect(write(to, 'docs')).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('the dataset "web"') })
  const [data] = await Array.fromAsync(folderStore(to).list('data/'))
  await writeFile(join(to, data!.key), 'PAR1')
  await scene.bring('one', [{ documents: pages.oneDay }, { documents: pages.oneLabel }])
  await write(to)
  const copies = await Array.fromAsync(folderStore(to).list('data/'))
  expect(copies).toHaveLength(2)
  for (const { key, bytes } of copies) expect(await scene.store.head(`datasets/web/${key}`)).toMatchObject({ bytes })
})

test('a folder with something else in it is refused, and a dataset without a version', async () => {
  await using scene = await tableScene()
  const to = await temporaryFolder()
  await expect(exportTable({ ...scene, name: 'web', to, signal })).rejects.toMatchObject({ code: 'not_found' })
  await writeFile(join(to, 'mine.txt'), 'mine')
  await expect(exportTable({ ...scene, name: 'web', to, signal })).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining(to) })
})
