import { recentValues } from '#infra/recent-values.ts'
import type { DatasetQuery } from '#dataset/query/dataset-query.ts'
import type { DatasetEntry } from '#dataset/versions.ts'

export interface Topic {
  labelValue: string
  contentSizeBytes: number
  /** In Data Universe by how much of it is worth anything; all that was taken in is. */
  adjContentSizeBytes: number
}

const topicsMax = 1000
const cacheBytesMax = 2 ** 20
const topicBytes = 400

/** Labels of a source in a version by the bytes of their texts, most first; of the versions asked lately they are known. */
export function topicsOf(query: () => DatasetQuery) {
  const known = recentValues<string, Topic[]>({ bytesMax: cacheBytesMax, bytesOf: (topics) => topics.length * topicBytes })
  return async (entry: DatasetEntry, source: number, signal: AbortSignal): Promise<Topic[]> => {
    const key = `${entry.sha256} ${source}`
    const kept = known.get(key)
    if (kept) return kept
    const script = `SELECT label, sum(text_bytes)::DOUBLE AS bytes FROM documents WHERE source = ${source} GROUP BY label ORDER BY bytes DESC, label LIMIT ${topicsMax}`
    const { rows } = await query().statement(entry, script, { rowsMax: topicsMax, bytesMax: cacheBytesMax, cut: false, timeoutMs: 20_000, signal })
    const topics = rows.map(({ label, bytes }) => ({ labelValue: String(label), contentSizeBytes: Number(bytes), adjContentSizeBytes: Number(bytes) }))
    known.keep(key, topics)
    return topics
  }
}
