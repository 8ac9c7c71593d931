import { execFile } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { systemClock } from '#infra/clock.ts'
import { folderStore } from '#infra/store/folder.ts'
import { families, lineage } from '#schemas/lineage.ts'
import { decodeDocuments } from '#schemas/parquet/decode.ts'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { anyPorts, runProgram } from '../e2e/program.ts'
import { headsOf, liveRows, repeated } from '../e2e/turn-facts.ts'
import { writeSmallWeb } from './small-web.ts'

/** A data folder that an older version left (write-folders.ts): `turned` that before this, `killed` that before it. And the web it was made from. */
async function folderOfBefore(name: 'turned' | 'killed') {
  const folder = await temporaryFolder()
  const [data, root] = [join(folder, 'data'), join(folder, 'web')]
  await mkdir(data)
  await promisify(execFile)('tar', ['-xJf', join(import.meta.dirname, `${name}.tar.xz`), '-C', data])
  await writeSmallWeb(root, 40)
  return { data, root }
}

/** What a folder of the version before holds, by its files alone. */
async function before(data: string) {
  const store = join(data, 'store')
  const shards = (await readdir(join(store, 'data'), { recursive: true })).filter((path) => path.endsWith('.parquet'))
  const documents = await Promise.all(shards.map(async (path) => decodeDocuments(await folderStore(store).get(`data/${path}`))))
  const catalog = new DatabaseSync(join(data, 'catalog.sqlite'))
  const heads = catalog.prepare('select name, version, manifest from entries join lines using (name, version)').all()
  catalog.close()
  const head = (name: string) => heads.find((entry) => String(entry['name']).startsWith(name))
  const manifest = (name: string) => JSON.parse(String(head(name)?.['manifest'])) as Record<string, unknown>
  const queue = new DatabaseSync(join(data, 'queue.sqlite'))
  const waiting = queue.prepare("select json_extract(body, '$.uri') as uri from messages where body is not null").all()
  queue.close()
  const ledger = new DatabaseSync(join(data, 'ledger.sqlite'))
  const settled = Number(ledger.prepare('select count(*) as n from settlements').get()?.['n'])
  ledger.close()
  return {
    uris: new Set([...documents.flat().map(({ uri }) => uri), ...waiting.map(({ uri }) => String(uri))]),
    waiting: waiting.length,
    settled,
    dataset: { version: Number(head('dataset/')?.['version']), documents: Number(manifest('dataset/')['documents']) },
    credibility: new Map((manifest('scores/')['miners'] as { hotkey: string; credibility: number }[]).map((each) => [each.hotkey, each.credibility])),
  }
}

test.each(['turned', 'killed'] as const)('a data folder of an older version, %s, opens and goes on', async (name) => {
  const { data, root } = await folderOfBefore(name)
  const old = await before(data)
  expect(old.uris.size).toBeGreaterThan(30)
  expect(old.waiting > 0).toBe(name === 'killed')
  const set = [`site.root=${root}`, 'bridge.rows=2', 'bridge.sequence_tokens=64', 'miner.pages_per_cycle=60'].flatMap((setting) => ['--set', setting])
  const once = () => runProgram(['up', '--once', '--data', data, ...set, ...anyPorts])
  // The turn that was cut off has only its training left.
  const rest = name === 'killed' ? await once() : undefined
  expect(rest?.code ?? 0, rest?.stderr).toBe(0)
  const run = await once()
  expect(run.code, run.stderr).toBe(0)
  expect(run.events.filter(({ event }) => /failed|lost|skipped|refused/.test(event))).toEqual([])

  await using catalog = sqliteCatalog(join(data, 'catalog.sqlite'), { clock: systemClock() })
  const store = folderStore(join(data, 'store'))
  const files = (await headsOf(catalog, families.snapshots)).flatMap((snapshot) => snapshot.files)
  const rows = (await Promise.all(files.map((listed) => liveRows(store, listed)))).flat()
  const uris = rows.map(({ uri, hotkey }) => `${hotkey} ${uri}`)
  expect(repeated(uris)).toEqual([])
  const kept = new Set(rows.map(({ uri }) => uri))
  expect([...old.uris].filter((uri) => !kept.has(uri))).toEqual([])
  expect(kept.size).toBeGreaterThan(old.uris.size)

  const dataset = await catalog.head(lineage.dataset('web'))
  expect(dataset).toMatchObject({ kind: 'version', version: old.dataset.version + 1 })
  // One page is another host's, nearly.
  expect(dataset?.manifest.documents).toBeGreaterThanOrEqual(kept.size - 1)
  expect(dataset?.manifest.documents).toBeGreaterThan(old.dataset.documents)

  for (const { hotkey, credibility, passed, failures } of (await headsOf(catalog, families.scores)).flatMap(({ miners }) => miners)) {
    expect({ passed, failures }).toEqual({ passed: true, failures: [] })
    expect(credibility).toBeGreaterThan(old.credibility.get(hotkey) ?? 0)
  }
  const summary = run.events.findLast(({ event }) => event === 'turn.summary') as unknown as { batches_settled: number; tokens: number }
  expect(summary.batches_settled).toBeGreaterThan(old.settled)
  expect(summary.tokens).toBeGreaterThan(0)
})
