import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Server } from '#infra/net/server.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { NodeName } from '#schemas/feed.ts'
import { NoBody, NodeAnswer, NodeRegistration, ReceiversAnswer, RegistrationAnswer } from '#schemas/feed-nodes.ts'
import type { KnownNode, Nodes } from '#schemas/nodes.ts'
import type { Callers } from './callers.ts'
import { rateLimit } from '#infra/net/rate-limits.ts'

export interface NodeRouteParts {
  nodes: Pick<Nodes, 'find' | 'days'>
  callers: Callers
  pace: Clock
  leasesPerNode: number
  /** What the operator says to pay, in his own unit; 0: he says nothing. */
  payPerMillionTokens: number
  /** Whom a signed request has to be for: hotkeys of this feed. */
  receivers(): Promise<readonly string[]>
}

const NodePath = z.strictObject({ node: NodeName })

/** Who trains: registration, heartbeats, leaving, and what each has done. */
export function nodeRoutes(app: Server, parts: () => NodeRouteParts): void {
  const registering = rateLimit({ perSecond: 2, burst: 200, now: () => performance.now() })

  async function answerOf(known: KnownNode): Promise<NodeAnswer> {
    const { nodes, pace, leasesPerNode, payPerMillionTokens, receivers } = parts()
    const days = await nodes.days(known.node)
    return {
      node: known.node,
      operator: known.operator,
      via: known.via,
      state: known.isDraining ? 'draining' : 'active',
      seen_ago_ms: Math.max(0, pace.now() - known.seenAt),
      outstanding_max: leasesPerNode,
      ...(payPerMillionTokens > 0 && { pay_per_million_tokens: payPerMillionTokens }),
      receivers: [...(await receivers())],
      days: days.map(({ lossSum, ...day }) => ({ ...day, loss_sum: lossSum })),
    }
  }

  const own = async (request: FastifyRequest, node: string): Promise<KnownNode> => parts().callers.callerOf(request, node)

  const whom = { summary: 'Whom a signed request has to be for: hotkeys of this feed (SS58)', response: { 200: ReceiversAnswer } }
  app.get('/v1/receivers', { schema: whom, config: { scope: 'open' } }, async () => ({ receivers: [...(await parts().receivers())] }))

  const registration = {
    summary: 'Join, or join again; a name is of whoever had it first',
    body: NodeRegistration,
    response: { 200: RegistrationAnswer },
  }
  app.post('/v1/nodes', { schema: registration }, async (request) => {
    const { callers } = parts()
    // Whom a key vouches for comes as often as the key may; a machine that others stand behind is not one of them.
    if (!callers.isHere(request) && !request.apiKey) registering.take(request.ip)
    const { known, token } = await callers.register(request, request.body)
    return { ...(await answerOf(known)), ...(token !== undefined && { token }) }
  })
  const heartbeat = { summary: 'Say that it is there', params: NodePath, body: NoBody, response: { 200: NodeAnswer } }
  app.post('/v1/nodes/:node/heartbeat', { schema: heartbeat }, async (request) => answerOf(await own(request, request.params.node)))
  const drain = {
    summary: 'Get nothing more: what is leased is answered or given back, and then the node may go. To register again ends it',
    params: NodePath,
    body: NoBody,
    response: { 200: NodeAnswer },
  }
  app.post('/v1/nodes/:node/drain', { schema: drain }, async (request) => {
    await own(request, request.params.node)
    return answerOf(await parts().callers.setDraining(request.params.node, true))
  })
  const history = { summary: 'Whose a node is, and what it did by day', params: NodePath, response: { 200: NodeAnswer } }
  app.get('/v1/nodes/:node', { schema: history }, async (request) => {
    const { node } = request.params
    const [known] = await parts().nodes.find([node])
    if (!known) throw new OrreryError('not_found', `No node "${node}" has joined; POST /v1/nodes registers one.`, { node })
    return answerOf(known)
  })
}
