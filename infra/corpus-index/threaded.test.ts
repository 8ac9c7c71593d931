import { join } from 'node:path'
import { describe } from 'vitest'
import { corpusIndexSuite } from '#test/conformance/corpus-index.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'

const module = new URL('threaded.ts', import.meta.url).href

describe('threadedCorpusIndex', () => {
  corpusIndexSuite(async () => ({ module, factory: 'threadedCorpusIndex', args: [join(await temporaryFolder(), 'index')] }))
})
