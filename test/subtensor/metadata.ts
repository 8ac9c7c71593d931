import { existsSync, readFileSync } from 'node:fs'
import { Metadata, TypeRegistry } from '@polkadot/types'
import type { Registry } from '@polkadot/types/types'
import { signedExtensions } from '#infra/chain/subtensor/signed-extensions.ts'

/** What finney said of itself at one time. */
export interface RuntimeMaterial {
  specName: string
  specVersion: string
  txVersion: string
  genesisHash: `0x${string}`
  /** SCALE, version 14. */
  metadata: `0x${string}`
}

const shared = new URL('../../../shared/data/subtensor-metadata-v219.json', import.meta.url).pathname
const path = process.env['SUBTENSOR_METADATA'] ?? shared

/** Metadata of a real runtime where there is some: SUBTENSOR_METADATA names the file (specVersion, txVersion, genesisHash, metadata). */
export const material: RuntimeMaterial | undefined = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as RuntimeMaterial) : undefined

export const whySkipped = `no metadata of a Subtensor runtime at ${path}: SUBTENSOR_METADATA names some`
if (!material) process.stderr.write(`SKIPPED: ${whySkipped}\n`)

export function registryOf(metadata: string): TypeRegistry {
  const registry = new TypeRegistry()
  registry.setMetadata(new Metadata(registry, metadata as `0x${string}`), undefined, signedExtensions)
  return registry
}

interface Field {
  name: string
  type: number
}

/** What later runtimes have and the one at hand has not. */
export interface LaterRuntime {
  /** Netuids of calls are a newtype, as from spec 429 on. */
  netUid?: boolean
  /** Calls of SubtensorModule, by name, after commit_crv3_weights: netuid, [mechanism,] text, round, version. */
  timelockedCalls?: readonly string[]
  /** Extensions by the names of later runtimes. */
  wrapper?: boolean
  /** Calls of SubtensorModule that are taken out. */
  withoutCalls?: readonly string[]
  /** Epochs that are counted, as from spec 425 on, with the runtime API that tells of the next. */
  countedEpochs?: boolean
  /** A variant of what may be committed that old decoders do not know. */
  revealFailed?: boolean
}

/**
 * The metadata as version 15, which names runtime APIs: that of version 14 with `SubnetInfoRuntimeApi.get_metagraph`, as subtensor's rpc_info/metagraph.rs
 * describes what we read of it (the fields between are left out), and what of a later runtime is asked for.
 */
