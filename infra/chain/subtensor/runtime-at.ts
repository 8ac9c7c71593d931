import type { StorageEntry } from '@polkadot/types/primitive/types'
import type { Codec } from '@polkadot/types/types'
import { OrreryError } from '#schemas/errors.ts'
import type { Node } from './node.ts'
import { runtimeOf, type Runtime } from './runtime.ts'

/** The state of one block, read by the metadata of the runtime that made it. */
export interface RuntimeAt {
  /** 0x + 64 hex. */
  hash: string
  runtime: Runtime
  has(pallet: string, item: string): boolean
  /** One value; `undefined` where there is none, or the runtime has no such storage. */
  value(pallet: string, item: string, ...keys: unknown[]): Promise<Codec | undefined>
  /** What there is below the first key, as it is stored: each to be decoded by itself, so that one that cannot be costs itself. */
  entries(pallet: string, item: string, first: unknown): Promise<RawEntry[]>
  /** Those of the named keys that there are, as they are stored. */
  values(pallet: string, item: string, keys: readonly unknown[][]): Promise<RawEntry[]>
  /** A runtime API's answer; `undefined` where the runtime does not offer it. */
  call(api: string, method: string, ...args: unknown[]): Promise<Codec | undefined>
}

interface RawEntry {
  key: Uint8Array
  bytes: Uint8Array
  /** @throws what polkadot-js does with bytes that are none of this type */
  decode(): Codec
}

/** Keys asked for at a time; a subnet has 256 neurons, and nobody's subnet has as many as this is good for. */
const pageKeys = 1000
const pagesMax = 16

/** @throws OrreryError `not_found` for a block whose state the node has no more */
export async function runtimeAt(node: Node, hash: string): Promise<RuntimeAt> {
  const send = <T>(method: string, params: unknown[]): Promise<T> => ofState(hash, node.send<T>(method, [...params, hash]))
  const runtime = await ofState(hash, runtimeOf(node, hash))
  const { registry, is, apis } = runtime
  const entry = (pallet: string, item: string): StorageEntry | undefined => is.query[pallet]?.[item]
  // As bytes: of a text in hex polkadot-js makes a number.
  const decode = (found: StorageEntry, bytes: Uint8Array): Codec => registry.createTypeUnsafe(registry.createLookupType(valueOf(found)), [bytes])
  const stored = async (found: StorageEntry, keys: readonly string[]): Promise<RawEntry[]> => {
    if (keys.length === 0) return []
    const [{ changes } = { changes: [] }] = await send<{ changes: [string, string | null][] }[]>('state_queryStorageAt', [keys])
    return changes.flatMap(([key, value]) =>
      value === null ? [] : [{ key: bytesOf(key), bytes: bytesOf(value), decode: () => decode(found, bytesOf(value)) }],
    )
  }
  return {
    hash,
    runtime,
    has: (pallet, item) => entry(pallet, item) !== undefined,
    async value(pallet, item, ...keys) {
      const found = entry(pallet, item)
      if (!found) return undefined
      const stored = await send<string | null>('state_getStorage', [registry.createType('StorageKey', [found, keys]).toHex()])
      if (stored !== null) return decode(found, bytesOf(stored))
      return found.meta.modifier.isDefault ? decode(found, found.meta.fallback.toU8a(true)) : undefined
    },
    async entries(pallet, item, first) {
      const found = entry(pallet, item)
      if (!found) return []
      let keys: string[] = []
      const prefix = `0x${Buffer.from(found.keyPrefix(first)).toString('hex')}`
      for (let page = 0; page < pagesMax; page++) {
        const more = await send<string[]>('state_getKeysPaged', [prefix, pageKeys, keys.at(-1) ?? null])
        keys = [...keys, ...more.slice(0, pageKeys)]
        if (more.length < pageKeys) break
      }
      return await stored(found, keys)
    },
    async values(pallet, item, keys) {
      const found = entry(pallet, item)
      return found
        ? await stored(
            found,
            keys.map((key) => registry.createType('StorageKey', [found, key]).toHex()),
          )
        : []
    },
    async call(api, method, ...args) {
      const methods = apis.find(({ name }) => name.toString() === api)?.methods ?? []
      const found = [...methods].find(({ name }) => name.toString() === method)
      if (!found) return undefined
      const inputs = Array.from(found.inputs, ({ type }, at) => registry.createTypeUnsafe(registry.createLookupType(type), [args[at]]).toU8a())
      const answer = await send<string>('state_call', [`${api}_${method}`, `0x${Buffer.concat(inputs).toString('hex')}`])
      return registry.createTypeUnsafe(registry.createLookupType(found.output), [bytesOf(answer)])
    },
  }
}

const valueOf = ({ meta: { type } }: StorageEntry) => (type.isMap ? type.asMap.value : type.asPlain)

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.slice(2), 'hex'))

/** How nodes say that they keep no state so old, or know no such block. */
const discarded = /discarded|unknown ?block|header (?:was )?not found|expected state|no state/i

/** Another node, an archive, may know that state. */
export const isDiscarded = (error: unknown): boolean => error instanceof OrreryError && error.code === 'not_found' && error.details['hash'] !== undefined

async function ofState<T>(hash: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    if (!(cause instanceof Error && discarded.test(cause.message))) throw cause
    throw new OrreryError(
      'not_found',
      `No node of chain.endpoints knows the state of block ${hash} any more; name an archive node among them.`,
      { hash },
      cause,
    )
  }
}
