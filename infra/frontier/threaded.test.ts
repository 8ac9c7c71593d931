import { join } from 'node:path'
import { describe } from 'vitest'
import { frontierSuite } from '#test/conformance/frontier.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'

const module = new URL('threaded.ts', import.meta.url).href

describe('threadedFrontier', () => {
  frontierSuite(async () => ({ module, factory: 'threadedFrontier', args: [join(await temporaryFolder(), 'frontier.sqlite')] }))
})
