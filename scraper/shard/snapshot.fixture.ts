import { families } from '#schemas/lineage.ts'
import type { Signer } from '#schemas/chain.ts'
import type { Document } from '#schemas/document.ts'
import { decodeDocuments } from '#schemas/parquet/decode.ts'
import { testJob, testOrigin, type Subnet } from '#test/adversary/subnet.ts'
import { snapshotShards, type SnapshotParams } from './snapshot.ts'

/** A job of one host, and one of all others. */
export const snapshotJobs = [testJob('odd', ['https://host1.example/*']), testJob('rest')] as const

/** A snapshot of what is queued in a subnet. */
export const snapshot = (subnet: Subnet, signer: Signer, parts: Partial<SnapshotParams> = {}) =>
  snapshotShards({
    ...subnet,
    signer,
    jobs: snapshotJobs,
    nearDuplicates: subnet.nearDuplicates(signer.address),
    documents: subnet.queue('documents'),
    codec: 'zstd',
    origin: testOrigin,
    rejects: (reject) => void subnet.rejects.push(reject),
    signal: new AbortController().signal,
    ...parts,
  })

/** All rows of a hotkey, as its shards hold them. */
export async function rowsOf(subnet: Subnet, hotkey: string): Promise<Document[]> {
  const heads = await Promise.all((await subnet.catalog.lines(families.shardsOf(hotkey))).map((line) => subnet.catalog.head(line)))
  const shards = heads.flatMap((head) => head?.manifest ?? [])
  return (await Promise.all(shards.map(async ({ file }) => decodeDocuments(await subnet.store.get(file.key))))).flat()
}
