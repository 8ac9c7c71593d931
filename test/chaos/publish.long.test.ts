import { createHash } from 'node:crypto'
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { token } from '#dataset/publish/publish.fixture.ts'
import { writeDataFile } from '#infra/corpus/write-data-file.ts'
import { lineOf } from '#schemas/lineage.ts'
import { testDocument } from '#test/golden/documents.ts'
import { goldenOrigin, shardWorld, type ShardWorld } from '#test/golden/shards.ts'
import { startHub } from '#test/site/hub.ts'
import { publishKilled } from './killed-publish.ts'

test.each([1, 2, 3])(
  'kill -9 in a publication of several commits, at moments of seed %d',
  async (seed) => {
    const { exitCode, whole, killed } = await publishKilled({ files: 230, kills: 10, seed })
    expect([exitCode, whole.uploaded.length]).toEqual([0, 230])
    expect(killed).toEqual(whole)
  },
  600_000,
)

test('60 files of 8 MiB are published in less than 200 MiB more than reading them takes', async () => {
  await using world = await shardWorld()
  await using hub = await startHub({ token })
  const bytes = await putFiles(world, 60)
  expect(bytes).toBeGreaterThan(470 * 2 ** 20)
  const child = fork(join(import.meta.dirname, 'publish-child.ts'), [world.dir, hub.origin, 'weighed'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const said: { base: number; most: number }[] = []
  child.on('message', (message) => void said.push(message as { base: number; most: number }))
  await new Promise((resolve) => void child.once('exit', resolve))
  const { base, most } = said.at(-1) ?? { base: 0, most: Infinity }
  console.log(`publish: ${Math.round(base / 2 ** 20)} MiB before, ${Math.round((most - base) / 2 ** 20)} MiB more at most`)
  expect(hub.uploaded).toHaveLength(60)
  expect((most - base) / 2 ** 20).toBeLessThan(200)
}, 600_000)

/** A version of files of about 8 MiB, each of some hundred documents that nothing compresses. @returns bytes of all */
async function putFiles({ store, catalog, dir }: ShardWorld, count: number): Promise<number> {
  const files = []
  for (let n = 0; n < count; n++) {
    const documents = Array.from({ length: 256 }, (_, row) => {
      const text = createHash('shake256', { outputLength: 2 ** 15 })
        .update(`${n} ${row}`)
        .digest('hex')
      return testDocument(row, { text, uri: `https://host.example/${n}/${row}`, minhash: new Uint8Array(448) })
    })
    const written = { documents, codec: 'zstd' as const, writtenAt: new Date(0), spool: join(dir, 'spool') }
    const { key, sha256, bytes, rows } = await writeDataFile(store, { ...written, keyOf: (file) => `datasets/web/${file.sha256}.parquet` })
    files.push({ key, sha256, bytes, rows })
  }
  const documents = files.reduce((sum, { rows }) => sum + rows, 0)
  const manifest = { kind: 'dataset' as const, parent: null, origin: goldenOrigin, name: 'web', sources: [], files, documents, text_bytes: documents * 2 ** 16 }
  await catalog.commit(lineOf({ prefix: 'dataset/', kind: 'dataset', former: [] }, 'web'), undefined, { ...manifest, labels: {}, dropped: {} })
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}
