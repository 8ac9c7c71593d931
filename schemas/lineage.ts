import type { Manifest } from './manifest.ts'

export type ManifestKind = Manifest['kind']
export type ManifestOf<Kind extends ManifestKind> = Extract<Manifest, { kind: Kind }>

/** The manifests of one thing, each following the one before: what a catalog keeps under one name. */
export interface Line<Kind extends ManifestKind, Former extends ManifestKind = never> {
  /** `/`-separated, 1..512 characters of [A-Za-z0-9._=@+-] per segment. */
  name: string
  /** What is committed to it. */
  kind: Kind
  /** What earlier versions of the program committed to it: still read, and followed. */
  former: readonly Former[]
}

/** A line that has commits. */
export interface ListedLine<Kind extends ManifestKind, Former extends ManifestKind = never> extends Line<Kind, Former> {
  /** Address of its head. */
  head: string
}

/** Lines of one sort: all whose names begin with the prefix. */
export interface LineFamily<Kind extends ManifestKind, Former extends ManifestKind = never> extends Omit<Line<Kind, Former>, 'name'> {
  prefix: string
}

function family<Kind extends ManifestKind, Former extends ManifestKind = never>(prefix: string, kind: Kind, ...former: Former[]): LineFamily<Kind, Former> {
  return { prefix, kind, former }
}

/** The line with that name in a family: `rest` is what follows the prefix. */
export const lineOf = <Kind extends ManifestKind, Former extends ManifestKind>(
  { prefix, kind, former }: LineFamily<Kind, Former>,
  rest: string,
): Line<Kind, Former> => ({ name: `${prefix}${rest}`, kind, former })

/** What can be listed. */
export const families = {
  cycles: family('cycle/', 'cycle'),
  /** Whole-job shards of miners, by hotkey and job. */
  shards: family('shard/', 'shard'),
  shardsOf: (hotkey: string) => family(`shard/${hotkey}/`, 'shard'),
  /** By hotkey and job. */
  snapshots: family('snapshot/', 'snapshot'),
  snapshotsOf: (hotkey: string) => family(`snapshot/${hotkey}/`, 'snapshot'),
  indexes: family('index/', 'snapshot-index', 'miner-index'),
  scores: family('scores/', 'scores'),
  /** By validator and miner. */
  verdictsOf: (validator: string) => family(`verdict/${validator}/`, 'verdict'),
  datasets: family('dataset/', 'version', 'dataset'),
  tokens: family('tokens/', 'token-version', 'tokens'),
  plans: family('plan/', 'run-epoch', 'epoch', 'plan'),
  /** What the epochs of a plan line were taken for. */
  steerings: family('steering/', 'steering'),
  /** Of closed epochs, by dataset. */
  receipts: family('receipt/', 'receipt'),
} as const

/** The lines of a catalog. */
export const lineage = {
  desirability: lineOf(family('', 'desirability'), 'desirability'),
  turn: lineOf(family('', 'turn'), 'turn'),
  /** Tasks that people gave the subnet. */
  gravity: lineOf(family('', 'gravity'), 'gravity'),
  cycle: (hotkey: string) => lineOf(families.cycles, hotkey),
  shard: (hotkey: string, jobId: string) => lineOf(families.shardsOf(hotkey), jobId),
  snapshot: (hotkey: string, jobId: string) => lineOf(families.snapshotsOf(hotkey), jobId),
  index: (hotkey: string) => lineOf(families.indexes, hotkey),
  scores: (hotkey: string) => lineOf(families.scores, hotkey),
  verdict: (validator: string, miner: string) => lineOf(families.verdictsOf(validator), miner),
  refusals: (name: string) => lineOf(family('refusals/', 'refusals'), name),
  dataset: (name: string) => lineOf(families.datasets, name),
  tokens: (name: string) => lineOf(families.tokens, name),
  plan: (name: string) => lineOf(families.plans, name),
  steering: (name: string) => lineOf(families.steerings, name),
  receipts: (name: string) => lineOf(families.receipts, name),
} as const
