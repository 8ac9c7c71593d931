import { z } from 'zod'
import type { Server } from '#infra/net/server.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { FastifyRequest } from 'fastify'
import type { FolderStore } from '../folder.ts'
import { reachedStore } from '../reached-store.ts'
import { SignedBody } from './callers.ts'
import { listPage } from './listing.ts'
import { folderTtlMs, listPath, listTtlMs, originOf, StructureInfo, structureInfo, type MinerRouteParts } from './miner-routes.ts'
import { ownerOf, ownPrefixes } from './owned-keys.ts'

const filesMax = 500
const bucket = 'objects'
const region = 'local'

const hotkey = z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{40,60}$/, 'no SS58 address')
const MinerRequest = SignedBody.extend({ miner_hotkey: hotkey })
const ListRequest = MinerRequest.extend({
  continuation_token: z.string().max(2000).nullish(),
  prefix: z.string().max(1024).nullish().describe('Ours: another folder of the miner than data/.'),
})
const FilesRequest = MinerRequest.extend({ file_keys: z.array(z.string().max(1024)).min(1).max(filesMax), expiry_hours: z.int().min(1).max(24).nullish() })

const ValidatorAccess = z.object({
  bucket: z.string(),
  region: z.string(),
  validator_hotkey: z.string(),
  expiry: z.iso.datetime(),
  expiry_seconds: z.int(),
  urls: z.object({ global: z.object({ list_all_data: z.string() }), miners: z.object({ list_all_miners: z.string() }) }),
  structure_info: StructureInfo,
})
export const MinerAccess = z.object({
  bucket: z.string(),
  region: z.string(),
  miner_hotkey: z.string(),
  miner_url: z.string(),
  prefix: z.string(),
  expiry: z.iso.datetime(),
  read_tokens: z
    .array(z.object({ folder: z.string(), token: z.string() }))
    .describe('Ours: sent as x-amz-security-token, one lets in to all of a folder of the miner under /objects/.'),
})
const FileUrl = z.object({ presigned_url: z.string(), file_key: z.string(), file_name: z.string(), expires_in_seconds: z.int() })
const Files = z.object({
  miner_hotkey: z.string(),
  bucket: z.string(),
  expiry_hours: z.int(),
  total_requested_files: z.int(),
  // oxlint-disable-next-line orrery/no-open-record -- keys of objects, each with a "/"
  file_urls: z.record(z.string(), FileUrl),
  invalid_files: z.array(z.string()),
  failed_files: z.array(z.string()).describe('Those that are not there.'),
})

const described = (operationId: string, summary: string) => ({ operationId, summary, tags: ['Validators'] })
const config = { scope: 'open' as const }

