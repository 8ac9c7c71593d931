import { z } from 'zod'
import { answerBytes } from '#infra/net/byte-answer.ts'
import { ErrorBody, type Server } from '#infra/net/server.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { EpochManifest } from '#schemas/epoch-manifest.ts'
import { OrreryError } from '#schemas/errors.ts'
import { JobName } from '#schemas/feed.ts'
import { lineage } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { ReceiptManifest } from '#schemas/receipt.ts'
import type { Epochs } from '../feed/epochs.ts'

export interface EvidenceParts {
  epochs: Pick<Epochs, 'job' | 'numbered'>
  catalog: Pick<Catalog, 'get'>
  store: Pick<ObjectStore, 'get'>
}

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)
/** What stands beside a plan: its lists, the places that are left out, which tokens of a shard make up rows. Each is named by its content. */
const ObjectName = z.string().regex(/^[0-9a-f]{64}\.(?:json|skipped|layout)$/)
const Binary = z.string().meta({ format: 'binary' }) as unknown as z.ZodType<Uint8Array>
const type = 'application/octet-stream'

/** What the batches of an epoch follow from, and what was said of them, each by its content address: who asks for it can make the plan anew (audit-feed.ts). */
export function evidenceRoutes(app: Server, parts: () => EvidenceParts): void {
  const errors = { 400: ErrorBody, 404: ErrorBody }
  /** @throws OrreryError `not_found` */
  const own = (job: string): string => {
    if (job === parts().epochs.job) return job
    throw new OrreryError('not_found', `There is no job "${job}"; GET /v1/jobs lists what there is.`, { job })
  }
  const manifest = {
    summary: 'What the batches of an epoch follow from: its content address is the id of the plan',
    params: z.strictObject({ job: JobName, epoch: z.coerce.number().int().nonnegative() }),
    response: { 200: EpochManifest, ...errors },
  }
  app.get('/v1/jobs/:job/epochs/:epoch/manifest', { schema: manifest }, async ({ params: { job, epoch } }) => (await parts().epochs.numbered(job, epoch)).plan)
  const receipt = {
    summary: 'What became of the batches of a closed epoch, by its content address, which may stand on the chain',
    params: z.strictObject({ job: JobName, sha256: Sha256 }),
    response: { 200: ReceiptManifest, ...errors },
  }
  app.get('/v1/jobs/:job/receipts/:sha256', { schema: receipt }, async ({ params: { job, sha256 } }) => {
    const found = await parts().catalog.get(lineage.receipts(own(job)), { sha256 })
    if (found) return found.manifest
    throw new OrreryError('not_found', `There is no receipt ${sha256}, or no longer.`, { job })
  })
  const object = {
    summary: 'An object that a manifest names: the last part of its key',
    params: z.strictObject({ job: JobName, name: ObjectName }),
    response: { 200: { description: 'The object', content: { [type]: { schema: Binary } } }, ...errors },
  }
  app.get('/v1/jobs/:job/objects/:name', { schema: object }, async (request, reply) => {
    const { job, name } = request.params
    const bytes = await parts().store.get(`plans/${own(job)}/${name}`)
    answerBytes(request, reply, { etag: `"${name.slice(0, 64)}"`, type, bytes })
    return reply
  })
}
