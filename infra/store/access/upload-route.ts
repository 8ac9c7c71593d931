import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import type { Server } from '#infra/net/server.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { OnDemandJobs } from '#schemas/on-demand.ts'
import type { Callers } from './callers.ts'
import { boundaryOf, readForm } from './form-body.ts'
import { boundsOf, submissionOf } from './owned-keys.ts'
import type { UploadGrant, UploadPolicies } from './upload-policy.ts'
import type { Uploads } from './uploads.ts'

/** What a form adds to its file: its fields and their heads. */
const formBytesMax = 64 << 10

export interface UploadParts {
  store: Pick<ObjectStore, 'put'>
  jobs: Pick<OnDemandJobs, 'deliver'>
  callers: Pick<Callers, 'member' | 'chargeBytes'>
  policies: UploadPolicies
  uploads: Uploads
  /** Largest file. */
  bytesMax: number
  /** Within this the fields of a form must be here: nobody is known until then. */
  fieldsMs: number
}

/**
 * `POST /upload`: a form that was signed here (upload-policy.ts), `file` last. 204 once the object is durable; the same bytes again are 204 too, others 409. With
 * `x-amz-checksum-sha256` (base64) among its fields a body that is another is refused. Whatever is refused has written nothing.
 */
export function uploadRoute(app: Server, parts: UploadParts): void {
  app.removeAllContentTypeParsers()
  const bodyLimit = parts.bytesMax + formBytesMax
  app.addContentTypeParser('*', { bodyLimit }, (_request, payload, done) => done(null, payload))
  app.post('/upload', { schema: { hide: true }, bodyLimit, config: { scope: 'open' } }, async (request, reply) => {
    // Whoever is refused may go on sending.
    void reply.header('connection', 'close')
    const length = lengthOf(request)
    if (!(request.body instanceof Readable)) throw new OrreryError('invalid_record', 'The upload has no body; send the form.')
    const { fields, file } = await soon(readForm(piecesOf(request.body), boundaryOf(request.headers['content-type'])), parts.fieldsMs)
    const grant = await parts.policies.require(fields)
    request.audited.key = grant.key
    request.audited.hotkey = grant.hotkey
    await upload(parts, { grant, length, file, checksum: fields.get('x-amz-checksum-sha256'), request })
    return reply.removeHeader('connection').status(204).send()
  })
}

/** Whoever hangs up has sent a body that breaks off. */
async function* piecesOf(body: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* body as AsyncIterable<Uint8Array>
  } catch (cause) {
    throw new OrreryError('invalid_record', 'The upload broke off; send it again.', {}, cause)
  }
}

/** @throws OrreryError `timed_out`; what was waited for is let go */
async function soon<T>(work: Promise<T>, ms: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new OrreryError('timed_out', `The fields of the form did not come within ${ms / 1000} s; send it at once.`)), ms)
  work.catch(() => undefined)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

interface Sent {
  grant: UploadGrant
  /** Of the whole body, as it says. */
  length: number
  file: AsyncIterable<Uint8Array>
  checksum: string | undefined
  request: FastifyRequest
}

async function upload({ store, jobs, callers, uploads }: UploadParts, { grant, length, file, checksum, request }: Sent): Promise<void> {
  const { hotkey, key } = grant
  await callers.member(hotkey)
  const submission = submissionOf(key)
  const { bytesMin, bytesMax } = submission ? grant : narrower(grant, boundsOf(hotkey, key, grant.bytesMin))
  if (length > bytesMax + formBytesMax) throw tooLarge(key, bytesMax)
  if (length < bytesMin) throw tooSmall(key, bytesMin)
  using upload = uploads.begin(hotkey, length)
  await callers.chargeBytes(hotkey, length)
  const [hash, content] = [createHash('sha256'), { bytes: 0, sha256: '' }]
  // What throws here throws in `put`, which has then written nothing.
  const checked = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of upload.watch(file, bytesMax)) {
      hash.update(piece)
      content.bytes += piece.length
      yield piece
    }
    if (content.bytes < bytesMin) throw tooSmall(key, bytesMin)
    const digest = hash.digest()
    if (checksum !== undefined && digest.toString('base64') !== checksum)
      throw new OrreryError('invalid_record', `The bytes of "${key}" are not those of x-amz-checksum-sha256; send it again.`, { key })
    content.sha256 = digest.toString('hex')
  }
  await store.put(key, checked())
  request.audited.bytes = content.bytes
  if (submission) await jobs.deliver(submission.jobId, submission.hotkey, content)
}

const narrower = (a: { bytesMin: number; bytesMax: number }, b: { bytesMin: number; bytesMax: number }) => ({
  bytesMin: Math.max(a.bytesMin, b.bytesMin),
  bytesMax: Math.min(a.bytesMax, b.bytesMax),
})

/** Room is made for a body before it comes, so that it must say how much. */
function lengthOf({ headers }: FastifyRequest): number {
  const length = Number(headers['content-length'])
  if (headers['content-length'] !== undefined && Number.isSafeInteger(length)) return length
  throw new OrreryError('invalid_argument', 'An upload says how long it is; send Content-Length.')
}

const tooLarge = (key: string, bytesMax: number): OrreryError =>
  new OrreryError('too_large', `"${key}" may have ${bytesMax} bytes, and this is more; split it.`, { key, bytesMax })
const tooSmall = (key: string, bytesMin: number): OrreryError =>
  new OrreryError('invalid_record', `"${key}" must have ${bytesMin} bytes at least, by its name and kind, and this is less.`, { key, bytesMin })
