import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { corpusIndexSuite } from '#test/conformance/corpus-index.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { addedRow, historyChange, toldOfHistory } from '#test/golden/corpus-rows.ts'
import type { AddedRow } from '#schemas/corpus-index.ts'
import { bandHashes } from '#schemas/identity/signature.ts'
import { openDatabase } from '../sqlite/database.ts'
import { fileSchemas } from '../sqlite/schema.ts'
import { folderCorpusIndex } from './corpus-index.ts'
import { HashSets } from './hash-sets.ts'

const module = new URL('corpus-index.ts', import.meta.url).href
const placeAt = (folder: string) => ({ module, factory: 'folderCorpusIndex', args: [folder] })

const noise = (seed: string): Uint8Array => createHash('shake256', { outputLength: 448 }).update(seed).digest()

const noiseRows = (from: number, count: number): AddedRow[] =>
  Array.from({ length: count }, (_, at) => addedRow(from + at, { signature: noise(`${from + at}`) }))

/** The first key is that of all others. */
function crafted(n: number): Uint8Array {
  const signature = noise(`${n}`)
  signature.fill(7, 0, 32)
  return signature
}

async function withHistory(changes: number): Promise<string> {
  const folder = join(await temporaryFolder(), 'index')
  await using index = folderCorpusIndex(folder)
  for (let n = 0; n < changes; n++) await index.commit(historyChange(n))
  return folder
}

async function told(folder: string, changes: number): Promise<unknown> {
  await using index = folderCorpusIndex(folder)
  return await toldOfHistory(index, changes)
}

const runsIn = (folder: string, set: string): string[] => readdirSync(join(folder, set)).map((name) => join(folder, set, name))

