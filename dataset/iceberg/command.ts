import type { Command } from 'commander'
import { interruptible } from '#infra/interrupt.ts'
import type { OpenWish } from '#infra/preflight.ts'
import type { Config } from '#infra/config/schema.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { datasetName } from '../dataset-name.ts'
import { exportTable } from './export.ts'
import type { TableState } from './state.ts'
import { currentTable, directPlace } from './tables.ts'

interface IcebergBackends extends AsyncDisposable {
  config: Pick<Config, 'dataset'>
  catalog: Catalog
  store: ObjectStore
}

interface IcebergFlags {
  to?: string
  url?: string
}

/** Adds `dataset iceberg`. @param open opens the backends by the settings and flags of the command that runs */
export function icebergCommand(dataset: Command, open: (command: Command, wish?: OpenWish) => Promise<IcebergBackends>): void {
  dataset
    .command('iceberg [name]')
    .description('Say where the Iceberg table of a dataset is (default: of dataset.name), or write one that stands by itself.')
    .option('--to <folder>', 'write the table with its data files into this folder; done again, bring it up to date')
    .option('--url <url>', 'with --to: where readers will find the folder, like https://data.example/web or s3://bucket/web')
    .action((given: string | undefined, { to, url }: IcebergFlags, command: Command) =>
      interruptible(async (signal) => {
        requireFolder(to)
        const at = url === undefined ? undefined : locationIn(url, to)
        const asked = given === undefined ? undefined : datasetName(given)
        await using backends = await open(command, { isBegun: true })
        const { catalog, store, config } = backends
        const name = asked ?? config.dataset.name
        print(to === undefined ? await requireTable(store, name) : await exportTable({ catalog, store, name, to, url: at, signal }))
      }),
    )
}

async function requireTable(store: ObjectStore, name: string): Promise<TableState> {
  const place = directPlace(store, name)
  const state = await currentTable(place)
  if (state?.root === place.root) return state
  const remedy = `\`orrery dataset ingest --once\` writes it, or \`orrery dataset build ${name}\` where that made the dataset`
  const what = state ? `names the folder where it was written, ${state.root}` : 'is not there yet'
  throw new OrreryError('not_found', `The Iceberg table of the dataset "${name}" ${what}; ${remedy}.`, { name })
}

function requireFolder(to: string | undefined): void {
  if (to === undefined || !/^[a-z][a-z0-9+.-]*:\//i.test(to)) return
  const message = `--to "${to}" is no folder; write into one, and say by --url where readers will find it.`
  throw new OrreryError('invalid_argument', message, { to })
}

function locationIn(url: string, to: string | undefined): string {
  if (to === undefined) throw new OrreryError('invalid_argument', '--url says where the folder of --to will be found; name that too.', { url })
  const parsed = URL.parse(url)
  if (parsed && parsed.host !== '' && parsed.search === '' && parsed.hash === '') return url
  throw new OrreryError('invalid_argument', `--url "${url}" is no place for a table; write a URL like https://data.example/web, without ? and #.`, { url })
}

function print({ root, metadata, snapshots }: TableState): void {
  const location = `${root}/${metadata.key}`
  const [table] = location.split('/metadata/v')
  const { version, sha256 } = snapshots.at(-1) as TableState['snapshots'][number]
  process.stdout.write(`${JSON.stringify({ table, metadata: location, version, sha256, versions: snapshots.map((snapshot) => snapshot.version) })}\n`)
}
