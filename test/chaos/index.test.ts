import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { openDatasetQuery } from '#dataset/query/open-dataset-query.ts'
import type { DatasetEntry } from '#dataset/versions.ts'
import { testDocuments } from '#test/golden/documents.ts'
import { shardWorld } from '#test/golden/shards.ts'
import { putVersion } from '#test/golden/versions.ts'
import { manualClock } from '#test/manual-clock.ts'
import { runAndKill } from './killed-child.ts'

/** Milliseconds after it began at which an index is killed: over the whole of its work, the same every time. */
const moments = [0, 60, 120, 180, 260]

test('kill -9 while versions are indexed, again and again, ends with the same index', async () => {
  await using world = await shardWorld()
  const documents = testDocuments(240)
  let head: DatasetEntry | undefined
  for (const [n, moment] of moments.entries()) {
    for (const step of [0, 1, 2]) {
      const shards = Array.from({ length: 2 + n }, (_, file) => ({
        documents: documents.slice(20 * file, 20 * file + 20),
        deletes: documents.slice(0, 20).flatMap((_document, row) => ((row + file + n + step) % 4 === 0 ? [row] : [])),
      }))
      head = await putVersion(world, { a: shards.slice(0, -1), [`b${step}`]: shards.slice(-1) })
    }
    await runAndKill('index-child.ts', [world.dir], moment)
  }
  expect(await runAndKill('index-child.ts', [world.dir], undefined)).toBe(0)
  await using query = openDatasetQuery({ ...world, folder: world.queryFolder, clock: manualClock() })
  if (head) await query.follow(head, new AbortController().signal)
  expect(await contentOf(join(world.dir, 'killed', 'web'))).toEqual(await contentOf(join(world.queryFolder, 'web')))
})

/** What an index says, but for the numbers it has given to it. */
async function contentOf(folder: string): Promise<unknown> {
  const names = (await readdir(folder)).filter((name) => /^rows-.*sqlite$/.test(name))
  using db = new DatabaseSync(join(folder, names.at(-1) ?? ''))
  const rows = `select key, position, since, until, hex(id) as id, uri, quality, hex(packed) as packed from rows
    join documents using (number) join files on files.number = file order by key, position, since`
  const lists = `select distinct word from words join segments on segments.number = segment where ready = 1 order by word`
  return {
    rows: db.prepare(rows).all(),
    words: db.prepare(lists).all(),
    facts: db.prepare(`select * from facts where name <> 'gone'`).all(),
    groups: db.prepare('select hotkey, job, list from groups order by hotkey').all(),
    files: db.prepare('select key, rows, deletes, hex(live) as live from files order by key').all(),
  }
}
