import { join } from 'node:path'
import { describe } from 'vitest'
import { onDemandSuite } from '#test/conformance/on-demand.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'

const module = new URL('threaded.ts', import.meta.url).href

describe('threadedOnDemandJobs', () => {
  onDemandSuite(async () => ({ module, factory: 'threadedOnDemandJobs', args: [join(await temporaryFolder(), 'on-demand.sqlite')] }))
})
