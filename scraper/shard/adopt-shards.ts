import { compareText } from '#schemas/compare-text.ts'
import type { DataFile } from '#schemas/data-file.ts'
import { families, lineage } from '#schemas/lineage.ts'
import type { ShardManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { readListed } from './read-in.ts'
import { commitHeads, noChange, writeSnapshots, type HeadParts } from './snapshot-heads.ts'

/** Makes snapshots of the jobs that have none but a whole-job shard of the version before: it is the first file of the job. */
export async function adoptShards(parts: HeadParts, signal: AbortSignal): Promise<void> {
  const { catalog, signer, store } = parts
  for (const line of await catalog.lines(families.shardsOf(signer.address))) {
    const shard = await catalog.head(line)
    if (!shard || (await catalog.head(lineage.snapshot(signer.address, shard.manifest.job_id)))) continue
    const { file, job_id: jobId, duplicates } = shard.manifest
    const came = file.rows === 0 ? [] : [await describe(store, shard.manifest, signal)]
    const { heads } = await writeSnapshots(parts, new Map(), new Map([[jobId, { ...noChange(), came, duplicates }]]))
    await commitHeads(parts, heads.values())
  }
  // What that version kept beside them is counted by the index now.
  for await (const { key } of store.list(`boilerplate/hotkey=${signer.address}/`)) await store.delete(key)
}

/** What such a manifest does not say is read from the rows; nobody knows the sizes of its columns. */
async function describe(store: ObjectStore, { file, written_at, datetime_range }: ShardManifest, signal: AbortSignal): Promise<DataFile> {
  const described = { ...file, written_at, datetime_range, columns: [], labels: [], text_bytes: 0 }
  const labels = new Map<string, number>()
  let textBytes = 0
  for await (const batch of readListed(store, { file: described, deletes: null }, { columns: ['label', 'text_bytes'], signal })) {
    for (const { document } of batch) {
      labels.set(document.label, (labels.get(document.label) ?? 0) + 1)
      textBytes += document.text_bytes
    }
  }
  return { ...described, text_bytes: textBytes, labels: [...labels].toSorted(([a], [b]) => compareText(a, b)) }
}
