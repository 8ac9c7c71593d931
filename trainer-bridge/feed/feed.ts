import type { Server } from '#infra/net/server.ts'
import type { SignedPaths } from '#infra/net/signed-paths.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Telemetry } from '#schemas/stage.ts'
import type { BlockProof } from '#schemas/block-proof.ts'
import { blockRoutes, signedBlockPath, type BlockPlace, type BlockSource } from '../blocks/block-routes.ts'
import { evidenceRoutes, type EvidenceParts } from '../blocks/evidence-routes.ts'
import { answerBatches, type AnswerParts } from './answer-batches.ts'
import { consumerRoutes, type ConsumerRouteParts } from './consumer-routes.ts'
import type { OpenEpoch } from './open-epoch.ts'
import { eventRoutes, type EventRouteParts } from './event-routes.ts'
import { jobRoutes, type JobRouteParts } from './job-routes.ts'
import { leaseBatches, type LeaseParts } from './lease-batches.ts'
import { leaseRoutes, type LeaseRouteParts } from './lease-routes.ts'
import { nodeRoutes, type NodeRouteParts } from './node-routes.ts'
import { weightRoutes, type WeightRouteParts } from './weight-routes.ts'
import type { WaitLine } from './wait-line.ts'

type Routes = LeaseRouteParts & NodeRouteParts & JobRouteParts & EventRouteParts & ConsumerRouteParts & WeightRouteParts & EvidenceParts

/** How long the address of a block is good, at least: the last layer of a pipeline fetches it long after the first. */
const urlMsMin = 3_600_000

/** Everything that the feed answers of. Each answer comes from what is durable: the feed itself remembers nothing that counts, so it may die at any moment. */
export type Feed = Routes & BlockSource

export interface FeedParts extends Omit<Routes, 'lease' | 'answers' | 'job'>, Pick<AnswerParts, 'settled'> {
  signedPaths: SignedPaths
  /** @throws as `BlockSource.prove` */
  prove(open: OpenEpoch, batch: number): Promise<BlockProof>
  telemetry: Pick<Telemetry, 'count'>
  line: WaitLine
}

export function createFeed(parts: FeedParts): Feed {
  const { epochs, line, signedPaths, leaseMs } = parts
  const urlMs = Math.max(urlMsMin, 2 * leaseMs)
  const urlOf: LeaseParts['urlOf'] = ({ planId, epoch }, batch, format) => signedBlockPath(signedPaths, { planId, epoch, batch }, format, urlMs)
  const answers = answerBatches({ ...parts, returned: (batches) => line.call(batches) })
  return { ...parts, job: epochs.job, lease: leaseBatches({ ...parts, urlOf }), answers, ...blocksOf(parts) }
}

/** Blocks as they are asked for; of what is wrong with them whoever leases next is spared. */
function blocksOf({
  epochs,
  health,
  telemetry,
  prove,
}: Pick<FeedParts, 'epochs' | 'health' | 'telemetry' | 'prove'>): Pick<BlockSource, 'block' | 'prove' | 'documents'> {
  const find = (place: BlockPlace) => ('planId' in place ? epochs.find(place.planId, place.epoch) : epochs.numbered(place.job, place.epoch))
  return {
    async block(place, format) {
      const { planId, formats } = await find(place)
      const block = await health.read({ planId, batch: place.batch, read: () => formats.get(place.batch, format) })
      telemetry.count('feed.block_bytes', block.bytes.length)
      return block
    },
    async prove(place) {
      const open = await find(place)
      return health.read({ planId: open.planId, batch: place.batch, read: () => prove(open, place.batch) })
    },
    async documents({ batch, ...place }) {
      const { planId, batches, documents } = await find({ batch, ...place })
      const rows = await health.read({ planId, batch, read: async () => documents.of(await batches.batch(batch)) })
      return { batch, rows: rows.map((row) => row.map(({ id, end, isCut }) => ({ id, end, is_cut: isCut }))) }
    },
  }
}

/** All routes of the feed. */
export async function feedRoutes(app: Server, feed: () => Feed): Promise<void> {
  await app.register(async (plugin) => {
    const routes = plugin as unknown as Server
    // What a key must be good for, unless a route says otherwise.
    routes.addHook('onRoute', (route) => {
      route.config = { scope: 'feed', ...route.config }
    })
    for (const add of [leaseRoutes, nodeRoutes]) add(routes, feed)
    await routes.register(async (nameless) => {
      nameless.addHook('preHandler', async (request) => {
        if (request.routeOptions.config.scope !== 'open') await feed().callers.requireAdmitted(request)
      })
      for (const add of [jobRoutes, eventRoutes, consumerRoutes, weightRoutes, blockRoutes, evidenceRoutes]) add(nameless as unknown as Server, feed)
    })
  })
}

/** Of a server that only describes itself. */
export const describesOnly = (): never => {
  throw new OrreryError('store_unavailable', 'This server only describes the feed; start one with `orrery bridge serve`.')
}
