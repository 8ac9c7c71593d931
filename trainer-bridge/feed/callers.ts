import type { FastifyRequest } from 'fastify'
import { isLoopback, isOfThisMachine, type ApiAccess } from '#infra/net/api-access.ts'
import { recentValues, textBytes } from '#infra/recent-values.ts'
import { isSigned } from '#infra/signed-http/verify.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { ApiKeys } from '#schemas/api-keys.ts'
import type { Chain } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { NodeRegistration } from '#schemas/feed-nodes.ts'
import { tokenGraceMs, type KnownNode, type NodeOwner, type Nodes } from '#schemas/nodes.ts'
import { rateLimit } from '#infra/net/rate-limits.ts'
import { feedSchemes } from './signatures.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose token it brings; null without one. */
    nodeOfToken: KnownNode | null
  }
}

export interface CallerParts {
  /** Who may ask: `auto` = whoever asks this machine from this machine, else as `invitation`. */
  admission: 'auto' | 'open' | 'invitation' | 'stake'
  /** rao that a hotkey must have behind it where stake admits. */
  stakeMin: bigint
  /** Address that is listened on, as the settings have it. */
  host: string
  nodes: Nodes
  keys: ApiKeys
  chain: Pick<Chain, 'metagraph'>
  pace: Clock
}

/** Who asks, found of the credential of a request: a key, the token of a node, the signature of a hotkey, or none where that is let. */
export interface Callers {
  /** For `guardAccess`. */
  access: ApiAccess
  /** Who asks in the name of `node`; a name that nobody has is the caller's from now on. @throws OrreryError `unauthorized`, `forbidden`, `rate_limited` */
  callerOf(request: FastifyRequest, node: string): Promise<KnownNode>
  /** A name is asked for by registration: it may need a token from then on, which only this answer tells. */
  register(request: FastifyRequest, registration: NodeRegistration): Promise<{ known: KnownNode; token: string | undefined }>
  /** Where no name is asked for: a signature alone, which anybody can make, admits nobody who would not be as a node. @throws OrreryError `forbidden` */
  requireAdmitted(request: FastifyRequest): Promise<void>
  /** Who settles without leases is bound by no share of the batches: a stake alone is not enough for that. @throws OrreryError `forbidden` */
  requireVouched(caller: KnownNode): void
  /** What only the operator of the bridge does: by a key for it, or on this machine where that is let. @throws OrreryError `forbidden` */
  requireOperator(request: FastifyRequest): void
  /** Who keeps what without being a node: the id of the credential. @throws OrreryError `unauthorized` for a stranger without one, `rate_limited` */
  ownerOf(request: FastifyRequest): string
  /** Whether it comes from this machine, to an address that only this machine has. */
  isHere(request: FastifyRequest): boolean
  /** It says that it leaves, or that it is back. */
  setDraining(node: string, isDraining: boolean): Promise<KnownNode>
}

/** A node that polls as it is told asks twice a second; one of many short batches far more often. */
const ofNode = { perSecond: 100, burst: 2_000 }
/** How long another process's word of a node may be news here. */
const freshMs = 10_000
const knownBytesMax = 16 * 2 ** 20
/** Who is let in is looked up again so often: what was taken back is over by then. */
const admittedFreshMs = 30_000

