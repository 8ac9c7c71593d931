import { join } from 'node:path'
import { systemClock } from '#infra/clock.ts'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { folderStore } from '#infra/store/folder.ts'
import { build, planBuild } from '#dataset/build/build.ts'
import { goldenOrigin } from '#test/golden/shards.ts'

/** One build from what stands in a folder (test/golden/shards.ts), as a process that may be killed at any instruction. */
const [dir = '', criteria = '{}'] = process.argv.slice(2)
await using catalog = sqliteCatalog(join(dir, 'catalog.sqlite'), { clock: systemClock() })
process.send?.('ready')
const request = {
  catalog,
  store: folderStore(join(dir, 'objects')),
  name: 'some',
  origin: goldenOrigin,
  from: { dataset: 'web' },
  criteria: JSON.parse(criteria),
  telemetry: { count: () => undefined, event: () => undefined },
  signal: new AbortController().signal,
}
await build(request, await planBuild(request))
process.disconnect?.()
