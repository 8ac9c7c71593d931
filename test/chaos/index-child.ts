import { join } from 'node:path'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { systemClock } from '#infra/clock.ts'
import { duckdbSql } from '#infra/sql/duckdb.ts'
import { folderStore } from '#infra/store/folder.ts'
import { openDatasetQuery } from '#dataset/query/open-dataset-query.ts'
import { lineage } from '#schemas/lineage.ts'

/** Brings the index of what stands in a folder (test/golden/shards.ts) to its newest version, as a process that may be killed at any instruction. */
const [dir = ''] = process.argv.slice(2)
const clock = systemClock()
await using catalog = sqliteCatalog(join(dir, 'catalog.sqlite'), { clock })
const store = folderStore(join(dir, 'objects'))
await using sql = duckdbSql(join(dir, 'objects'), store)
await using query = openDatasetQuery({ folder: join(dir, 'killed'), catalog, store, sql, clock, telemetry: { count: () => undefined, event: () => undefined } })
const head = await catalog.head(lineage.dataset('web'))
process.send?.('ready')
if (head) await query.follow(head, new AbortController().signal)
process.disconnect?.()