export function openCallers(parts: CallerParts): Callers {
  const { admission, nodes, pace, host } = parts
  const known = recentValues<string, KnownNode>({ bytesMax: knownBytesMax, bytesOf: bytesOfNode, now: pace.now })
  const limit = rateLimit({ ...ofNode, now: () => performance.now() })
  const stakes = nowAndThen(pace, async () => {
    const { neurons } = await parts.chain.metagraph()
    return new Map(neurons.filter(({ stake }) => stake >= parts.stakeMin).map(({ hotkey, coldkey }) => [hotkey, coldkey]))
  })
  const liveKeys = nowAndThen(pace, async () => {
    const keys = await parts.keys.list()
    return new Set(keys.filter(({ revokedAt, expiresAt }) => revokedAt === null && (expiresAt === null || expiresAt > pace.now())).map(({ id }) => id))
  })

  const isOpen = (request: FastifyRequest): boolean => admission === 'open' || (admission === 'auto' && isHere(request))
  const isHere = (request: FastifyRequest): boolean => isLoopback(host) && isOfThisMachine(request, host)

  /** Written down, and heard of, no more often than it can be news. */
  async function bound(node: string, owner: NodeOwner): Promise<KnownNode> {
    const kept = known.get(node)
    if (kept && kept.id === owner.id && kept.operator === owner.operator) return kept
    const found = await nodes.bind(node, owner)
    known.keep(node, found, freshMs)
    nodes.heard(node).catch(() => undefined)
    return found
  }

  /** @throws OrreryError `forbidden` */
  async function coldkeyOf(hotkey: string): Promise<string> {
    const coldkey = (await stakes()).get(hotkey)
    if (coldkey !== undefined) return coldkey
    throw new OrreryError(
      'forbidden',
      `${hotkey} has less stake on the subnet than this feed asks for (${parts.stakeMin} rao); add stake, or ask its operator.`,
      { hotkey, stake_min_rao: String(parts.stakeMin) },
    )
  }

  /** What let a node in must hold still: a stake may have moved on, a key be revoked, the feed be open no more. @throws OrreryError `forbidden`, `unauthorized` */
  async function requireStillIn(request: FastifyRequest, { node, id, operator, via }: KnownNode): Promise<void> {
    if (isOpen(request)) return
    const [, hotkey] = /^hotkey (.+)$/.exec(id) ?? []
    if (hotkey !== undefined && via === 'hotkey') {
      if (isKeyId(operator) && (await liveKeys()).has(operator)) return
      if (admission === 'stake') return void (await coldkeyOf(hotkey))
    }
    throw new OrreryError('unauthorized', `What let "${node}" in does not hold any more; register it anew with what this feed asks for (POST /v1/nodes).`, {
      node,
    })
  }

  async function ownerFor(request: FastifyRequest, node: string): Promise<NodeOwner> {
    const { apiKey, signedBy } = request
    if (signedBy) {
      const id = `hotkey ${signedBy.hotkey}`
      if (apiKey) return { id, operator: apiKey.id, via: 'hotkey' }
      if (admission === 'stake') return { id, operator: await coldkeyOf(signedBy.hotkey), via: 'hotkey' }
      if (isOpen(request)) return { id, operator: signedBy.hotkey, via: 'hotkey' }
      const [invited] = await nodes.find([node])
      if (invited?.id === id) {
        await requireStillIn(request, invited)
        return invited
      }
      const message = `No operator vouches for ${signedBy.hotkey} as "${node}"; register once with a key of theirs beside the signature (POST /v1/nodes).`
      throw new OrreryError('forbidden', message, { node })
    }
    if (apiKey) return { id: `key ${apiKey.id}`, operator: apiKey.id, via: 'token' }
    if (isHere(request)) return { id: 'open', operator: node, via: 'open' }
    return { id: `name ${node}`, operator: node, via: 'token' }
  }

  async function askerOf(request: FastifyRequest, node: string): Promise<KnownNode> {
    const { nodeOfToken } = request
    if (nodeOfToken) {
      if (nodeOfToken.node === node) return bound(node, nodeOfToken)
      throw new OrreryError('forbidden', `This token is of another node than "${node}"; each has its own.`, { node })
    }
    const owner = await ownerFor(request, node)
    if (owner.id === `name ${node}`)
      throw new OrreryError('unauthorized', `"${node}" comes without a token; register it first (POST /v1/nodes) and send the token you get.`, { node })
    return bound(node, owner)
  }

  return {
    access: {
      keys: parts.keys,
      requireKey: admission === 'open' ? 'never' : admission === 'auto' ? 'auto' : 'always',
      host,
      corsOrigins: [],
      async isKnown(request) {
        const token = /^bearer +(orn_[A-Za-z0-9_-]{1,100}) *$/i.exec(request.headers.authorization ?? '')?.[1]
        if (token === undefined) return isSigned(feedSchemes, request.headers)
        const found = await nodes.bearer(token)
        if (!found) throw new OrreryError('unauthorized', 'This token of a node is not known here, or over; register the node anew (POST /v1/nodes).')
        await requireStillIn(request, found)
        request.nodeOfToken = found
        return true
      },
    },
    async callerOf(request, node) {
      const caller = await askerOf(request, node)
      limit.take(node)
      return caller
    },
    async register(request, { node, request_id }) {
      const { nodeOfToken } = request
      const owner = nodeOfToken?.node === node ? nodeOfToken : await ownerFor(request, node)
      const joinedBy = request_id === undefined ? undefined : sha256Hex(request_id)
      const [before] = owner.id === `name ${node}` && !nodeOfToken ? await nodes.find([node]) : []
      // Its answer may have been lost, and with it the only token.
      const isRepeat = before?.joinedBy !== undefined && before.joinedBy === joinedBy && Math.abs(pace.now() - before.joinedAt) < tokenGraceMs
      if (before && !isRepeat) throw new OrreryError('forbidden', `The name "${node}" is another's; ask under a name of your own.`, { node })
      await nodes.bind(node, owner, joinedBy)
      const found = await nodes.heard(node, { isDraining: false })
      known.keep(node, found, freshMs)
      return { known: found, token: owner.via === 'hotkey' || owner.id.startsWith('name ') ? await nodes.issue(node) : undefined }
    },
    async requireAdmitted(request) {
      const { apiKey, signedBy, nodeOfToken } = request
      if (!signedBy || apiKey || nodeOfToken || isOpen(request)) return
      if (admission === 'stake') return void (await coldkeyOf(signedBy.hotkey))
      throw new OrreryError('forbidden', `A signature alone is not enough here; register ${signedBy.hotkey} (POST /v1/nodes) and send the token you get.`)
    },
    requireVouched({ node, operator, via }) {
      if (admission !== 'stake' || via === 'open' || isKeyId(operator)) return
      const message = `"${node}" is let in by its stake, which is good for leases; to settle without them takes a key of the operator's.`
      throw new OrreryError('forbidden', message, { node })
    },
    requireOperator(request) {
      const { apiKey, signedBy, nodeOfToken } = request
      const isLocal = !signedBy && !nodeOfToken && isHere(request) && (admission === 'auto' || admission === 'open')
      if (apiKey || isLocal) return
      throw new OrreryError(
        'forbidden',
        'That is for the operator of the bridge; send a key that is good for it (`orrery dataset key create --scope tasks`).',
        {
          scope: 'tasks',
        },
      )
    },
    ownerOf(request) {
      const { nodeOfToken, signedBy, apiKey } = request
      const owner = nodeOfToken?.id ?? (signedBy ? `hotkey ${signedBy.hotkey}` : apiKey ? `key ${apiKey.id}` : isHere(request) ? 'open' : undefined)
      if (owner !== undefined) {
        limit.take(owner)
        return owner
      }
      throw new OrreryError('unauthorized', 'Whose this is nobody could tell later; register a node first (POST /v1/nodes) and send the token you get.')
    },
    isHere,
    async setDraining(node, isDraining) {
      const found = await nodes.heard(node, { isDraining })
      known.keep(node, found, freshMs)
      return found
    },
  }
}

const bytesOfNode = ({ node, id, operator }: KnownNode): number => 200 + textBytes(node) + textBytes(id) + textBytes(operator) + 64

const isKeyId = (operator: string): boolean => /^[0-9a-f]{12}$/.test(operator)

/** Read no more often than it can matter; what cannot be read anew stays as it was, so that a chain that is away sends nobody away. */
function nowAndThen<T>(pace: Clock, read: () => Promise<T>): () => Promise<T> {
  let last: { at: number; value: Promise<T> } | undefined
  return () => {
    const now = pace.now()
    if (last && now - last.at < admittedFreshMs && now >= last.at) return last.value
    const before = last?.value
    const current = { at: now, value: read().catch((error: unknown) => before ?? Promise.reject(error)) }
    last = current
    current.value.catch(() => {
      if (last === current) last = undefined
    })
    return current.value
  }
}