export function metadataV15({ metadata }: RuntimeMaterial, later: LaterRuntime = {}): `0x${string}` {
  const registry = new TypeRegistry()
  const v15 = new Metadata(registry, metadata).asV15
  const types = v15.lookup.types.map((type) => JSON.parse(JSON.stringify(type.toJSON())) as PortableType)
  const add = (def: unknown, at: string[] = [], params: unknown[] = []): number => {
    types.push({ id: types.length, type: { path: at, params, def, docs: [] } })
    return types.length - 1
  }
  const primitive = (name: string) => types.find(({ type }) => type.path.length === 0 && (type.def as { primitive?: string }).primitive === name)?.id ?? -1
  const [u8, u16, u64, bool] = ['U8', 'U16', 'U64', 'Bool'].map(primitive) as [number, number, number, number]
  const account = types.find(({ type }) => type.path.at(-1) === 'AccountId32')?.id ?? -1
  const axon = types.find(({ type }) => type.path.at(-1) === 'AxonInfo')?.id ?? -1
  const compact = (type: number) => add({ compact: { type } })
  const list = (type: number) => add({ sequence: { type } })
  const option = (type: number) =>
    add(
      {
        variant: {
          variants: [
            { name: 'None', fields: [], index: 0, docs: [] },
            { name: 'Some', fields: [{ name: null, type, typeName: null, docs: [] }], index: 1, docs: [] },
          ],
        },
      },
      ['Option'],
      [{ name: 'T', type }],
    )
  const composite = (name: string, fields: Field[]) =>
    add({ composite: { fields: fields.map((field) => ({ ...field, typeName: null, docs: [] })) } }, ['test', name])
  const [compactU16, compactU64] = [compact(u16), compact(u64)]
  const byUid: Record<string, number> = {
    hotkeys: account,
    coldkeys: account,
    axons: axon,
    validator_permit: bool,
    last_update: compactU64,
    emission: compactU64,
  }
  for (const name of ['dividends', 'incentives']) byUid[name] = compactU16
  byUid['total_stake'] = compactU64
  const metagraph = composite('Metagraph', [
    ...['tempo', 'min_allowed_weights', 'max_weights_limit', 'max_uids', 'immunity_period'].map((name) => ({ name, type: compactU16 })),
    ...['last_step', 'weights_version', 'weights_rate_limit', 'activity_cutoff', 'commit_reveal_period'].map((name) => ({ name, type: compactU64 })),
    { name: 'commit_reveal_weights_enabled', type: bool },
    ...Object.entries(byUid).map(([name, type]) => ({ name, type: list(type) })),
  ])
  const variantsOf = (pallet: string, kind: string) => {
    const found = types.find(({ type }) => type.path.join('::') === `${pallet}::pallet::${kind}`)
    return (found as VariantType | undefined)?.type.def.variant.variants ?? []
  }
  const calls = variantsOf('pallet_subtensor', 'Call')
  for (const name of later.timelockedCalls ?? []) {
    const [netuid, commit, round] = calls.find((call) => call.name === 'commit_crv3_weights')?.fields ?? []
    if (!netuid || !commit || !round) continue
    const mechanism = name.includes('mechanism') ? [{ ...netuid, name: 'mecid', type: u8 }] : []
    calls.push({
      name,
      index: Math.max(...calls.map(({ index }) => index)) + 1,
      docs: [],
      fields: [netuid, ...mechanism, commit, round, { ...round, name: 'version', type: u16 }],
    })
  }
  for (const name of later.withoutCalls ?? [])
    calls.splice(
      calls.findIndex((call) => call.name === name),
      1,
    )
  if (later.netUid) {
    const newtype = add({ composite: { fields: [{ name: null, type: u16, typeName: 'u16', docs: [] }] } }, ['subtensor_runtime_common', 'NetUid'])
    for (const call of calls) for (const field of call.fields) if (field.name === 'netuid') field.type = newtype
  }
  if (later.revealFailed) {
    const data = types.find(({ type }) => type.path.join('::') === 'pallet_commitments::types::Data')
    const variants = (data as VariantType | undefined)?.type.def.variant.variants ?? []
    variants.push({ name: 'TimelockRevealFailed', index: Math.max(...variants.map(({ index }) => index)) + 1, docs: [], fields: [] })
  }
  const entries = Object.fromEntries([...v15.keys()].map((key) => [key, v15.get(key)]))
  const extrinsic = v15.extrinsic.toJSON() as { signedExtensions: { identifier: string }[] }
  if (later.wrapper)
    for (const extension of extrinsic.signedExtensions) extension.identifier = extension.identifier.replace(/^ChargeTransactionPayment$/, '$&Wrapper')
  const whole = registry.createType('MetadataV15' as 'MetadataLatest', {
    ...entries,
    extrinsic,
    lookup: { types },
    pallets: v15.pallets.map((pallet) => {
      const parts = Object.fromEntries([...pallet.keys()].map((key) => [key, pallet.get(key)]))
      if (!later.countedEpochs || pallet.name.toString() !== 'SubtensorModule') return { ...parts, docs: [] }
      const { prefix, items } = pallet.storage.unwrap()
      const counted = ['SubnetEpochIndex', 'LastEpochBlock', 'PendingEpochAt'].map((name) => ({
        name,
        modifier: 'Default',
        type: { Map: { hashers: ['Identity'], key: u16, value: u64 } },
        fallback: `0x${'00'.repeat(8)}`,
        docs: [],
      }))
      return { ...parts, storage: { prefix, items: [...items, ...counted] }, docs: [] }
    }),
    apis: [
      {
        name: 'SubnetInfoRuntimeApi',
        methods: [
          { name: 'get_metagraph', inputs: [{ name: 'netuid', type: u16 }], output: option(metagraph), docs: [] },
          ...(later.countedEpochs ? [{ name: 'get_next_epoch_start_block', inputs: [{ name: 'netuid', type: u16 }], output: option(u64), docs: [] }] : []),
        ],
        docs: [],
      },
    ],
  })
  return `0x6d6574610f${whole.toHex().slice(2)}`
}

interface Variant {
  name: string
  index: number
  docs: string[]
  fields: { name: string | null; type: number; typeName: string | null; docs: string[] }[]
}
interface VariantType {
  type: { def: { variant: { variants: Variant[] } } }
}
interface PortableType {
  id: number
  type: { path: string[]; params: unknown[]; def: unknown; docs: string[] }
}

/** The name of the type that `get_metagraph` answers with. */
export function metagraphType(registry: Registry): string {
  const found = registry.lookup.types.find(({ type }) => type.path.at(-1)?.toString() === 'Metagraph')
  return registry.createLookupType(found?.id as unknown as number)
}
