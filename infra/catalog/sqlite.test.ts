import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { catalogSuite } from '#test/conformance/catalog.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { sqliteCatalog } from './sqlite.ts'

const module = new URL('sqlite.ts', import.meta.url).href

describe('sqliteCatalog', () => {
  catalogSuite(async () => ({ module, factory: 'sqliteCatalog', args: [join(await temporaryFolder(), 'catalog.sqlite')] }))

  test('gives out no manifest that was changed in the file', async () => {
    const path = join(await temporaryFolder(), 'catalog.sqlite')
    await using catalog = sqliteCatalog(path)
    await catalog.commit('turn', undefined, { kind: 'turn', parent: null, turn: 1, step: 'started' })
    const raw = new DatabaseSync(path)
    raw.exec(`drop trigger entries_fixed; update entries set manifest = replace(manifest, 'started', 'trained')`)
    raw.close()
    await expect(catalog.head('turn')).rejects.toMatchObject({ code: 'data_unreadable', message: expect.stringContaining(path) })
  })
})
