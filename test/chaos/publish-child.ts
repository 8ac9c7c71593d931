import { join } from 'node:path'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { systemClock } from '#infra/clock.ts'
import { limitHeapGrowth } from '#infra/heap-growth.ts'
import { folderStore } from '#infra/store/folder.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { readDocuments } from '#dataset/documents.ts'
import { run } from '#dataset/publish/publish.fixture.ts'
import { lineage } from '#schemas/lineage.ts'

/**
 * One publication of what stands in a folder (test/golden/shards.ts) to a hub, as a process that may be killed at any instruction. Asked to weigh it, it reads all
 * documents before, as any process has that reads texts (V8 keeps what it took for short-lived things), and tells what the publication took beside.
 */
const [dir = '', origin = '', isWeighed] = process.argv.slice(2)
// As whoever opens a data folder.
limitHeapGrowth()
await using catalog = sqliteCatalog(join(dir, 'catalog.sqlite'), { clock: systemClock() })
const store = folderStore(join(dir, 'objects'))
const head = isWeighed ? await catalog.head(lineage.dataset('web')) : undefined
if (head) for await (const { text } of readDocuments(store, head.manifest, new AbortController().signal)) void text
const base = process.memoryUsage.rss()
let most = base
const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20)
await run({ catalog, store, telemetry: createTelemetry(), dir }, { origin })
clearInterval(watch)
process.send?.({ base, most })
process.disconnect?.()
