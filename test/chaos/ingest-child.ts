import { join } from 'node:path'
import { systemClock } from '#infra/clock.ts'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { folderCorpusIndex } from '#infra/corpus-index/corpus-index.ts'
import { folderStore } from '#infra/store/folder.ts'
import { ingest } from '#dataset/ingest/ingest.ts'
import { openTrust } from '#dataset/ingest/trust.ts'
import { goldenOrigin } from '#test/golden/shards.ts'

/**
 * One ingest of what stands in a folder (test/golden/shards.ts), as a process that may be killed at any instruction.
 * Arguments: folder, hotkey of the validator that is trusted; without one all miners are.
 */
const [dir = '', validator = ''] = process.argv.slice(2)
await using catalog = sqliteCatalog(join(dir, 'catalog.sqlite'), { clock: systemClock() })
await using index = folderCorpusIndex(join(dir, 'killed'))
process.send?.('ready')
await ingest({
  catalog,
  store: folderStore(join(dir, 'objects')),
  index,
  name: 'web',
  origin: goldenOrigin,
  trust: () => Promise.resolve(validator === '' ? openTrust : { ...openTrust, policy: 'verified', validators: new Set([validator]) }),
  telemetry: { count: () => undefined, event: () => undefined },
  signal: new AbortController().signal,
  portionRows: 3,
})
process.disconnect?.()
