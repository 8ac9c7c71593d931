import { readVersionGroups } from '#infra/corpus/groups.ts'
import { readList } from '#infra/corpus/list-object.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import { lineage } from '#schemas/lineage.ts'
import { VersionFile, type VersionGroup } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Findings } from './judge.ts'

export interface FindingsSource {
  catalog: Pick<Catalog, 'head' | 'get'>
  store: Pick<ObjectStore, 'get'>
  datasetName: string
}

/**
 * What the newest version of a dataset found in the pages of each label that jobs ask for: shares of the rows it looked at that were copies of documents it has, and
 * that were no documents. What a miner says of itself counts for nothing; each of its jobs counts by the documents that the dataset has of it, so that nobody makes a source
 * look bad by bringing what is dropped. Labels without documents are left out, and so is a job whose snapshot is forgotten: of it nobody knows what it withdrew.
 */
export async function findingsOf({ catalog, store, datasetName }: FindingsSource, jobs: readonly DesirabilityJob[]): Promise<Map<string, Findings>> {
  const labelOf = new Map(jobs.map((job) => [job.id, job.params.label]))
  const head = await catalog.head(lineage.dataset(datasetName))
  const sums = new Map<string, Findings & { documents: number }>()
  for (const group of head?.kind === 'version' ? (await readVersionGroups(store, head.manifest)).items : []) {
    const label = labelOf.get(group.job_id)
    const found = label && group.documents > 0 ? await findingsOfGroup({ catalog, store }, group) : undefined
    if (!label || !found) continue
    const sum = sums.get(label) ?? { copies: 0, refused: 0, documents: 0 }
    const { documents } = group
    sums.set(label, { copies: sum.copies + documents * found.copies, refused: sum.refused + documents * found.refused, documents: sum.documents + documents })
  }
  return new Map([...sums].map(([label, { copies, refused, documents }]) => [label, { copies: copies / documents, refused: refused / documents }]))
}

async function findingsOfGroup({ catalog, store }: Pick<FindingsSource, 'catalog' | 'store'>, group: VersionGroup): Promise<Findings | undefined> {
  const { hotkey, job_id, snapshot, list, documents } = group
  const said = snapshot === null ? undefined : await catalog.get(lineage.snapshot(hotkey, job_id), { sha256: snapshot })
  if (!said) return undefined
  const withdrawn = new Map(said.manifest.files.map(({ file, deletes }) => [file.sha256, deletes?.rows ?? 0]))
  let [looked, refused] = [0, 0]
  for (const { file, taken, refused: reasons } of await readList(store, list, VersionFile)) {
    looked += Math.max(0, taken - (withdrawn.get(file.sha256) ?? 0))
    for (const [, rows] of reasons) refused += rows
  }
  const rows = Math.max(1, looked, documents + refused)
  return { copies: Math.max(0, looked - refused - documents) / rows, refused: refused / rows }
}
