import { Metadata, TypeRegistry } from '@polkadot/types'
import type { GenericExtrinsic } from '@polkadot/types'
import { expandMetadata } from '@polkadot/types/metadata/decorate'
import { signedExtensions } from '#infra/chain/subtensor/signed-extensions.ts'
import { verifySignature } from '#infra/chain/signature.ts'
import type { RuntimeMaterial } from './metadata.ts'
import { openWebSocketServer, type Peer } from './websocket-server.ts'

/** A block of the double: what the state was when it ended. */
interface StoredBlock {
  number: number
  hash: string
  header: object
  extrinsics: string[]
  state: ReadonlyMap<string, string>
}

/** How a call ends in its block: accepted, or with the name of a pallet's error. */
type Outcome = { pallet: string; error: string } | undefined

/** What stands behind the RPC: the pallets, as far as a test wants them. */
export interface Pallets {
  /** Runs a call that is in a block. `put` writes storage. */
  dispatch(call: { signer: string; pallet: string; name: string; args: Record<string, unknown> }, block: number): Outcome
  /** What the pool says to it before: a JSON-RPC error. */
  validate?(call: {
    signer: string
    pallet: string
    name: string
    args: Record<string, unknown>
  }): { code: number; message: string; data?: unknown } | undefined
  /** `state_call` of a runtime API, by its name, SCALE in and out; undefined: there is no such. */
  call(method: string, input: Uint8Array, state: ReadonlyMap<string, string>): string | undefined
}

export interface SubstrateNode extends AsyncDisposable {
  url: string
  registry: TypeRegistry
  /** Makes so many empty blocks. */
  advance(blocks: number): void
  head(): number
  /** Writes storage of the next block on. */
  put(pallet: string, item: string, keys: unknown[], value: unknown): void
  /** Raw bytes, for what no encoder would write. */
  putRaw(pallet: string, item: string, keys: unknown[], hex: string): void
  remove(pallet: string, item: string, keys: unknown[]): void
  /** Something of the pallets' own, kept with the state of each block. */
  note(name: string, text: string): void
  notes: ReadonlyMap<string, string>
  /** Methods it does not answer from now on; `all`: none. */
  silent: Set<string>
  /** Statuses of a call after `ready`; default: in a block, then final. `retracted`: in a block that is given up. `cut`: all connections are. */
  statuses: ('inBlock' | 'finalized' | 'dropped' | 'invalid' | 'usurped' | 'retracted' | 'cut')[]
  /** Blocks between the best and the final one. */
  finalityLag: number
  /** Blocks whose state is gone: those below. */
  prunedBelow: number
  /** Bodies of those are gone too. */
  withoutBodies: boolean
  /** Extrinsics it was sent, as hex. */
  sent: string[]
  /** How often each method was called. */
  asked: Map<string, number>
  /** Another process of that hotkey sent a call that the node tells of only afterwards. */
  takeNonce(address: string): void
  /** Cuts all connections. */
  drop(): void
  syncing: boolean
  /** Clients that are connected. */
  clients(): number
}

export interface SubstrateNodeOptions {
  /** SCALE, version 15. */
  metadata: `0x${string}`
  material: RuntimeMaterial
  pallets: (node: SubstrateNode) => Pallets
  blockMs?: number
  /** Another chain's. */
  genesisSalt?: number
}

const startMs = 1_800_000_000_000

