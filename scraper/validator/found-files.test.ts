import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { packFacts, unpackFacts, type RowFacts } from './file-facts.ts'
import { openFoundFiles, type FoundFile } from './found-files.ts'

const rowFacts = fc.record<RowFacts>({
  row: fc.nat(2 ** 25),
  hour: fc.nat(600_000),
  textBytes: fc.nat(2 ** 23),
  label: fc.nat(2),
  fetch: fc.nat(2 ** 48 - 1),
  flags: fc.nat(15),
})

test('rows are unpacked as they were packed', () => {
  fc.assert(fc.property(fc.array(rowFacts), (rows) => void expect(unpackFacts(packFacts(rows))).toEqual(rows)))
})

const labels = ['constructor', '__proto__', 'x'.repeat(140)]
const file = (sha256: string, rows: RowFacts[]): FoundFile => ({ sha256, jobId: 'job', deletes: null, jobs: 'list', labels, failures: [], wrong: [], rows })
const facts = (row: number, fetch: number, label = row % 3): RowFacts => ({ row, hour: row % 5, textBytes: 1 + row, label, fetch, flags: fetch % 8 })

test('buckets and shared fetches are those of the rows that are left, whatever came and went; in the end nothing is left', async () => {
  const folder = await temporaryFolder()
  let runs = 0
  const steps = fc.array(fc.record({ miner: fc.constantFrom('a', 'b'), size: fc.nat(6), first: fc.nat(8), drops: fc.nat(3), shrinks: fc.boolean() }), {
    maxLength: 8,
  })
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const path = join(folder, `${runs++}.sqlite`)
      await using found = openFoundFiles(path)
      const standing: { miner: string; number: number; rows: RowFacts[] }[] = []
      for (const [block, { miner, size, first, drops, shrinks }] of history.entries()) {
        const rows = Array.from({ length: size }, (_, n) => facts(n, first + n))
        await found.add(miner, file(`${block}`, rows), block)
        const number = (await found.files(miner)).find(({ sha256 }) => sha256 === `${block}`)?.number as number
        if (shrinks) await found.shrink(number, 'vector', Uint32Array.of(0, 2, 99))
        standing.push({ miner, number, rows: shrinks ? rows.filter(({ row }) => row !== 0 && row !== 2) : rows })
        if (drops === 0) await found.drop(standing.shift()?.number as number)
      }
      for (const miner of ['a', 'b']) {
        const own = standing.filter((each) => each.miner === miner).flatMap(({ rows }) => rows)
        const bytes = (await found.buckets(miner)).reduce((sum, bucket) => sum + bucket.bytes, 0)
        expect(bytes).toBe(own.reduce((sum, { textBytes }) => sum + textBytes, 0))
        const known = new Map((await found.files(miner)).map((each) => [each.number, each]))
        for (const { number, rows } of standing.filter((each) => each.miner === miner)) {
          expect(await found.positions(number)).toEqual(rows.map(({ row }) => row))
          const flagged = (flag: number) => rows.filter(({ flags }) => (flags & flag) !== 0).length
          expect(known.get(number)).toMatchObject({ count: rows.length, repeats: flagged(1), strangers: flagged(2), empty: flagged(4) })
        }
      }
      const fetches = (miner: string) => new Set(standing.filter((each) => each.miner === miner).flatMap(({ rows }) => rows.map(({ fetch }) => fetch)))
      expect((await found.shared()).reduce((sum, { rows }) => sum + rows, 0)).toBe(fetches('a').intersection(fetches('b')).size)
      for (const miner of await found.hotkeys()) await found.forget(miner)
      const database = new DatabaseSync(path)
      for (const table of ['miners', 'files', 'buckets', 'fetches', 'shared']) expect(database.prepare(`select * from ${table}`).all(), table).toEqual([])
      database.close()
    }),
    { numRuns: 20 },
  )
})

test('who showed a fetch first stays known while the miner shows it in any file', async () => {
  await using found = openFoundFiles(join(await temporaryFolder(), 'found.sqlite'))
  await found.add('a', file('1', [facts(0, 7)]), 10)
  await found.add('b', file('2', [facts(0, 7)]), 20)
  await found.add('a', file('3', [facts(0, 7)]), 30)
  await found.drop((await found.files('a'))[0]?.number as number)
  expect(await found.shared()).toEqual([{ a: { hotkey: 'a', block: 10 }, b: { hotkey: 'b', block: 20 }, rows: 1 }])
  await found.showedBy('b', 5)
  expect(await found.shared()).toMatchObject([{ b: { block: 5 } }])
  expect(await found.areShared([7, 8])).toEqual([true, false])
})
