import { join } from 'node:path'
import { describe } from 'vitest'
import { ledgerSuite } from '#test/conformance/ledger.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'

const module = new URL('threaded.ts', import.meta.url).href

describe('threadedLedger', () => {
  ledgerSuite(async () => ({ module, factory: 'threadedLedger', args: [join(await temporaryFolder(), 'ledger.sqlite')] }))
})
