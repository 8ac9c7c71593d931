import { verifyManifest } from '#infra/chain/signed-manifest.ts'
import { recentValues, textBytes, type RecentValues } from '#infra/recent-values.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { compareText } from '#schemas/compare-text.ts'
import { families, lineage } from '#schemas/lineage.ts'
import type { VerdictManifest } from '#schemas/manifest.ts'
import type { Trust } from './trust.ts'

/** What a trusted validator says of a miner. */
export interface Verdict {
  miner: string
  block: number
  committedBlock: number
  passed: boolean
  snapshots: readonly { jobId: string; address: string }[]
}

/** Those that were read, by line and address; one that is none is remembered as such. */
export type Verdicts = RecentValues<string, Verdict | 'none'>

export const verdictMemory = (): Verdicts =>
  recentValues({
    bytesMax: 16 * 2 ** 20,
    bytesOf: (verdict) => (verdict === 'none' ? 0 : textBytes(verdict.miner) + verdict.snapshots.reduce((sum, { jobId }) => sum + 200 + textBytes(jobId), 0)),
  })

/** As many jobs as a validator looks at. */
const snapshotsMax = 2000
/** What a line of a catalog may be named after (schemas/catalog.ts). */
const jobIdPattern = /^[A-Za-z0-9._=@+-]{1,512}$/

/**
 * Of each miner what the validators said last, by the block they looked at; where two looked at the same, one that failed it counts. Who committed first comes
 * first. What was read before costs a look into memory.
 */
export async function newestVerdicts(
  catalog: Pick<Catalog, 'lines' | 'get'>,
  { validators, block = Infinity, network }: Pick<Trust, 'validators' | 'block' | 'network'>,
  verdicts: Verdicts,
): Promise<Verdict[]> {
  const newest = new Map<string, Verdict>()
  for (const validator of [...validators].toSorted(compareText))
    for (const line of await catalog.lines(families.verdictsOf(validator))) {
      const name = `${line.name} ${line.head}`
      let verdict = verdicts.get(name)
      if (verdict === undefined) {
        const entry = await catalog.get(line, { sha256: line.head })
        verdict = (entry && read(entry.manifest, { validator, line: line.name, network })) ?? 'none'
        verdicts.keep(name, verdict)
      }
      if (verdict === 'none' || verdict.block > block) continue
      const other = newest.get(verdict.miner)
      if (!other || verdict.block > other.block || (verdict.block === other.block && !verdict.passed)) newest.set(verdict.miner, verdict)
    }
  return [...newest.values()].toSorted((a, b) => a.committedBlock - b.committedBlock || compareText(a.miner, b.miner))
}

/** undefined for one that is not of its line, or that the validator did not sign, or not for that network. */
function read(manifest: VerdictManifest, { validator, line, network }: { validator: string; line: string; network: Trust['network'] }): Verdict | undefined {
  const { hotkey, miner, block, committed_block: committedBlock, passed, snapshots } = manifest
  if (hotkey !== validator || line !== lineage.verdict(validator, miner).name || !verifyManifest(manifest, network)) return undefined
  if (snapshots.length > snapshotsMax || snapshots.some(({ job_id }) => !jobIdPattern.test(job_id))) return undefined
  return { miner, block, committedBlock, passed, snapshots: snapshots.map(({ job_id: jobId, sha256: address }) => ({ jobId, address })) }
}