/** A Substrate node on the loopback, as far as a client asks it: real metadata, real SCALE, the statuses and errors that a test writes down. */
export async function openSubstrateNode(options: SubstrateNodeOptions): Promise<SubstrateNode> {
  const { material, metadata: hex, blockMs = 12_000, genesisSalt = 0 } = options
  const { registry, metadata, query } = runtimeOf(hex)
  const state = new Map<string, string>()
  const blocks: StoredBlock[] = []
  const followers = new Set<{ peer: Peer; id: string }>()
  const nonces = new Map<string, number>()
  const hidden = new Set<string>()
  let subscriptions = 0

  const keyOf = (pallet: string, item: string, keys: unknown[]): string => {
    const entry = query[pallet]?.[item]
    if (!entry) throw new Error(`no storage ${pallet}.${item}`)
    return `0x${Buffer.from(entry(...keys).slice(entry(...keys).length - entryBytes(entry(...keys)))).toString('hex')}`
  }
  const valueType = (pallet: string, item: string): string => {
    const type = query[pallet]?.[item]?.meta.type
    if (!type) throw new Error(`no storage ${pallet}.${item}`)
    return registry.createLookupType(type.isMap ? type.asMap.value : type.asPlain)
  }
  const put = (pallet: string, item: string, keys: unknown[], value: unknown) =>
    void state.set(keyOf(pallet, item, keys), registry.createTypeUnsafe(valueType(pallet, item), [value]).toHex(true))

  const finalHeader = () => (blocks.at(-1 - node.finalityLag) ?? blocks[0])?.header

  function make(extrinsics: string[], failures: Outcome[] = []): StoredBlock {
    const number = blocks.length
    put('timestamp', 'now', [], startMs + number * blockMs)
    const events = extrinsics.map((_, at) => eventRecord(registry, metadata, at, failures[at]))
    state.set(keyOf('system', 'events', []), `0x${[compactHex(events.length), ...events].join('')}`)
    const parentHash = blocks.at(-1)?.hash ?? `0x${'0'.repeat(64)}`
    const header = {
      parentHash,
      number: `0x${number.toString(16)}`,
      stateRoot: `0x${String(genesisSalt).padStart(64, '0')}`,
      extrinsicsRoot: `0x${'0'.repeat(64)}`,
      digest: { logs: [] },
    }
    const hash = number === 0 && genesisSalt === 0 ? material.genesisHash : registry.createType('Header', header).hash.toHex()
    const block = { number, hash, header, extrinsics, state: new Map(state) }
    blocks.push(block)
    for (const { peer, id } of followers) notify(peer, 'chain_finalizedHead', id, finalHeader())
    return block
  }

  const node: SubstrateNode = {
    url: '',
    registry,
    advance: (count) => {
      for (let i = 0; i < count; i++) make([])
    },
    head: () => blocks.length - 1,
    put,
    putRaw: (pallet, item, keys, value) => void state.set(keyOf(pallet, item, keys), value),
    remove: (pallet, item, keys) => void state.delete(keyOf(pallet, item, keys)),
    note: (name, text) => void state.set(name, text),
    notes: state,
    silent: new Set(),
    statuses: ['inBlock', 'finalized'],
    finalityLag: 0,
    prunedBelow: 0,
    withoutBodies: false,
    sent: [],
    asked: new Map(),
    takeNonce: (address) => void hidden.add(address),
    drop: () => {
      for (const peer of server.peers) peer.drop()
    },
    syncing: false,
    clients: () => server.peers.size,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
  const pallets = options.pallets(node)

  const blockBy = (hash: unknown): StoredBlock => {
    const found = hash === undefined || hash === null ? blocks.at(-1) : blocks.find((block) => block.hash === hash)
    if (!found) throw new RpcFault(4003, `Client error: Api called for an unknown Block: UnknownBlock: header not found in db: ${String(hash)}`)
    return found
  }
  const stateBy = (hash: unknown): ReadonlyMap<string, string> => {
    const { number, state: then } = blockBy(hash)
    if (number < node.prunedBelow) throw new RpcFault(4003, `Client error: Api called for an unknown Block: State already discarded for ${String(hash)}`)
    return then
  }
  const runtimeVersion = {
    specName: material.specName,
    implName: material.specName,
    authoringVersion: 1,
    specVersion: Number(material.specVersion),
    implVersion: 1,
    transactionVersion: Number(material.txVersion),
    stateVersion: 1,
  }

  function submit(text: string, peer: Peer): string {
    node.sent.push(text)
    const extrinsic = registry.createType('Extrinsic', text) as unknown as GenericExtrinsic
    const signer = extrinsic.signer.toString()
    const call = { signer, pallet: extrinsic.method.section, name: extrinsic.method.method, args: argsOf(extrinsic) }
    if (hidden.delete(signer)) nonces.set(signer, (nonces.get(signer) ?? 0) + 1)
    const nonce = nonces.get(signer) ?? 0
    if (extrinsic.nonce.toNumber() < nonce) throw new RpcFault(1010, 'Invalid Transaction', 'Transaction is outdated')
    requireSigned(registry, extrinsic, { runtimeVersion, genesisHash: blocks[0]?.hash ?? '', blocks })
    const fault = pallets.validate?.(call)
    if (fault) throw new RpcFault(fault.code, fault.message, fault.data)
    const id = `call${subscriptions++}`
    setImmediate(() => {
      tellCall(peer, id, 'ready')
      let hash = ''
      for (const status of node.statuses) {
        if (hash === '' && (status === 'inBlock' || status === 'finalized')) {
          nonces.set(signer, nonce + 1)
          const failure = pallets.dispatch(call, blocks.length)
          hash = make([timestampCall(registry, startMs + blocks.length * blockMs), text], [undefined, failure]).hash
        }
        if (status === 'usurped') tellCall(peer, id, { usurped: blocks[0]?.hash })
        else if (status === 'retracted') for (const kind of ['inBlock', 'retracted']) tellCall(peer, id, { [kind]: `0x${'99'.repeat(32)}` })
        else if (status === 'cut') node.drop()
        else if (status === 'inBlock' || status === 'finalized') tellCall(peer, id, { [status]: hash })
        else tellCall(peer, id, status)
      }
    })
    return id
  }

  const answers: Record<string, (params: unknown[], peer: Peer) => unknown> = {
    system_health: () => ({ peers: 1, isSyncing: node.syncing, shouldHavePeers: true }),
    system_accountNextIndex: ([address]) => nonces.get(String(address)) ?? 0,
    state_getRuntimeVersion: () => runtimeVersion,
    state_call: ([method, input, hash]) => {
      if (method === 'Metadata_metadata_at_version') return `0x01${Buffer.from(registry.createType('Bytes', hex).toU8a()).toString('hex')}`
      const answer = pallets.call(String(method), Buffer.from(String(input).slice(2), 'hex'), stateBy(hash))
      if (answer === undefined) throw new RpcFault(4003, `Client error: Execution failed: Exported method ${String(method)} is not found`)
      return answer
    },
    state_getStorage: ([key, hash]) => stateBy(hash).get(String(key)) ?? null,
    state_queryStorageAt: ([keys, hash]) => {
      const then = stateBy(hash)
      return [{ block: blockBy(hash).hash, changes: (keys as string[]).map((key) => [key, then.get(key) ?? null]) }]
    },
    state_getKeysPaged: ([prefix, count, after, hash]) =>
      [...stateBy(hash).keys()]
        .filter((key) => key.startsWith(String(prefix)) && (after === null || key > String(after)))
        .toSorted()
        .slice(0, Number(count)),
    chain_getBlockHash: ([number]) => (number === undefined || number === null ? blockBy(null).hash : (blocks[Number(number)]?.hash ?? null)),
    chain_getHeader: ([hash]) => blockBy(hash).header,
    chain_getBlock: ([hash]) =>
      node.withoutBodies && blockBy(hash).number < node.prunedBelow
        ? null
        : { block: { header: blockBy(hash).header, extrinsics: blockBy(hash).extrinsics }, justifications: null },
    chain_subscribeFinalizedHeads: (_, peer) => {
      const id = `head${subscriptions++}`
      followers.add({ peer, id })
      setImmediate(() => notify(peer, 'chain_finalizedHead', id, finalHeader()))
      return id
    },
    chain_unsubscribeFinalizedHeads: () => true,
    author_submitAndWatchExtrinsic: ([text], peer) => submit(String(text), peer),
    author_unwatchExtrinsic: () => true,
  }

  const server = await openWebSocketServer((text, peer) => {
    const { id, method, params } = JSON.parse(text) as { id: number; method: string; params: unknown[] }
    node.asked.set(method, (node.asked.get(method) ?? 0) + 1)
    if (node.silent.has('all') || node.silent.has(method)) return
    const reply = (body: object) => peer.send(JSON.stringify({ jsonrpc: '2.0', id, ...body }))
    try {
      const answer = answers[method]
      if (!answer) throw new RpcFault(-32_601, `Method not found: ${method}`)
      reply({ result: answer(params, peer) ?? null })
    } catch (error) {
      if (!(error instanceof RpcFault)) process.stderr.write(`double: ${method}: ${error instanceof Error ? error.stack : String(error)}\n`)
      const { code, message, data } = error instanceof RpcFault ? error : new RpcFault(-32_603, String(error))
      reply({ error: { code, message, ...(data === undefined ? {} : { data }) } })
    }
  })
  node.url = server.url
  make([])
  return node
}

const runtimes = new Map<string, { registry: TypeRegistry; metadata: Metadata; query: ReturnType<typeof expandMetadata>['query'] }>()

/** Read once: nodes of one runtime share it. */
function runtimeOf(hex: `0x${string}`) {
  const known = runtimes.get(hex)
  if (known) return known
  const registry = new TypeRegistry()
  const metadata = new Metadata(registry, hex)
  registry.setMetadata(metadata, undefined, signedExtensions)
  const runtime = { registry, metadata, query: expandMetadata(registry, metadata).query }
  runtimes.set(hex, runtime)
  return runtime
}

const notify = (peer: Peer, method: string, subscription: string, result: unknown) =>
  peer.send(JSON.stringify({ jsonrpc: '2.0', method, params: { subscription, result } }))

const tellCall = (peer: Peer, id: string, status: unknown) => notify(peer, 'author_extrinsicUpdate', id, status)

class RpcFault extends Error {
  readonly code: number
  readonly data: unknown
  constructor(code: number, message: string, data?: unknown) {
    super(message)
    this.code = code
    this.data = data
  }
}

const argsOf = ({ method, meta }: GenericExtrinsic): Record<string, unknown> =>
  Object.fromEntries(meta.args.map(({ name }, at) => [name.toString(), method.args[at]?.toJSON()]))

/** Storage keys come with their length before them. */
const entryBytes = (key: Uint8Array): number => {
  const mode = (key[0] ?? 0) & 3
  return key.length - (mode === 0 ? 1 : mode === 1 ? 2 : 4)
}

const byte = (value: number): string => Buffer.of(value).toString('hex')
const compactHex = (count: number): string => Buffer.of(count << 2).toString('hex')

/** `timestamp.set`, unsigned. */
const timestampCall = (registry: TypeRegistry, ms: number): string =>
  `0x280402000b${Buffer.from(registry.createType('u64', ms).toU8a().subarray(0, 6)).toString('hex')}`

/** ExtrinsicSuccess, or ExtrinsicFailed with a module's error. */
function eventRecord(registry: TypeRegistry, metadata: Metadata, at: number, failure: Outcome): string {
  const phase = `00${Buffer.from(registry.createType('u32', at).toU8a()).toString('hex')}`
  const info = '00000000'
  if (!failure) return `${phase}0000${info}00`
  const pallet = metadata.asLatest.pallets.find(({ name }) => name.toString() === failure.pallet)
  const errors = registry.lookup.getSiType(pallet?.errors.unwrap().type ?? 0).def.asVariant.variants
  const error = errors.find(({ name }) => name.toString() === failure.error)
  if (!pallet || !error) throw new Error(`no error ${failure.pallet}.${failure.error}`)
  return `${phase}000103${byte(pallet.index.toNumber())}${byte(error.index.toNumber())}000000${info}00`
}

/** Whether the signature is the signer's, over the payload by the chain's own facts. */
function requireSigned(
  registry: TypeRegistry,
  extrinsic: GenericExtrinsic,
  {
    runtimeVersion,
    genesisHash,
    blocks,
  }: { runtimeVersion: { specVersion: number; transactionVersion: number }; genesisHash: string; blocks: readonly StoredBlock[] },
): void {
  const birth = extrinsic.era.asMortalEra.birth(blocks.length - 1)
  const payload = registry.createType(
    'ExtrinsicPayload',
    {
      method: extrinsic.method.toHex(),
      era: extrinsic.era.toHex(),
      nonce: extrinsic.nonce.toHex(),
      tip: extrinsic.tip.toHex(),
      specVersion: runtimeVersion.specVersion,
      transactionVersion: runtimeVersion.transactionVersion,
      genesisHash,
      blockHash: blocks[birth]?.hash,
    },
    { version: extrinsic.type },
  )
  const bytes = payload.toU8a({ method: true })
  const signed = bytes.length > 256 ? registry.hash(bytes) : bytes
  if (!verifySignature(extrinsic.signer.toString(), signed, extrinsic.signature.toHex()))
    throw new RpcFault(1010, 'Invalid Transaction', 'Transaction has a bad signature')
}
