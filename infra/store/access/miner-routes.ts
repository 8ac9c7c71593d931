import { z } from 'zod'
import type { SignedPaths } from '#infra/net/signed-paths.ts'
import type { Server } from '#infra/net/server.ts'
import { folderAccessString } from '#infra/signed-http/signed-string.ts'
import { limits } from '#schemas/data-universe.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { reachedOrigin } from '../reached-store.ts'
import { SignedBody, type Callers } from './callers.ts'
import { boundsOf, ownerOf, ownPrefixes, snapshotKey } from './owned-keys.ts'
import type { UploadPolicies } from './upload-policy.ts'

export const folderTtlMs = 24 * 3_600_000
const fileTtlMs = 3_600_000
export const listTtlMs = 3 * 3_600_000
const deletedMax = 500

export interface MinerRouteParts {
  store: ObjectStore
  callers: Callers
  policies: UploadPolicies
  /** Of listings. */
  paths: SignedPaths
  pace: Pick<Clock, 'now'>
}

const folderStructure = 'data/hotkey={hotkey_id}/job_id={job_id}/'
export const structureInfo = {
  folder_structure: folderStructure,
  description: 'Files lie below the hotkey and job id, data_{YYYYMMDD_HHMMSS}_{rows}_{16 hex}.parquet',
} as const
export const StructureInfo = z.object({ folder_structure: z.string(), description: z.string() })

const Fields = z.object({ key: z.string(), policy: z.string(), signature: z.string() })
export const UploadForm = z.object({ url: z.string(), fields: Fields, method: z.literal('POST') })

export const FolderAccess = UploadForm.extend({
  folder: z.string(),
  list_url: z.string(),
  expiry: z.iso.datetime(),
  structure_info: StructureInfo,
  forms: z
    .array(UploadForm.extend({ folder: z.string() }))
    .describe('Ours: for each folder of the miner, also for shards that are small because many are one snapshot.'),
})
const FileUpload = UploadForm.extend({ s3_key: z.string(), expires_in_seconds: z.int() })

const key = z.string().min(1).max(1024)
const FileUploadRequest = SignedBody.extend({ job_id: z.string().max(200).optional(), filename: z.string().max(200).optional(), key: key.optional() }).refine(
  (body) => (body.key === undefined ? body.job_id !== undefined && body.filename !== undefined : body.job_id === undefined && body.filename === undefined),
  'send job_id and filename, or key',
)
const DeleteRequest = SignedBody.extend({ file_keys: z.array(key).min(1).max(deletedMax) })

const described = (operationId: string, summary: string) => ({ operationId, summary, tags: ['Miners'] })
const config = { scope: 'open' as const }

/** What a miner asks for. Uploads go to `POST /upload` (upload-route.ts). */
export function minerRoutes(app: Server, { store, callers, policies, paths, pace }: MinerRouteParts): void {
  const folder = { ...described('getFolderAccess', 'A form for all shards of a miner'), body: SignedBody, response: { 200: FolderAccess } }
  app.post('/get-folder-access', { schema: folder, config }, async (request) => {
    const { hotkey } = await callers.miner(request, ({ coldkey = '', hotkey: claimed, timestamp }) =>
      folderAccessString({ coldkey, hotkey: claimed, timestampS: timestamp }),
    )
    const [origin, prefix, expires] = [originOf(request), `data/hotkey=${hotkey}/`, pace.now() + folderTtlMs]
    const form = async (key: string, bytesMin: number) => ({
      url: `${origin}/upload`,
      fields: await policies.sign({ hotkey, key, bytesMin, bytesMax: limits.shardBytesMax, expires }),
      method: 'POST' as const,
    })
    request.audited.key = prefix
    return {
      folder: prefix,
      ...(await form(prefix, limits.shardBytesMin)),
      forms: await Promise.all(ownPrefixes(hotkey).map(async (folder) => ({ folder, ...(await form(folder, 1)) }))),
      list_url: `${origin}${await paths.sign(listPath(prefix), listTtlMs)}`,
      expiry: new Date(expires).toISOString(),
      structure_info: structureInfo,
    }
  })

  const file = { ...described('getFileUploadUrl', 'A form for one file of a miner'), body: FileUploadRequest, response: { 200: FileUpload } }
  app.post('/get-file-upload-url', { schema: file, config }, async (request) => {
    const { job_id: jobId, filename, key: given } = request.body
    const { hotkey } = await callers.miner(request)
    // One file is a whole snapshot where it comes by its name; by its key it is one of many.
    const wanted = given ?? snapshotKey(hotkey, jobId ?? '', filename ?? '')
    request.audited.key = wanted
    const bounds = boundsOf(hotkey, wanted, given === undefined ? limits.shardBytesMin : 1)
    const fields = await policies.sign({ hotkey, key: wanted, ...bounds, expires: pace.now() + fileTtlMs })
    return { s3_key: wanted, url: `${originOf(request)}/upload`, fields, method: 'POST' as const, expires_in_seconds: fileTtlMs / 1000 }
  })

  const deletion = { ...described('deleteFiles', 'Ours: delete files of a miner'), body: DeleteRequest, response: { 200: z.object({ deleted: z.int() }) } }
  app.post('/delete-files', { schema: deletion, config }, async (request) => {
    const { hotkey } = await callers.owner(request)
    const { file_keys: keys } = request.body
    request.audited.key = keys[0] ?? null
    const foreign = keys.find((each) => ownerOf(each) !== hotkey)
    if (foreign !== undefined) throw new OrreryError('forbidden', `The key "${foreign.slice(0, 200)}" is not yours to delete.`)
    for (const each of keys) await store.delete(each)
    return { deleted: keys.length }
  })
}

/** Of a listing, before it is signed. */
export const listPath = (prefix: string, more: Record<string, string> = {}): string => `/list?${new URLSearchParams({ 'list-type': '2', prefix, ...more })}`

/** @throws OrreryError `invalid_argument` for a Host that is none: an address must lead somewhere */
export function originOf(request: Parameters<typeof reachedOrigin>[0]): string {
  const origin = reachedOrigin(request)
  if (origin !== undefined) return origin
  throw new OrreryError('invalid_argument', 'The header Host names no host; send the one you reached this service by.')
}