/** What a validator asks for, and a miner of its own files. */
export function validatorRoutes(app: Server, parts: MinerRouteParts): void {
  const { store, callers, paths, pace } = parts
  const signedList = async (request: FastifyRequest, prefix: string, ttlMs: number, more?: Record<string, string>): Promise<string> =>
    `${originOf(request)}${await paths.sign(listPath(prefix, more), ttlMs)}`
  const inMs = (ttlMs: number): string => new Date(pace.now() + ttlMs).toISOString()

  const all = { ...described('getValidatorAccess', 'Addresses that list all files'), body: SignedBody, response: { 200: ValidatorAccess } }
  app.post('/get-validator-access', { schema: all, config }, async (request) => {
    const { hotkey: validator } = await callers.validator(request, ({ timestamp }) => `s3:validator:access:${timestamp}`)
    return {
      bucket,
      region,
      validator_hotkey: validator,
      expiry: inMs(folderTtlMs),
      expiry_seconds: folderTtlMs / 1000,
      urls: {
        global: { list_all_data: await signedList(request, 'data/hotkey=', folderTtlMs) },
        miners: { list_all_miners: await signedList(request, 'data/hotkey=', folderTtlMs, { delimiter: '/' }) },
      },
      structure_info: structureInfo,
    }
  })

  /** Its own files are a miner's to see. */
  const reader = (request: FastifyRequest, miner: string, older: Parameters<typeof callers.miner>[1]) =>
    request.signedBy?.hotkey === miner ? callers.miner(request) : callers.validator(request, older)

  const one = { ...described('getMinerSpecificAccess', 'An address that lists the files of a miner'), body: MinerRequest, response: { 200: MinerAccess } }
  app.post('/get-miner-specific-access', { schema: one, config }, async (request) => {
    const { miner_hotkey: miner } = request.body
    await reader(request, miner, ({ timestamp }) => `s3:validator:miner:${miner}:${timestamp}`)
    const prefix = `data/hotkey=${miner}/`
    request.audited.key = prefix
    const granted = 'grant' in store ? (store as FolderStore) : undefined
    const tokens = ownPrefixes(miner).map(async (folder) => ({ folder, token: (await granted?.grant(folder, pace.now() + listTtlMs)) ?? '' }))
    return {
      bucket,
      region,
      miner_hotkey: miner,
      miner_url: await signedList(request, prefix, listTtlMs),
      prefix,
      expiry: inMs(listTtlMs),
      read_tokens: granted ? await Promise.all(tokens) : [],
    }
  })

  const list = { ...described('getMinerList', 'An address of one page of that list'), body: ListRequest, response: { 200: z.object({ list_url: z.string() }) } }
  app.post('/get-miner-list', { schema: list, config }, async (request) => {
    const { miner_hotkey: miner, continuation_token: token, prefix: given } = request.body
    await reader(request, miner, ({ timestamp }) => `s3:validator:miner:${miner}:${timestamp}`)
    const prefix = given ?? `data/hotkey=${miner}/`
    request.audited.key = prefix
    if (ownerOf(prefix) !== miner) throw new OrreryError('invalid_argument', `"${prefix.slice(0, 200)}" is no folder of ${miner}.`)
    return { list_url: await signedList(request, prefix, listTtlMs, token == null ? {} : { 'continuation-token': token }) }
  })

  const files = { ...described('getFilePresignedUrls', 'Addresses of files of a miner'), body: FilesRequest, response: { 200: Files } }
  app.post('/get-file-presigned-urls', { schema: files, config }, async (request) => {
    const { miner_hotkey: miner, file_keys: keys } = request.body
    await reader(request, miner, ({ hotkey: validator, timestamp }) => `s3:validator:files:${miner}:${validator}:${timestamp}`)
    request.audited.key = `${keys.length} files of ${miner}`
    const hours = request.body.expiry_hours ?? 1
    const reached = reachedStore(store, request)
    const wanted = [...new Set(keys)]
    const own = wanted.filter((key) => ownerOf(key) === miner)
    const signed = new Map<string, z.infer<typeof FileUrl>>()
    for (const key of own) {
      const found = await reached.signGet(key, hours * 3_600_000).catch(unlessMissing)
      if (found) signed.set(key, { presigned_url: found.url, file_key: key, file_name: key.split('/').at(-1) ?? '', expires_in_seconds: hours * 3600 })
    }
    return {
      miner_hotkey: miner,
      bucket,
      expiry_hours: hours,
      total_requested_files: keys.length,
      file_urls: Object.fromEntries(signed),
      invalid_files: wanted.filter((key) => ownerOf(key) !== miner),
      failed_files: own.filter((key) => !signed.has(key)),
    }
  })
}

/** `GET /list`: a page of keys for whoever has an address that was signed here; a client may put `&continuation-token=` behind it. */
export function listRoute(app: Server, { store, paths }: Pick<MinerRouteParts, 'store' | 'paths'>): void {
  const optional = z.union([z.string(), z.array(z.string())]).optional()
  const schema = { hide: true, querystring: z.object({ prefix: z.string(), delimiter: z.literal('/').optional(), 'continuation-token': optional }) }
  app.get('/list', { schema, config }, async (request, reply) => {
    const { prefix, delimiter, 'continuation-token': token } = request.query
    request.audited.key = prefix
    await paths.require((request.raw.url ?? '').replace(/(?<=&signature=[0-9a-f]{64})&continuation-token=[\w%-]*$/, ''))
    const page = await listPage(store, bucket, { prefix, delimiter, token: Array.isArray(token) ? token.at(-1) : token })
    return reply.type('application/xml').send(page)
  })
}

function unlessMissing(error: unknown): undefined {
  if (!(error instanceof OrreryError && (error.code === 'not_found' || error.code === 'invalid_argument'))) throw error
}
