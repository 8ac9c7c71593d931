import { setTimeout } from 'node:timers/promises'
import type { Signer } from '#schemas/chain.ts'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Node } from './node.ts'
import { isAnswer, messageOf, type Nodes } from './nodes.ts'
import { outcomeIn } from './outcome.ts'
import { isNonceTaken, poolRefusal, refusedFor } from './refused.ts'
import { RpcError } from './rpc.ts'
import { runtimeOf } from './runtime.ts'
import { signCall, type Call } from './signed-call.ts'

/** Blocks in which a signed call may come in, that of its birth among them; after that it is void, and may be sent anew. A power of two. */
const eraBlocks = 16
/** Two processes with one hotkey may draw the same nonce. */
const attemptsMax = 4
/** Blocks after which nothing can come in any more of a call that was begun before. */
export const callBlocksMax = attemptsMax * eraBlocks
const watch = { begin: 'author_submitAndWatchExtrinsic', end: 'author_unwatchExtrinsic' }
const pollMs = 50
/** Rest between two looks for a node while there is none. */
const lostMs = 1000

/** Sends calls, those of one hotkey one after the other. */
export interface Submitter {
  /**
   * Resolves with the final block the call is in. The blocks say so, not the node it was given to: that may die, and a block may be given up for another, in
   * which the call comes again.
   * @param name the pallet's name of the call
   * @throws OrreryError `chain_refused`, `rate_limited`; `timed_out` when it came into no block it was good for; `upstream_failed`
   */
  submit(signer: Signer, name: string, call: Call): Promise<number>
}

interface SubmitterOptions {
  nodes: Nodes
  clock: Clock
  callMs: number
}

/** A call as it is signed: the same bytes may be given to many nodes, and come into the chain once. */
interface SignedCall {
  name: string
  signed: string
  bornAt: number
  blockMs: number
}

/** A node that has the call in its pool. */
interface Offer {
  node: Node
  /** Why it comes into no block, as soon as the node says so. */
  fate(): OrreryError | undefined
  end(): void
}

export function submitter({ nodes, clock, callMs }: SubmitterOptions): Submitter {
  const turns = new Map<string, Promise<unknown>>()
  const inTurn = async <T>(address: string, work: () => Promise<T>): Promise<T> => {
    const before = turns.get(address)
    const turn = (async () => {
      await before?.catch(() => undefined)
      return await work()
    })()
    turns.set(address, turn)
    try {
      return await turn
    } finally {
      if (turns.get(address) === turn) turns.delete(address)
    }
  }

  const sign = (signer: Signer, name: string, call: Call): Promise<SignedCall> =>
    nodes.ask(`the nonce of ${signer.address}`, async (node) => {
      const { number: block, hash } = node.head()
      const [nonce, runtime] = await Promise.all([node.send<number>('system_accountNextIndex', [signer.address]), runtimeOf(node, hash)])
      const signed = signCall(runtime, call, signer, { nonce, genesis: node.genesis, era: { block, hash, blocks: eraBlocks } })
      return { name, signed, bornAt: block, blockMs: node.blockMs }
    })

  /** A node that dies with it may have told others of it: it is not sent in another form before it is void. */
  async function offerFirst(call: SignedCall): Promise<Offer | undefined> {
    const node = await nodes.live()
    try {
      return await offer(node, call)
    } catch (error) {
      if (error instanceof OrreryError && error.code !== 'timed_out') throw error
      nodes.leave(node)
      if (error instanceof RpcError)
        throw new OrreryError('upstream_failed', `${node.endpoint} takes no ${call.name}: ${messageOf(error)}`, { call: call.name }, error)
      return undefined
    }
  }

  /** Walks the final blocks of its time. */
  async function settled(call: SignedCall, first: Offer | undefined): Promise<number> {
    const { name, bornAt, blockMs } = call
    const last = bornAt + eraBlocks - 1
    const until = clock.now() + 2 * eraBlocks * blockMs + callMs
    let offered = first
    let number = bornAt + 1
    let lost = ''
    try {
      while (number <= last && clock.now() < until) {
        const fate = offered?.fate()
        if (fate) throw fate
        try {
          const node = await nodes.live()
          if (offered?.node !== node) offered = await again(node, call)
          if (node.head().number < number) await setTimeout(pollMs)
          else if (await nodes.ask(`block ${number}`, (asked) => outcomeIn(asked, number, call))) return number
          else number++
        } catch (error) {
          if (isAnswer(error)) throw error
          lost = ` ${messageOf(error)}`
          await setTimeout(lostMs)
        }
      }
    } finally {
      offered?.end()
    }
    const said =
      number > last
        ? `is in none of the blocks up to ${last}, the last it was good for: it may be sent anew`
        : `was not seen in a block up to ${number - 1}, and the chain tells of no more: look whether it is in one up to ${last}`
    throw new OrreryError('timed_out', `${name} ${said}.${lost}`, { call: name })
  }

  async function send(signer: Signer, name: string, call: Call): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      try {
        const signed = await sign(signer, name, call)
        return await settled(signed, await offerFirst(signed))
      } catch (error) {
        if (!isNonceTaken(error) || attempt === attemptsMax) throw error
      }
    }
  }

  return {
    async submit(signer, name, call) {
      if (signer.isDevelopment) throw developmentWallet(signer)
      return await inTurn(signer.address, () => send(signer, name, call))
    },
  }
}

/** @throws OrreryError what the pool says to it */
async function offer(node: Node, { name, signed }: SignedCall): Promise<Offer> {
  let fate: OrreryError | undefined
  try {
    const end = await node.subscribe(watch, [signed], (status) => {
      fate ??= fateOf(name, status)
    })
    return { node, fate: () => fate, end }
  } catch (error) {
    throw poolRefusal(name, error) ?? error
  }
}

/** Whatever this pool says: that the call is known, or in the chain already, is no harm, and the blocks tell. */
async function again(node: Node, call: SignedCall): Promise<Offer> {
  try {
    return await offer(node, call)
  } catch (error) {
    if (!(error instanceof RpcError) && (!(error instanceof OrreryError) || error.code === 'timed_out')) throw error
    return { node, fate: () => undefined, end: () => undefined }
  }
}

const developmentWallet = ({ address }: Signer): OrreryError =>
  new OrreryError('invalid_argument', `${address} is a development wallet, whose coldkey nobody has; import your own with \`orrery wallet import\`.`, {
    address,
  })

/** What a node says of a call in its pool that ends it there. That it is in a block, and in which, the final blocks say. */
function fateOf(name: string, status: unknown): OrreryError | undefined {
  const kind = typeof status === 'object' && status !== null ? Object.keys(status)[0] : String(status)
  switch (kind) {
    case 'usurped':
      return refusedFor(name, 'Stale')
    case 'invalid':
      return refusedFor(name, 'InvalidTransaction', 'it was good when it was sent and is no more')
    case 'dropped':
      return new OrreryError('upstream_failed', `The node dropped ${name} from its full pool; send it again.`, { call: name })
    default:
      return undefined
  }
}
