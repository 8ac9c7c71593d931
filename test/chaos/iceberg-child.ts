import { join } from 'node:path'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { systemClock } from '#infra/clock.ts'
import { folderStore } from '#infra/store/folder.ts'
import { IcebergTables } from '#dataset/iceberg/tables.ts'

/** Writes the tables of what stands in a folder (test/golden/shards.ts), as a process that may be killed at any instruction. */
const [dir = ''] = process.argv.slice(2)
await using catalog = sqliteCatalog(join(dir, 'catalog.sqlite'), { clock: systemClock() })
const telemetry = { count: () => undefined, event: () => undefined }
process.send?.('ready')
const tables = new IcebergTables({ catalog, store: folderStore(join(dir, 'objects')), telemetry })
await tables.follow('web', { mayHaveExpired: false, signal: new AbortController().signal })
process.disconnect?.()
