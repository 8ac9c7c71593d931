import { basename } from 'node:path/posix'
import { readVersionGroups } from '#infra/corpus/groups.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { isAtWork, type GravityBuild, type GravityTask } from '#schemas/gravity.ts'
import { lineage } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { liveRows, versionFiles } from '#dataset/version-files.ts'
import { signedUrl } from '#dataset/api/lookup.ts'
import { headOf } from '#dataset/api/recent-entries.ts'

/** What miners brought, of which states are told: counts of the newest version, by job. */
export interface Brought {
  documents: ReadonlyMap<string, { documents: number; textBytes: number }>
  /** Jobs that miners are told to seek. */
  listed: ReadonlySet<string>
  now: number
}

export async function broughtTo({
  catalog,
  store,
  datasetName,
  now,
}: {
  catalog: Catalog
  store: ObjectStore
  datasetName: string
  now: number
}): Promise<Brought> {
  const [head, list] = await Promise.all([headOf(catalog, datasetName), catalog.head(lineage.desirability)])
  const documents = new Map<string, { documents: number; textBytes: number }>()
  for (const group of head?.kind === 'version' ? (await readVersionGroups(store, head.manifest)).items : []) {
    const sum = documents.get(group.job_id) ?? { documents: 0, textBytes: 0 }
    documents.set(group.job_id, { documents: sum.documents + group.documents, textBytes: sum.textBytes + group.text_bytes })
  }
  return { documents, listed: new Set(list?.manifest.jobs.map(({ id }) => id)), now }
}

/** How long what ended is told as such. */
const completedMs = 7 * 86_400_000

/** Data Universe's words. `Running`: something came. */
function statusOf(task: GravityTask, crawlers: readonly GravityTask['crawlers'][number][], { documents, listed, now }: Brought): string {
  if (task.cancelled_at !== null) return 'Cancelled'
  if (!isAtWork(task, now)) return now - Date.parse(task.ends_at) > completedMs ? 'Archived' : 'Completed'
  if (crawlers.some(({ job_id }) => (documents.get(job_id)?.documents ?? 0) > 0)) return 'Running'
  return crawlers.some(({ job_id }) => listed.has(job_id)) ? 'Submitted' : 'Pending'
}

export const taskState = (task: GravityTask, brought: Brought, withCrawlers: boolean) => ({
  gravityTaskId: task.id,
  name: task.name,
  status: statusOf(task, task.crawlers, brought),
  startTime: task.started_at,
  crawlerIds: task.crawlers.map(({ id }) => id),
  ...(withCrawlers && { crawlerWorkflows: task.crawlers.map((crawler) => crawlerState(task, crawler, brought)) }),
})

export function crawlerState(task: GravityTask, crawler: GravityTask['crawlers'][number], brought: Brought) {
  const { documents = 0, textBytes = 0 } = brought.documents.get(crawler.job_id) ?? {}
  const params = crawler.job?.params
  return {
    crawlerId: crawler.id,
    criteria: {
      platform: 'web' as const,
      topic: crawler.topic,
      keyword: crawler.keyword,
      postStartDatetime: params?.post_start_datetime ?? null,
      postEndDatetime: params?.post_end_datetime ?? null,
    },
    startTime: task.started_at,
    deregistrationTime: task.cancelled_at ?? (isAtWork(task, brought.now) ? null : task.ends_at),
    state: { status: statusOf(task, [crawler], brought), recordsCollected: documents, bytesCollected: textBytes },
    datasetWorkflows: task.builds.filter(({ crawler_id }) => crawler_id === crawler.id).map(({ id }) => id),
  }
}

const filesMax = 1000
const stepNumbers: Readonly<Record<GravityBuild['status'], number>> = { Pending: 0, Running: 0.5, Completed: 1, Cancelled: 0, Failed: 0 }

/** A dataset as GetDataset tells of it: its files are shards of miners, of which `deletesUrl` says which rows are not its own. */
export async function datasetState({ catalog, store }: { catalog: Catalog; store: ObjectStore }, build: GravityBuild) {
  const files = build.status === 'Completed' ? await filesOf({ catalog, store }, build.id) : []
  return {
    crawlerWorkflowId: build.crawler_id,
    createDate: build.asked_at,
    expireDate: null,
    files,
    status: build.status,
    statusMessage: build.message,
    steps: [{ progress: stepNumbers[build.status], step: 1, stepName: 'Choosing documents' }],
    totalSteps: 1,
  }
}

async function filesOf({ catalog, store }: { catalog: Catalog; store: ObjectStore }, name: string) {
  const head = await catalog.head(lineage.dataset(name))
  const files = []
  if (!head) return []
  for await (const listed of versionFiles(store, head.manifest)) {
    if (files.length === filesMax) break
    if (liveRows(listed) === 0) continue
    const { key, bytes, written_at } = listed.file
    files.push({
      fileName: basename(key),
      fileSizeBytes: bytes,
      lastModified: written_at,
      numRows: liveRows(listed),
      s3Key: key,
      url: await signedUrl(store, key),
      deletesUrl: listed.deletes && (await signedUrl(store, listed.deletes.key)),
    })
  }
  return files
}
