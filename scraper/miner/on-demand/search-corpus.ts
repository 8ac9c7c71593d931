import { readDataFile } from '#infra/corpus/read-data-file.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { ListedFile } from '#schemas/data-file.ts'
import { families } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { OnDemandJob } from '#schemas/on-demand.ts'
import { foundRows, type FoundRow } from './found-rows.ts'

/** Of the files of a miner that are looked through for one job, newest first. */
const bytesLooked = 256 * 2 ** 20
const columns = ['uri', 'datetime', 'source', 'label', 'text'] as const

/**
 * Rows of a miner's own shards that a job asks for, from the newest file back, as long as there is time: what was found until then is given.
 * @param until aborted when the answer is wanted
 */
export async function searchCorpus(
  { catalog, store, hotkey }: { catalog: Catalog; store: Pick<ObjectStore, 'get'>; hotkey: string },
  job: OnDemandJob,
  until: AbortSignal,
): Promise<FoundRow[]> {
  const found = foundRows(job)
  let looked = 0
  try {
    for (const listed of await filesOf(catalog, hotkey, job)) {
      looked += listed.file.bytes
      if (looked > bytesLooked) break
      for await (const batch of readDataFile(store, listed, { columns, signal: until })) {
        for (const { document } of batch) {
          const { uri, datetime, source, label, text } = document
          if (!found.add({ uri, datetime, source, label, content: text })) return found.rows
        }
        until.throwIfAborted()
      }
    }
  } catch (error) {
    if (!until.aborted) throw error
  }
  return found.rows
}

/** Newest first, but for those whose rows are all of another time. */
async function filesOf(catalog: Catalog, hotkey: string, { start_date: from, end_date: to }: OnDemandJob): Promise<ListedFile[]> {
  const files: ListedFile[] = []
  for (const line of await catalog.lines(families.snapshotsOf(hotkey))) {
    const head = await catalog.head(line)
    for (const listed of head?.manifest.files ?? []) {
      const range = listed.file.datetime_range
      if (range && ((from !== null && range.last < from) || (to !== null && range.first > to))) continue
      files.push(listed)
    }
  }
  return files.toSorted((a, b) => (a.file.written_at < b.file.written_at ? 1 : a.file.written_at > b.file.written_at ? -1 : 0))
}
