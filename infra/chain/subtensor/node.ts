import type { Header } from '@polkadot/types/interfaces'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { openRpc, type Rpc } from './rpc.ts'
import { runtimeOf, type Runtime } from './runtime.ts'
import { within } from './within.ts'

export interface Head {
  number: number
  /** 0x + 64 hex. */
  hash: string
  /** By the pacing clock, ms: when the height was first seen. */
  seenAt: number
}

/** One endpoint, connected to. */
export interface Node extends AsyncDisposable {
  /** As messages name it: providers put keys into the rest of a URL. */
  endpoint: string
  /** Hash of block 0. */
  genesis: string
  blockMs: number
  /** Those seen, by their spec version: one upgrade or two in the time of a connection. */
  runtimes: Map<number, Promise<Runtime>>
  /** The newest final block. */
  head(): Head
  isConnected(): boolean
  /** A JSON-RPC call as it is on the wire. */
  send<T>(method: string, params: unknown[]): Promise<T>
  subscribe: Rpc['subscribe']
}

/** Subtensor's Aura lets a block be made every two of these. */
const minimumPeriods = 2
const minimumPeriodMsDefault = 6000

/**
 * Connects, learns what runtime it is, and follows its final blocks: what is drawn of a hash must not be drawn of one that goes away. It does not reconnect by itself: a lost node is left.
 * @throws OrreryError `timed_out`, `upstream_failed` (refused, not in sync)
 */
export async function connectNode(url: string, { callMs, clock }: { callMs: number; clock: Clock }): Promise<Node> {
  const rpc = await openRpc(url, callMs)
  const { endpoint } = rpc
  try {
    return await within(callMs, `${endpoint} tells nothing of its blocks`, follow(endpoint, rpc, clock))
  } catch (cause) {
    await rpc[Symbol.asyncDispose]()
    throw cause
  }
}

async function follow(endpoint: string, rpc: Rpc, clock: Clock): Promise<Node> {
  const { call: send } = rpc
  const runtimes: Node['runtimes'] = new Map()
  const [{ isSyncing }, genesis, runtime] = await Promise.all([
    send<{ isSyncing: boolean }>('system_health', []),
    send<string>('chain_getBlockHash', [0]),
    runtimeOf({ send, runtimes }),
  ])
  if (isSyncing) throw new OrreryError('upstream_failed', `The node ${endpoint} has not caught up with its chain yet.`, { endpoint })
  const first = Promise.withResolvers<Head>()
  let head: Head | undefined
  await rpc.subscribe({ begin: 'chain_subscribeFinalizedHeads', end: 'chain_unsubscribeFinalizedHeads' }, [], (header) => {
    const read = runtime.registry.createType<Header>('Header', header)
    const number = read.number.toNumber()
    if (head && number <= head.number) return
    head = { number, hash: read.hash.toHex(), seenAt: clock.now() }
    first.resolve(head)
  })
  const latest = await first.promise
  return {
    endpoint,
    genesis,
    blockMs: minimumPeriods * Number(runtime.is.consts['timestamp']?.['minimumPeriod']?.toString() ?? minimumPeriodMsDefault),
    runtimes,
    head: () => head ?? latest,
    isConnected: rpc.isOpen,
    send,
    subscribe: rpc.subscribe,
    [Symbol.asyncDispose]: () => rpc[Symbol.asyncDispose](),
  }
}
