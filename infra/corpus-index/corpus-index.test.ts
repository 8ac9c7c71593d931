import { join } from 'node:path'
import { describe } from 'vitest'
import { corpusIndexSuite } from '#test/conformance/corpus-index.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'

const module = new URL('corpus-index.ts', import.meta.url).href

describe('folderCorpusIndex', () => {
  corpusIndexSuite(async () => ({ module, factory: 'folderCorpusIndex', args: [join(await temporaryFolder(), 'index')] }))
})
