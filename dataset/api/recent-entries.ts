import { recentValues, type RecentValues } from '#infra/recent-values.ts'
import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import { families, lineage } from '#schemas/lineage.ts'
import type { AnyVersion, DatasetEntry } from '#dataset/versions.ts'

/** Of manifests that were asked for lately: each is what its address says, so that it is read once, however often it is asked. */
const bytesMax = 64 * 2 ** 20
const itemBytes = 600

interface Recent {
  versions: RecentValues<string, DatasetEntry>
  snapshots: RecentValues<string, CatalogEntry<'snapshot'>>
}
const recent = new WeakMap<Catalog, Recent>()

function recentOf(catalog: Catalog): Recent {
  const known = recent.get(catalog) ?? {
    versions: recentValues({
      bytesMax,
      now: () => performance.now(),
      bytesOf: ({ manifest }) => itemBytes * (1 + listedIn(manifest)),
    }),
    snapshots: recentValues({ bytesMax, bytesOf: ({ manifest }) => itemBytes * manifest.files.length }),
  }
  recent.set(catalog, known)
  return known
}

/** What a manifest says item by item. */
function listedIn(manifest: AnyVersion): number {
  if (manifest.kind === 'dataset') return manifest.files.length
  return manifest.labels.length + (Array.isArray(manifest.groups) ? manifest.groups.length : 0)
}

/** The newest version of a dataset. A look costs the same however much it says. */
export async function headOf(catalog: Catalog, name: string): Promise<DatasetEntry | undefined> {
  const line = lineage.dataset(name)
  const listed = (await catalog.lines({ ...families.datasets, prefix: line.name })).find((each) => each.name === line.name)
  if (!listed) return undefined
  const { versions } = recentOf(catalog)
  const key = `${name} ${listed.head}`
  const known = versions.get(key)
  if (known) return known
  const found = await catalog.get(line, { sha256: listed.head })
  if (found) versions.keep(key, found)
  return found
}

/** A version that was there is taken for kept so long: its objects are, for hours after it is forgotten (infra/sweep). */
const keptMs = 60_000

/** A version of a dataset by its number: who goes through its pages while others follow it asks for it again and again. undefined when it is no longer kept. */
export async function versionOf(catalog: Catalog, name: string, version: number): Promise<DatasetEntry | undefined> {
  const { versions } = recentOf(catalog)
  const key = `${name} v${version}`
  const known = versions.get(key)
  if (known) return known
  const found = await catalog.get(lineage.dataset(name), { version })
  if (found) versions.keep(key, found, keptMs)
  return found
}

/** What a miner had of a job, by its address; undefined when it is no longer kept. */
export async function snapshotOf(
  catalog: Catalog,
  { hotkey, job_id }: { hotkey: string; job_id: string },
  sha256: string,
): Promise<CatalogEntry<'snapshot'> | undefined> {
  const { snapshots } = recentOf(catalog)
  const known = snapshots.get(sha256)
  if (known) return known
  const found = await catalog.get(lineage.snapshot(hotkey, job_id), { sha256 })
  if (found) snapshots.keep(sha256, found)
  return found
}
