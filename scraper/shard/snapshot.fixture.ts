import { join } from 'node:path'
import { readDataFile } from '#infra/corpus/read-data-file.ts'
import type { Signer } from '#schemas/chain.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import type { Document } from '#schemas/document.ts'
import { testJob, testOrigin, type Subnet } from '#test/adversary/subnet.ts'
import { ShardWriter, type FlushOptions, type SnapshotReport, type WriterParts } from './shard-writer.ts'
import { readHeads } from './snapshot-heads.ts'

/** A job of one host, and one of all others. */
export const snapshotJobs = [testJob('odd', ['https://host1.example/*']), testJob('rest')] as const

export interface SnapshotParts extends WriterParts, FlushOptions {
  compacts: boolean
}

/** A writer of a subnet's miner. */
export const writerOf = (subnet: Subnet, signer: Signer, parts: Partial<WriterParts> = {}): ShardWriter =>
  new ShardWriter({
    ...subnet,
    signer,
    index: subnet.index(signer.address),
    documents: subnet.queue('documents'),
    portion: { messages: 5000, bytes: 1 << 24 },
    layout: { layout: 'parts', rowsMax: 1_000_000 },
    codec: 'zstd',
    origin: testOrigin,
    spool: join(subnet.dir, 'spool'),
    ...parts,
  })

/** A snapshot of what is queued in a subnet, as at the end of a cycle. */
export async function writeSnapshot(
  subnet: Subnet,
  signer: Signer,
  {
    jobs = snapshotJobs,
    compacts = true,
    signal = new AbortController().signal,
    ...parts
  }: Partial<SnapshotParts> & { jobs?: readonly DesirabilityJob[] } = {},
): Promise<SnapshotReport> {
  const writer = writerOf(subnet, signer, parts)
  const rejects = parts.rejects ?? ((reject) => void subnet.rejects.push(reject))
  await writer.waitForOthers(signal)
  await writer.flush({ jobs, rejects, signal })
  if (compacts) await writer.compact(rejects, signal)
  return await writer.report(signal)
}

/** The files of a hotkey's snapshots, by job. */
export async function filesOf(subnet: Subnet, hotkey: string): Promise<ListedFile[]> {
  return [...(await readHeads(subnet.catalog, hotkey)).values()].flatMap(({ manifest }) => manifest.files)
}

/** All live rows of a hotkey, as its files hold them. */
export async function rowsOf(subnet: Subnet, hotkey: string): Promise<Document[]> {
  const rows: Document[] = []
  for (const listed of await filesOf(subnet, hotkey))
    for await (const batch of readDataFile(subnet.store, listed, { signal: new AbortController().signal })) rows.push(...batch.map(({ document }) => document))
  return rows
}
