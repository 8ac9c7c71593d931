import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { canonicalJson, contentAddress } from '#schemas/canonical-json.ts'
import { lineage } from '#schemas/lineage.ts'
import { catalogSuite } from '#test/conformance/catalog.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { openDatabase } from '../sqlite/database.ts'
import { fileSchemas } from '../sqlite/schema.ts'
import { sqliteCatalog } from './sqlite.ts'

const module = new URL('sqlite.ts', import.meta.url).href
const clock = manualClock()

describe('sqliteCatalog', () => {
  catalogSuite(async () => ({ module, factory: 'sqliteCatalog', args: [join(await temporaryFolder(), 'catalog.sqlite')] }))

  test('gives out no manifest that was changed in the file', async () => {
    const path = join(await temporaryFolder(), 'catalog.sqlite')
    await using catalog = sqliteCatalog(path, { clock })
    await catalog.commit(lineage.turn, undefined, { kind: 'turn', parent: null, turn: 1, step: 'started' })
    const raw = new DatabaseSync(path)
    raw.exec(`drop trigger entries_fixed; update entries set manifest = replace(manifest, 'started', 'trained')`)
    raw.close()
    await expect(catalog.head(lineage.turn)).rejects.toMatchObject({ code: 'data_unreadable', message: expect.stringContaining(path) })
  })

  test('takes over a file of the version before: its entries are as old as the change', async () => {
    const path = join(await temporaryFolder(), 'catalog.sqlite')
    const manifests = [1, 2, 3].map((turn) => ({ kind: 'turn' as const, parent: null, turn, step: 'started' as const }))
    using former = openDatabase(path, { ...fileSchemas.catalog, steps: fileSchemas.catalog.steps.slice(0, 1) })
    for (const [at, manifest] of manifests.entries()) {
      const facts = ['turn', at + 1, contentAddress(manifest)]
      former.run('insert into entries values (?, ?, ?, ?)', ...facts, canonicalJson(manifest))
      former.run('insert or replace into lines values (?, ?, ?)', ...facts)
    }
    await using catalog = sqliteCatalog(path, { clock })
    const history = await catalog.history(lineage.turn, { limit: 10 })
    expect(history.map(({ version, manifest }) => [version, manifest])).toEqual(manifests.map((manifest, at) => [at + 1, manifest]).toReversed())
    expect(new Set(history.map(({ committedAt }) => committedAt)).size).toBe(1)
    expect(history[0]?.committedAt).toBeGreaterThan(Date.UTC(2026))
    expect(await catalog.expire(lineage.turn, { keepNewest: 1, before: Date.UTC(2026) })).toBe(0)
  })
})
