import { limits, parseShardName } from '#schemas/data-universe.ts'
import { OrreryError } from '#schemas/errors.ts'
import { requireKey } from '../object-key.ts'

/** How large an object under a key may be, both ends included. */
export interface Bounds {
  bytesMin: number
  bytesMax: number
}

const jobSegment = /^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/
const hex = '[0-9a-f]{64}'

/**
 * What a miner puts under its own name beside its shards: lists of the rows of a shard, deletion vectors, manifests and who is current among them. Each is named
 * by its content, but for the last.
 */
const ownPatterns: readonly { pattern: RegExp; bounds: Bounds }[] = [
  { pattern: new RegExp(`^data/hotkey=[^/]+/job_id=[^/]+/${hex}\\.rows$`), bounds: { bytesMin: 1, bytesMax: 40 * 2 ** 20 } },
  { pattern: new RegExp(`^deletes/hotkey=[^/]+/${hex}\\.dv$`), bounds: { bytesMin: 1, bytesMax: 16 * 2 ** 20 } },
  { pattern: new RegExp(`^manifests/hotkey=[^/]+/${hex}\\.json$`), bounds: { bytesMin: 1, bytesMax: 16 * 2 ** 20 } },
  { pattern: new RegExp(`^manifests/hotkey=[^/]+/job_id=[^/]+/current/\\d{10}-${hex}\\.json$`), bounds: { bytesMin: 1, bytesMax: 2 ** 20 } },
]

/** Folders of miners; in `boilerplate` nothing is written any more, but may lie. */
const ownFolders = ['boilerplate', 'data', 'deletes', 'manifests'] as const
export const ownPrefixes = (hotkey: string): string[] => ownFolders.map((folder) => `${folder}/hotkey=${hotkey}/`)

/** Whose a key, or a beginning of keys, is; undefined: nobody's. */
export const ownerOf = (key: string): string | undefined => new RegExp(`^(?:${ownFolders.join('|')})/hotkey=([^/]+)/`).exec(key)?.[1]

/** `data/hotkey={ss58}/job_id={job}/{filename}` of a whole-job snapshot, as Data Universe names it. @throws OrreryError `invalid_argument` */
export function snapshotKey(hotkey: string, jobId: string, filename: string): string {
  if (!jobSegment.test(jobId)) throw refused(`"${jobId.slice(0, 100)}" is no job id`, 'send job_id as the list of jobs has it')
  return `data/hotkey=${hotkey}/job_id=${jobId}/${filename}`
}

/**
 * What may lie under a key that a miner wants to write.
 * @param bytesMin of a shard: 15 KB where one file is a whole snapshot, 1 where many files are one (their sum is what validators look at)
 * @throws OrreryError `forbidden` for what is another's or nobody's, `invalid_argument` for a name that is none of ours
 */
export function boundsOf(hotkey: string, key: string, bytesMin: number): Bounds {
  requireKey(key)
  if (ownerOf(key) !== hotkey)
    throw new OrreryError('forbidden', `The key "${key.slice(0, 200)}" is not below one of ${ownPrefixes(hotkey).join(', ')}; write under your own name.`)
  const [, , job, name = '', more] = key.split('/')
  if (job?.startsWith('job_id=') && !jobSegment.test(job.slice(7))) throw refused(`"${job.slice(0, 100)}" is no folder of a job`, 'name it job_id={id}')
  const own = ownPatterns.find(({ pattern }) => pattern.test(key))
  if (own) return own.bounds
  const shard = key.startsWith('data/') && job?.startsWith('job_id=') && more === undefined ? parseShardName(name) : undefined
  if (!shard) throw refused(`"${key.slice(0, 200)}" is none that a miner has`, 'a shard is data_{YYYYMMDD_HHMMSS}_{rows}_{16 hex}.parquet')
  if (shard.rows < 1) throw refused(`"${name}" has no rows`, 'leave it away')
  const least = Math.max(bytesMin, shard.rows * limits.bytesPerRowMin)
  if (least > limits.shardBytesMax) throw refused(`"${name}" says ${shard.rows} rows, more than ${limits.shardBytesMax} bytes hold`, 'split it')
  return { bytesMin: least, bytesMax: limits.shardBytesMax }
}

/** Whose submission for which job a key is; undefined: none. */
export function submissionOf(key: string): { jobId: string; hotkey: string } | undefined {
  const [, jobId, hotkey] = /^on-demand-jobs\/date=[^/]+\/hour=[^/]+\/job_id=([^/]+)\/([^/]+)\.json$/.exec(key) ?? []
  return jobId !== undefined && hotkey !== undefined ? { jobId, hotkey } : undefined
}

const refused = (why: string, remedy: string): OrreryError => new OrreryError('invalid_argument', `Nothing is taken there: ${why}; ${remedy}.`)