describe('folderCorpusIndex', () => {
  corpusIndexSuite(async () => placeAt(join(await temporaryFolder(), 'index')))

  test('deletes what a crash left beside the runs that count', async () => {
    const folder = await withHistory(3)
    const before = runsIn(folder, 'bands')
    const expected = await told(folder, 3)
    copyFileSync(before[0] as string, join(folder, 'bands', '0000000099-0000000099.run'))
    writeFileSync(join(folder, 'exact', '0000000099-0000000099.run'), 'half a r')
    expect(await told(folder, 3)).toEqual(expected)
    expect(runsIn(folder, 'bands')).toEqual(before)
  })

  test('says once what is damaged or missing, and where, and begins anew at the next opening', async () => {
    const damages: ((folder: string) => string)[] = [
      (folder) => removed(runsIn(folder, 'bands')[0] as string),
      (folder) => cut(runsIn(folder, 'exact')[0] as string),
      (folder) => cut(runsIn(folder, 'paragraphs')[0] as string),
      (folder) => overwritten(join(folder, 'rows.sqlite')),
    ]
    for (const damage of damages) {
      const folder = await withHistory(2)
      const path = damage(folder)
      expect(() => folderCorpusIndex(folder)).toThrow(expect.objectContaining({ code: 'data_unreadable', message: expect.stringContaining(path) }))
      // And leaves no lock behind.
      await using index = folderCorpusIndex(folder)
      expect(await index.stats()).toMatchObject({ live: 0, files: [] })
      expect(await index.pending()).toBeUndefined()
      expect(runsIn(folder, 'bands')).toEqual([])
    }
  })

  test('says so, too, when it is found while it works, and stays as it is until it is opened again', async () => {
    const folder = await withHistory(2)
    const expected = await told(folder, 2)
    const [path] = runsIn(folder, 'bands') as [string]
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.with(100, bytes[100]! ^ 1))
    {
      await using index = folderCorpusIndex(folder)
      for (let n = 0; n < 2; n++)
        await expect(toldOfHistory(index, 2)).rejects.toMatchObject({ code: 'data_unreadable', message: expect.stringContaining('made anew') })
    }
    await using index = folderCorpusIndex(folder)
    for (let n = 0; n < 2; n++) await index.commit(historyChange(n))
    expect(await toldOfHistory(index, 2)).toEqual(expected)
  })

  test('tells a folder that cannot be had from one that another process has', async () => {
    const path = join(await temporaryFolder(), 'a file')
    writeFileSync(path, '')
    expect(() => folderCorpusIndex(join(path, 'index'))).toThrow(expect.objectContaining({ code: 'store_unavailable', message: expect.stringContaining(path) }))
    const folder = join(await temporaryFolder(), 'index')
    await using held = folderCorpusIndex(folder)
    expect(await held.pending()).toBeUndefined()
    expect(() => folderCorpusIndex(folder)).toThrow(expect.objectContaining({ code: 'conflict', message: expect.stringContaining(folder) }))
  })

  test('begins anew where its database is lost, and says that it has no file', async () => {
    const folder = await withHistory(2)
    for (const name of readdirSync(folder)) if (name.startsWith('rows.sqlite')) rmSync(join(folder, name))
    await using index = folderCorpusIndex(folder)
    expect(await index.stats()).toMatchObject({ live: 0, files: [] })
    expect(runsIn(folder, 'bands')).toEqual([])
    await index.commit(historyChange(0))
    expect(await index.stats()).toMatchObject({ live: 6 })
  })

  test('refuses a change when the disk is full, and keeps all that was before', async () => {
    const folder = join(await temporaryFolder(), 'index')
    const child = new URL('../../test/conformance/child/corpus-index.ts', import.meta.url).pathname
    const job = JSON.stringify({ job: 'fill', place: placeAt(folder) })
    // No file may grow beyond 1 MiB: what would be written then fails as on a full disk.
    const shell = spawn('bash', ['-c', 'ulimit -f 1024; exec "$0" --disable-warning=ExperimentalWarning "$@"', process.execPath, child, job], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const said = JSON.parse(await text(shell.stdout)) as { changes: number; code: string; told: unknown }
    expect(said).toMatchObject({ code: 'store_unavailable' })
    expect(said.changes).toBeGreaterThan(5)
    expect(runsIn(folder, 'bands').filter((path) => path.endsWith('.run'))).toEqual(listedRuns(folder, 'bands'))
    const kept = await told(folder, said.changes)
    expect(JSON.parse(JSON.stringify(kept))).toEqual(said.told)
    const expected = await told(await withHistory(said.changes), said.changes)
    expect(kept).toEqual(expected)
  })

  test('keeps no more than some rows under one hash, however many are made for it', async () => {
    const folder = join(await temporaryFolder(), 'index')
    await using index = folderCorpusIndex(folder)
    for (let from = 0; from < 1000; from += 100)
      await index.commit({ add: Array.from({ length: 100 }, (_, at) => addedRow(from + at, { signature: crafted(from + at) })) })
    expect(await index.near([crafted(999)])).toMatchObject([{ live: [{ ordinal: 999 }] }])
    using db = openDatabase(join(folder, 'rows.sqlite'), fileSchemas.corpus)
    using sets = new HashSets(folder, db, () => false, 'reader')
    let rows = 0
    sets.bands.find(bandHashes(crafted(0)).subarray(0, 1), () => void rows++)
    expect(rows).toBeGreaterThanOrEqual(128)
    expect(rows).toBeLessThanOrEqual(256)
  })

  test('needs less than 40 bytes of memory for a document beside its cache', async () => {
    const folder = join(await temporaryFolder(), 'index')
    await using index = folderCorpusIndex(folder)
    const { memoryBytes: before } = await index.stats()
    const documents = 5000
    for (let from = 0; from < documents; from += 500) {
      const add = Array.from({ length: 500 }, (_, at) =>
        addedRow(from + at, {
          signature: noise(`${from + at}`),
          paragraphs: Array.from({ length: 10 }, (_x, part) => ({
            name: Buffer.from(noise(`${from + at} ${part}`).subarray(0, 8)).toString('hex'),
            isKept: true,
          })),
        }),
      )
      await index.commit({ add })
    }
    expect(((await index.stats()).memoryBytes - before) / documents).toBeLessThan(40)
  })

  test('knows the last versions of pages that change for ever, however many there were', async () => {
    const folder = join(await temporaryFolder(), 'index')
    await using index = folderCorpusIndex(folder)
    let last: number[] = []
    // More versions than a bucket holds rows.
    for (let n = 0; n < 30; n++) {
      const add = Array.from({ length: 10 }, (_, at) => {
        const signature = addedRow(0).signature.slice()
        signature.fill(10 * n + at, 0, 8)
        return addedRow(10 * n + at, { signature })
      })
      last = await index.commit({ forget: last, add })
      const [group] = await index.near([add[0]?.signature ?? new Uint8Array()])
      expect(group?.live.map(({ ordinal }) => ordinal)).toEqual(last)
    }
    expect(await index.stats()).toMatchObject({ live: 10, shadowed: 0, remembered: 0 })
  })

  test('gives back the memory of rows that were forgotten', async () => {
    const folder = join(await temporaryFolder(), 'index')
    await using index = folderCorpusIndex(folder)
    const { memoryBytes: before } = await index.stats()
    const ordinals = await index.commit({ add: noiseRows(0, 3000) })
    expect((await index.stats()).memoryBytes - before).toBeGreaterThan(50_000)
    await index.commit({ forget: ordinals.slice(10) })
    for (let n = 5000; n < 5010; n++) await index.commit({ add: noiseRows(n, 1) })
    expect((await index.stats()).memoryBytes - before).toBeLessThan(10_000)
    expect(await index.exact(noiseRows(3, 1).map(({ facts }) => facts))).toMatchObject([{ uri: { ordinal: 3 } }])
  })
})

function listedRuns(folder: string, set: string): string[] {
  using db = openDatabase(join(folder, 'rows.sqlite'), fileSchemas.corpus)
  return db.all<{ name: string }>('select name from runs where folder = ? order by name', set).map(({ name }) => join(folder, set, name))
}

function removed(path: string): string {
  rmSync(path)
  return path
}

function cut(path: string): string {
  writeFileSync(path, readFileSync(path).subarray(0, -1))
  return path
}

function overwritten(path: string): string {
  writeFileSync(path, 'this is a text of another kind')
  return path
}
