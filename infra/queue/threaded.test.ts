import { join } from 'node:path'
import { describe } from 'vitest'
import { queueSuite } from '#test/conformance/queue.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'

const module = new URL('threaded.ts', import.meta.url).href

describe('threadedQueue', () => {
  queueSuite(async () => ({ module, factory: 'threadedQueue', args: [join(await temporaryFolder(), 'queue.sqlite'), 'work'] }))
})
