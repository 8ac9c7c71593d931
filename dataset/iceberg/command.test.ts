import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, expect, test, vi } from 'vitest'
import { Config } from '#infra/config/schema.ts'
import { folderStore } from '#infra/store/folder.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { icebergCommand } from './command.ts'
import { pages, tableScene, type TableScene } from './tables.fixture.ts'

afterEach(() => void vi.restoreAllMocks())

async function orrery(scene: TableScene, ...words: string[]): Promise<unknown> {
  const lines: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0)
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined })
  icebergCommand(program, () => Promise.resolve({ ...scene, config: Config.parse({}), [Symbol.asyncDispose]: () => Promise.resolve() }))
  await program.parseAsync(['iceberg', ...words], { from: 'user' })
  return JSON.parse(lines.join(''))
}

test('says where the table is, and where one was written that stands by itself', async () => {
  await using scene = await tableScene()
  await expect(orrery(scene)).rejects.toMatchObject({ code: 'not_found', message: expect.stringContaining('orrery dataset ingest --once') })
  await scene.bring('one', [{ documents: pages.oneDay }])
  const table = `${scene.store.location}/datasets/web/iceberg/table`
  expect(await orrery(scene)).toMatchObject({ table, metadata: `${table}/metadata/v1.metadata.json`, version: 1, versions: [1] })
  const to = await temporaryFolder()
  expect(await orrery(scene, 'web', '--to', to, '--url', 's3://bucket/web')).toMatchObject({ table: 's3://bucket/web', versions: [1] })
  const metadata = JSON.parse(await readFile(join(to, 'metadata/v1.metadata.json'), 'utf8'))
  expect([metadata.location, metadata.snapshots[0]['manifest-list']]).toEqual([
    's3://bucket/web',
    expect.stringMatching(/^s3:\/\/bucket\/web\/metadata\/[0-9a-f]{64}-snap\.avro$/),
  ])
})

test('a table of a folder that was moved is told as such until it is written anew', async () => {
  await using scene = await tableScene()
  await scene.bring('one', [{ documents: pages.oneDay }])
  const moved = join(scene.dir, 'moved')
  await rename(join(scene.dir, 'objects'), moved)
  const message = expect.stringContaining(`${scene.store.location}; \`orrery dataset ingest --once\``)
  await expect(orrery({ ...scene, store: folderStore(moved) })).rejects.toMatchObject({ code: 'not_found', message })
})

test.each([
  [['../../etc']],
  [['__proto__']],
  [['--url', 'https://data.example/web']],
  [['--to', '/tmp/x', '--url', 'data.example/web']],
  [['--to', '/tmp/x', '--url', 'https://data.example/web?key=1']],
  [['--to', '/tmp/x', '--url', 'file:relative']],
  [['--to', 's3://bucket/web']],
  [['--to', 'file:///tmp/x']],
])('%j is refused before anything is opened', async (words) => {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined })
  icebergCommand(program, () => Promise.reject(new Error('opened')))
  await expect(program.parseAsync(['iceberg', ...words], { from: 'user' })).rejects.toMatchObject({ code: 'invalid_argument' })
})
