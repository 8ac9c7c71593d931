import { join } from 'node:path'
import { describe } from 'vitest'
import { nodesSuite } from '#test/conformance/nodes.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'

const module = new URL('threaded.ts', import.meta.url).href

describe('threadedNodes', () => {
  nodesSuite(async () => ({ module, factory: 'threadedNodes', args: [join(await temporaryFolder(), 'nodes.sqlite')] }))
})
