import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'
import type { LargeObject } from './hub.ts'
import type { HubRequests } from './hub-requests.ts'

/** An object with its bytes. */
export interface LargeFile extends LargeObject {
  /** From `start` to `end`, as often as it is asked. */
  read(start: number, end: number): AsyncIterable<Uint8Array>
}

// oxlint-disable-next-line orrery/no-open-record -- HTTP headers, of which only those known here are read
const Action = z.object({ href: z.url(), header: z.record(z.string(), z.unknown()).optional() })
type Action = z.infer<typeof Action>
const Batch = z.object({
  objects: z.array(
    z.object({
      oid: z.string(),
      actions: z.object({ upload: Action.optional(), verify: Action.optional() }).optional(),
      error: z.object({ code: z.number(), message: z.string() }).optional(),
    }),
  ),
})

const lfs = { contentType: 'application/vnd.git-lfs+json', accept: 'application/vnd.git-lfs+json' }
const uploadsAtOnce = 3

/**
 * Brings files into the large file storage of a repository (https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md, with the Hub's own multipart
 * transfer): those that it has are not sent.
 * @param sent told of bytes as they go, and of negative ones that must go again
 * @returns bytes that were sent
 */
export async function sendLarge(requests: HubRequests, files: readonly LargeFile[], sent: (bytes: number) => void): Promise<number> {
  if (files.length === 0) return 0
  const answers = await asked(requests, files)
  let bytes = 0
  let failed = false
  const waiting = files.values()
  const work = async () => {
    for (const file of waiting) {
      if (failed) return
      if (await sendOne(requests, file, { answer: answers.get(file.sha256), sent })) bytes += file.bytes
    }
  }
  const fail = (cause: unknown) => {
    failed = true
    throw cause
  }
  // Nothing goes on behind an error.
  for (const end of await Promise.allSettled(Array.from({ length: uploadsAtOnce }, () => work().catch(fail)))) if (end.status === 'rejected') throw end.reason
  return bytes
}

type Answer = z.infer<typeof Batch>['objects'][number]

/** Where each of them is wanted. */
async function asked(requests: HubRequests, files: readonly LargeFile[]): Promise<Map<string, Answer>> {
  const objects = files.map(({ sha256, bytes }) => ({ oid: sha256, size: bytes }))
  const body = JSON.stringify({ operation: 'upload', transfers: ['basic', 'multipart'], hash_algo: 'sha256', ref: { name: 'main' }, objects })
  const url = `/datasets/${requests.access.repo}.git/info/lfs/objects/batch`
  const batch = await requests.json(Batch, { method: 'POST', url, body, ...lfs })
  return new Map(batch.objects.map((object) => [object.oid, object]))
}

/** Signed addresses are good for some minutes: on a slow line one may end before its turn, or while it is waited for. Then others are asked for. */
const addressesMax = 3

/** @returns whether it was wanted */
async function sendOne(requests: HubRequests, file: LargeFile, { answer: first, sent }: { answer: Answer | undefined; sent: (bytes: number) => void }) {
  for (let [answer, tried] = [first, 1]; ; tried++) {
    if (!answer || answer.error) throw refused(requests, answer?.error?.message ?? 'it said nothing of an object')
    const { upload: where, verify } = answer.actions ?? {}
    if (!where) return false
    if (await upload(requests, file, where, sent)) {
      if (verify) await tell(requests, verify.href, { oid: file.sha256, size: file.bytes })
      return true
    }
    if (tried === addressesMax) throw refused(requests, 'its storage refuses the addresses that it gives (403)')
    answer = (await asked(requests, [file])).get(file.sha256)
  }
}

/** @returns false where an address is good no more */
async function upload(requests: HubRequests, file: LargeFile, { href, header = {} }: Action, sent: (bytes: number) => void): Promise<boolean> {
  const put = (url: string, start: number, end: number) =>
    requests.put(url, { bytes: end - start, read: () => file.read(start, end), sent }).catch((cause: unknown) => {
      if (cause instanceof OrreryError && cause.details['status'] === 403) return undefined
      throw cause
    })
  const partBytes = Number(header['chunk_size'])
  if (header['chunk_size'] === undefined) return (await put(href, 0, file.bytes)) !== undefined
  const urls = Object.entries(header)
    .filter(([name]) => /^\d+$/.test(name))
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([, url]) => String(url))
  if (!(partBytes > 0) || urls.length !== Math.ceil(file.bytes / partBytes)) throw refused(requests, 'its parts do not make the file')
  const parts: { partNumber: number; etag: string }[] = []
  for (const [n, url] of urls.entries()) {
    const answer = await put(url, n * partBytes, Math.min(file.bytes, (n + 1) * partBytes))
    if (!answer) return false
    parts.push({ partNumber: n + 1, etag: answer.headers.get('etag') ?? '' })
  }
  await tell(requests, href, { oid: file.sha256, parts })
  return true
}

const tell = (requests: HubRequests, url: string, body: unknown) => requests.ask({ method: 'POST', url, body: JSON.stringify(body), ...lfs })

function refused({ access: { hubUrl, repo, token } }: HubRequests, what: string): OrreryError {
  const told = what.replaceAll(token, '…').slice(0, 300)
  return new OrreryError('upstream_failed', `${hubUrl} does not take large files for dataset "${repo}": ${told}; publish again later.`, { hub: hubUrl, repo })
}
