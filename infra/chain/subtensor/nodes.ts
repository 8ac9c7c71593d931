import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { connectNode, type Node } from './node.ts'
import { isDiscarded } from './runtime-at.ts'
import { within } from './within.ts'

export interface NodesOptions {
  /** ws: or wss: URLs, asked in this order, round about. */
  endpoints: readonly string[]
  clock: Clock
  /** Deadline of one call. */
  callMs: number
  /** A node whose height stands still so long is left. */
  stallMs: number
}

/** The endpoints of one chain, of which one is used at a time. */
export interface Nodes extends AsyncDisposable {
  /**
   * Asks a live node. One that does not answer in time, loses its connection, stands still or has no more the state that is asked for is left for the next;
   * each is tried once.
   * @throws OrreryError `timed_out`, `upstream_failed`, and what `ask` throws as one
   */
  ask<T>(what: string, ask: (node: Node) => Promise<T>): Promise<T>
  /** A node that was live a moment ago, for what must not be sent twice. */
  live(): Promise<Node>
  /** Drops the one that is used, so that the next call goes to another; one that was left already is nobody's any more. */
  leave(node: Node): void
}

export function connectNodes({ endpoints, clock, callMs, stallMs }: NodesOptions): Nodes {
  let at = 0
  /** What all callers use, or wait for. */
  let current: Promise<Node> | undefined
  let used: Node | undefined
  let genesis: string | undefined
  let closed = false
  /** Endpoints of a chain other than the first one's are none of this chain. */
  const connect = async (url: string): Promise<Node> => {
    const node = await connectNode(url, { callMs, clock })
    const { endpoint } = node
    genesis ??= node.genesis
    if (node.genesis === genesis && !closed) return node
    await node[Symbol.asyncDispose]()
    if (closed) throw new OrreryError('upstream_failed', 'The chain was closed.')
    throw new OrreryError(
      'invalid_config',
      `${endpoint} is a node of another chain (${node.genesis}) than the first endpoint (${genesis}); name one chain's.`,
      {
        endpoint,
      },
    )
  }
  const isStalled = (node: Node) => clock.now() - node.head().seenAt > stallMs
  // Many callers may leave one node: the next is one further all the same.
  const leave = (node: Node) => {
    if (used !== node) return
    used = current = undefined
    at++
    void node[Symbol.asyncDispose]()
  }

  /** The one in use while it lives, else the next that does. One caller connects, the others wait for it. */
  async function live(): Promise<Node> {
    const waited = current
    const held = await waited?.catch(() => undefined)
    if (held?.isConnected() && !isStalled(held)) return held
    if (current === waited) {
      const left = held && isStalled(held) ? held : undefined
      if (held) leave(held)
      current = next(left)
    }
    return await (current ?? live())
  }

  /** @param left a node that stands still */
  async function next(left: Node | undefined): Promise<Node> {
    const failures = left ? [`${left.endpoint} stands still at block ${left.head().number}.`] : []
    for (const _ of endpoints) {
      try {
        used = await connect(endpoints[at % endpoints.length] ?? '')
        return used
      } catch (error) {
        failures.push(messageOf(error))
        at++
      }
    }
    throw new OrreryError('upstream_failed', `No node of the chain can be used: ${failures.join(' ').slice(0, 1000)} See chain.endpoints.`, { failures })
  }

  return {
    live,
    leave,
    async ask(what, ask) {
      for (let tries = 1; ; tries++) {
        const node = await live()
        try {
          return await within(callMs, `${node.endpoint} does not tell ${what}`, ask(node))
        } catch (error) {
          const mayKnowMore = isDiscarded(error) && tries < endpoints.length
          if (isAnswer(error) && !mayKnowMore) throw error
          leave(node)
          if (mayKnowMore) continue
          if (tries > endpoints.length || closed)
            throw new OrreryError('upstream_failed', `The chain does not tell ${what}: ${messageOf(error)}`, { endpoint: node.endpoint }, error)
        }
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true
      const node = await current?.catch(() => undefined)
      if (node) leave(node)
    },
  }
}

/** A refusal is an answer; silence, a lost connection and nonsense are not. */
export const isAnswer = (error: unknown): boolean => error instanceof OrreryError && error.code !== 'timed_out' && error.code !== 'upstream_failed'

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
