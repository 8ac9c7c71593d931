import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import type { TurnSummary } from '#infra/telemetry/summary.ts'
import { families, type ManifestKind } from '#schemas/lineage.ts'
import { temporaryFolder } from '../conformance/temporary-folder.ts'
import { anyPorts, runProgram } from './program.ts'
import { readTurnFacts, shortfalls } from './turn-facts.ts'

const frozen = ['--frozen-at', '2026-01-15T12:00:00Z', ...anyPorts]

test('one turn from pages to new weights, and the same bytes the second time', { timeout: 180_000 }, async () => {
  const one = await temporaryFolder()
  const two = await temporaryFolder()
  const first = await runProgram(['up', '--once', '--data', one, ...frozen])
  expect(first.code, first.stderr).toBe(0)
  expect(first.stderr).toContain('documents in shards')
  expect(shortfalls(await readTurnFacts(one, summaryOf(first.events)))).toEqual([])

  const second = await runProgram(['up', '--once', '--data', two, ...frozen])
  expect(second.code, second.stderr).toBe(0)
  expect(await artefacts(two)).toEqual(await artefacts(one))
})

const summaryOf = (events: readonly { event: string }[]): TurnSummary => events.findLast(({ event }) => event === 'turn.summary') as unknown as TurnSummary

/** sha256 of every object of the store, and the content address of every version of the lines that must repeat. */
async function artefacts(dataDir: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  const store = join(dataDir, 'store')
  for (const entry of await readdir(store, { recursive: true, withFileTypes: true })) {
    const path = relative(store, join(entry.parentPath, entry.name))
    if (entry.isFile() && !path.startsWith('.tmp'))
      found[path] = createHash('sha256')
        .update(await readFile(join(store, path)))
        .digest('hex')
  }
  await using catalog = sqliteCatalog(join(dataDir, 'catalog.sqlite'), { clock: systemClock() })
  for (const family of [families.shards, families.snapshots, families.indexes, families.datasets, families.tokens, families.plans])
    for (const line of await catalog.lines<ManifestKind, ManifestKind>(family))
      for (const { name, version, sha256 } of await catalog.history(line, { limit: 100 })) found[`${name}@${version}`] = sha256
  expect(Object.keys(found).filter((name) => name.startsWith('plan/'))).toHaveLength(1)
  expect(Object.keys(found).filter((name) => name.startsWith('data/')).length).toBeGreaterThan(3)
  return found
}
