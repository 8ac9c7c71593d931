import type { Catalog } from '#schemas/catalog.ts'
import { limits, parseShardKey, parseShardName } from '#schemas/data-universe.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import { families, lineage, type LineFamily } from '#schemas/lineage.ts'
import type { SnapshotManifest, VersionGroup } from '#schemas/manifest.ts'
import { verifyManifest } from '#infra/chain/signed-manifest.ts'
import type { Trust } from './trust.ts'
import { newestVerdicts, type Verdicts } from './verdicts.ts'

/** A snapshot that a dataset may take in, not yet read. */
export interface SourceName {
  hotkey: string
  jobId: string
  /** Name of its catalog line. */
  line: string
  /** Content address of the manifest. */
  address: string
}

/** The snapshot of one job of one miner that is not in the dataset yet. Its signature holds, its files have not been looked at. */
export interface Source {
  line: string
  /** null: of who is to leave. */
  address: string | null
  manifest: Pick<SnapshotManifest, 'hotkey' | 'job_id' | 'files'>
}

export interface Belief {
  catalog: Pick<Catalog, 'lines' | 'get'>
  /** Of the dataset. */
  name: string
  trust: Trust
  verdicts: Verdicts
}

/** A job that has more files than this has not compacted them. */
export const filesMax = 20_000

/**
 * What may count, of each line one snapshot; no snapshot is read. First, in byte order of the lines, that of hotkeys which are believed as they are; then what
 * was judged, who committed first before the others.
 */
export async function findSources({ catalog, name, trust, verdicts }: Belief): Promise<SourceName[]> {
  const { policy, hotkeys, withdrawn } = trust
  const found: SourceName[] = []
  if (policy === 'open') for (const source of await heads(catalog, families.snapshots)) found.push(source)
  else for (const hotkey of [...hotkeys].toSorted()) for (const source of await heads(catalog, families.snapshotsOf(hotkey))) found.push(source)
  if (policy === 'verified')
    for (const { miner, passed, snapshots } of await newestVerdicts(catalog, trust, verdicts))
      if (passed && !hotkeys.has(miner)) for (const { jobId, address } of snapshots) found.push(nameOf(miner, jobId, address))
  return found.filter(({ hotkey, jobId }) => !withdrawn.has(hotkey) && isOfDataset(jobId, name))
}

async function heads(catalog: Pick<Catalog, 'lines'>, family: LineFamily<'snapshot'>): Promise<SourceName[]> {
  const lines = await catalog.lines(family)
  return lines.map(({ name, head }) => {
    const [hotkey = '', ...job] = name.slice(families.snapshots.prefix.length).split('/')
    return nameOf(hotkey, job.join('/'), head)
  })
}

const nameOf = (hotkey: string, jobId: string, address: string): SourceName => ({ hotkey, jobId, line: lineage.snapshot(hotkey, jobId).name, address })

/** Also what is in a version and would not be taken in any more: of a miner that failed since; not of one that is withdrawn. */
export function withFormer(
  found: readonly SourceName[],
  groups: readonly Pick<VersionGroup, 'hotkey' | 'job_id' | 'snapshot'>[],
  { withdrawn }: Pick<Trust, 'withdrawn'>,
): SourceName[] {
  const lines = new Set(found.map(({ line }) => line))
  const former = groups.flatMap(({ hotkey, job_id, snapshot }) => (snapshot === null || withdrawn.has(hotkey) ? [] : nameOf(hotkey, job_id, snapshot)))
  return [...found, ...former.filter(({ line }) => !lines.has(line))]
}

/** What was imported is of one dataset alone: `import.NAME.WORD`. */
const isOfDataset = (jobId: string, name: string): boolean => !jobId.startsWith('import.') || jobId.startsWith(`import.${name}.`)

/**
 * Reads a snapshot; where a later one of its line was taken in before, that one, as nothing goes back.
 * @param taken address of what was taken in of its line last
 * @returns why it is not taken, as a stable code
 */
export async function readSource(
  { catalog }: Pick<Belief, 'catalog'>,
  { hotkey, jobId, line, address }: SourceName,
  taken: string | null | undefined,
): Promise<Source | { reason: string }> {
  const snapshots = lineage.snapshot(hotkey, jobId)
  const wanted = await catalog.get(snapshots, { sha256: address })
  const former = typeof taken === 'string' && taken !== address ? await catalog.get(snapshots, { sha256: taken }) : undefined
  const entry = former && former.version > (wanted?.version ?? 0) ? former : wanted
  // A verdict may be older than what the catalog keeps.
  if (!entry) return { reason: 'snapshot_expired' }
  const reason = fault(line, entry.manifest)
  return reason === undefined ? { line, address: entry.sha256, manifest: entry.manifest } : { reason }
}

function fault(line: string, manifest: SnapshotManifest): string | undefined {
  const { hotkey, job_id, files } = manifest
  if (line !== lineage.snapshot(hotkey, job_id).name) return 'wrong_line'
  if (files.length > filesMax) return 'too_many_files'
  if (new Set(files.map(({ file }) => file.sha256)).size !== files.length) return 'file_twice'
  return verifyManifest(manifest) ? undefined : 'bad_signature'
}

/** Why a file of a snapshot cannot be one of that miner's job, by what is said of it. */
export function fileFault({ hotkey, job_id }: Pick<SnapshotManifest, 'hotkey' | 'job_id'>, { file, deletes }: ListedFile): string | undefined {
  const key = parseShardKey(file.key)
  if (key?.hotkey !== hotkey || key.jobId !== job_id || !parseShardName(key.name)) return 'wrong_key'
  if (file.bytes > limits.shardBytesMax) return 'too_large'
  if (deletes && deletes.key !== `deletes/hotkey=${hotkey}/${deletes.sha256}.dv`) return 'wrong_key'
  return deletes && deletes.rows > file.rows ? 'bad_deletes' : undefined
}
