import { join } from 'node:path'
import { describe } from 'vitest'
import { frontierSuite } from '#test/conformance/frontier.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'

const module = new URL('frontier.ts', import.meta.url).href

describe('sqliteFrontier', () => {
  frontierSuite(async () => ({ module, factory: 'sqliteFrontier', args: [join(await temporaryFolder(), 'frontier.sqlite')] }))
})
