import { createHash } from 'node:crypto'
import { Metadata, TypeRegistry } from '@polkadot/types'
import { expandMetadata } from '@polkadot/types/metadata/decorate'
import { OrreryError } from '#schemas/errors.ts'
import type { Node } from './node.ts'
import { signedExtensions } from './signed-extensions.ts'

/** One version of a chain's runtime, as its metadata describes it. */
export interface Runtime {
  specVersion: number
  transactionVersion: number
  registry: TypeRegistry
  /** Calls, keys of storage and constants, by pallet and name. */
  is: ReturnType<typeof expandMetadata>
  apis: readonly RuntimeApi[]
}

interface RuntimeApi {
  name: { toString(): string }
  methods: Iterable<{ name: { toString(): string }; inputs: Iterable<{ type: LookupId }>; output: LookupId }>
}
type LookupId = Parameters<TypeRegistry['createLookupType']>[0]

/** The metadata that names runtime APIs. */
const metadataVersion = 15

/** The runtime of that block, or of the best one: read when its version is first seen. @throws what the node does */
export async function runtimeOf({ send, runtimes }: Pick<Node, 'send' | 'runtimes'>, hash?: string): Promise<Runtime> {
  const at = hash === undefined ? [] : [hash]
  const version = await send<{ specVersion: number; transactionVersion: number }>('state_getRuntimeVersion', at)
  const known = runtimes.get(version.specVersion)
  if (known) return await known
  const runtime = readMetadata(send, at).then((hex) => readRuntime(hex, version))
  runtimes.set(version.specVersion, runtime)
  runtime.catch(() => runtimes.delete(version.specVersion))
  return await runtime
}

const kept = new Map<string, Runtime>()
/** One upgrade or two. */
const keptMax = 4

/**
 * Reading metadata keeps the loop for 0.15 s in one stretch of polkadot-js: types hold each other, and cannot go over from another thread. So it is done once for
 * these bytes, whichever node they come from and however often it is connected to.
 */
function readRuntime(hex: string, version: { specVersion: number; transactionVersion: number }): Runtime {
  const name = createHash('sha256').update(`${version.specVersion} ${version.transactionVersion} ${hex}`).digest('hex')
  const runtime = kept.get(name) ?? runtimeFrom(hex, version)
  kept.delete(name)
  kept.set(name, runtime)
  if (kept.size > keptMax) for (const oldest of kept.keys()) if (kept.delete(oldest)) break
  return runtime
}

async function readMetadata(send: Node['send'], at: string[]): Promise<string> {
  const version = `0x${metadataVersion.toString(16).padStart(2, '0')}000000`
  const answer = await send<string>('state_call', ['Metadata_metadata_at_version', version, ...at])
  // An Option of bytes, with their length before them.
  const bytes = Buffer.from(answer.slice(2), 'hex')
  if (bytes[0] !== 1)
    throw new OrreryError('upstream_failed', `The runtime gives no metadata of version ${metadataVersion}: it is older than what can be read here.`)
  const lengthBytes = [1, 2, 4, 0][(bytes[1] ?? 3) & 3] ?? 0
  return `0x${bytes.subarray(1 + lengthBytes).toString('hex')}`
}

/** @param hex metadata in SCALE */
export function runtimeFrom(hex: string, { specVersion, transactionVersion }: { specVersion: number; transactionVersion: number }): Runtime {
  const registry = new TypeRegistry()
  const metadata = new Metadata(registry, hex as `0x${string}`)
  registry.setMetadata(metadata, undefined, signedExtensions)
  const apis = metadata.version >= metadataVersion ? (metadata.asV15.apis as unknown as RuntimeApi[]) : []
  return { specVersion, transactionVersion, registry, is: expandMetadata(registry, metadata), apis }
}
