import { join } from 'node:path'
import { describe } from 'vitest'
import { catalogSuite } from '#test/conformance/catalog.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'

const module = new URL('threaded.ts', import.meta.url).href

describe('threadedCatalog', () => {
  catalogSuite(async () => ({ module, factory: 'threadedCatalog', args: [join(await temporaryFolder(), 'catalog.sqlite')] }))
})
