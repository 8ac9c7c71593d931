import type { Catalog } from '#schemas/catalog.ts'
import type { Chain } from '#schemas/chain.ts'
import type { Ledger } from '#schemas/ledger.ts'
import { lineage, type Manifest } from '#schemas/manifest.ts'
import { textTable } from './table.ts'

/** What a turn left behind, read from what is durable; only pages and rejects are counts of this process. */
export interface TurnSummary {
  turn: number
  seconds: number
  /** Visits by outcome. */
  pages: Record<string, number>
  rejects: Record<string, number>
  shards: number
  documents: { in_shards: number; in_dataset: number }
  duplicates: { exact: number; near: number; clusters: number }
  weights: { hotkey: string; uid: number; value: number; score: number; credibility: number; passed: boolean }[]
  tokens: number
  batches_settled: number
  /** Nats per token, first and last part of the epoch. */
  loss: Record<string, { before: number | null; after: number | null; verdict: string }>
  desirability: Record<string, { before: number; after: number }>
}

export interface SummarySources {
  catalog: Catalog
  chain: Chain
  ledger: Ledger
  counters: Readonly<Record<string, number>>
  /** Hotkey of the validator whose weights are shown. */
  validator: string
  datasetName: string
  turn: number
  seconds: number
}

export async function summarizeTurn(sources: SummarySources): Promise<TurnSummary> {
  const { catalog, datasetName, counters, turn, seconds } = sources
  const shards = await heads(catalog, 'shard/', 'shard')
  const [dataset] = await heads(catalog, lineage.dataset(datasetName), 'dataset')
  const [tokens] = await heads(catalog, lineage.tokens(datasetName), 'tokens')
  return {
    turn,
    seconds,
    pages: labelled(counters, 'crawl.pages', 'outcome'),
    rejects: labelled(counters, 'crawl.rejected', 'reason'),
    shards: shards.length,
    documents: { in_shards: sum(shards.map((shard) => shard.file.rows)), in_dataset: dataset?.documents ?? 0 },
    duplicates: {
      exact: sum(shards.map((shard) => shard.duplicates.exact)),
      near: sum(shards.map((shard) => shard.duplicates.near)),
      clusters: sum(shards.map((shard) => shard.duplicates.clusters)),
    },
    weights: await weightsOf(sources),
    tokens: sum((tokens?.shards ?? []).map((shard) => shard.tokens)),
    batches_settled: await settledOf(sources),
    ...(await steeringOf(catalog)),
  }
}

type ManifestOf<Kind extends Manifest['kind']> = Extract<Manifest, { kind: Kind }>

async function heads<Kind extends Manifest['kind']>(catalog: Catalog, prefix: string, kind: Kind): Promise<ManifestOf<Kind>[]> {
  const found = await Promise.all((await catalog.names(prefix)).map((name) => catalog.head(name)))
  return found.flatMap((entry) => (entry?.manifest.kind === kind ? [entry.manifest as ManifestOf<Kind>] : []))
}

async function weightsOf({ catalog, chain, validator }: SummarySources): Promise<TurnSummary['weights']> {
  const { neurons } = await chain.metagraph()
  const [scores] = await heads(catalog, lineage.scores(validator), 'scores')
  const own = neurons.find((neuron) => neuron.hotkey === validator)
  return (scores?.miners ?? []).flatMap(({ hotkey, score, credibility, passed }) => {
    const uid = neurons.find((neuron) => neuron.hotkey === hotkey)?.uid
    return uid === undefined ? [] : [{ hotkey, uid, value: own?.weights.find((weight) => weight.uid === uid)?.value ?? 0, score, credibility, passed }]
  })
}

async function settledOf({ catalog, ledger, datasetName }: SummarySources): Promise<number> {
  const plans = await catalog.history(lineage.plan(datasetName))
  const counts = await Promise.all(
    plans.map(({ sha256, version }) =>
      ledger.progress(sha256, version - 1).then(
        (p) => p.states.settled,
        () => 0,
      ),
    ),
  )
  return sum(counts)
}

async function steeringOf(catalog: Catalog): Promise<Pick<TurnSummary, 'loss' | 'desirability'>> {
  const [now, before] = (await catalog.history(lineage.desirability, 2)).flatMap(({ manifest }) => (manifest.kind === 'desirability' ? [manifest] : []))
  const earlier = new Map((before ?? now)?.jobs.map((job) => [job.id, job.weight]))
  return {
    loss: Object.fromEntries((now?.evidence ?? []).map((e) => [e.label, { before: e.loss_before, after: e.loss_after, verdict: e.verdict }])),
    desirability: Object.fromEntries(
      (now?.jobs ?? []).map((job) => [job.params.label ?? job.id, { before: earlier.get(job.id) ?? job.weight, after: job.weight }]),
    ),
  }
}

/** The counters `name{label=value}` as value → count. */
export function labelled(counters: Readonly<Record<string, number>>, name: string, label: string): Record<string, number> {
  const prefix = `${name}{${label}=`
  return Object.fromEntries(Object.entries(counters).flatMap(([key, count]) => (key.startsWith(prefix) ? [[key.slice(prefix.length, -1), count]] : [])))
}

export function summaryTables(summary: TurnSummary): string {
  const { pages, documents, duplicates } = summary
  const facts: [string, string | number][] = [
    ['pages visited', sum(Object.values(pages))],
    ['documents in shards', documents.in_shards],
    ['documents in the dataset', documents.in_dataset],
    ['duplicates left out', `${duplicates.exact} exact, ${duplicates.near} near in ${duplicates.clusters} clusters`],
    ['shards', summary.shards],
    ['tokens', summary.tokens],
    ['batches settled', summary.batches_settled],
    ['seconds', Math.round(summary.seconds * 10) / 10],
  ]
  const sources = Object.entries(summary.desirability).map(([label, weight]) => {
    const loss = summary.loss[label]
    return [label, decimals(loss?.before, 3), decimals(loss?.after, 3), loss?.verdict ?? '–', decimals(weight.before, 3), decimals(weight.after, 3)]
  })
  return [
    textTable([`turn ${summary.turn}`, ''], facts),
    textTable(
      ['rejected because', 'pages'],
      Object.entries(summary.rejects).toSorted(([, a], [, b]) => b - a),
    ),
    textTable(
      ['miner', 'uid', 'verdict', 'credibility', 'weight'],
      summary.weights.map((w) => [short(w.hotkey), w.uid, w.passed ? 'passed' : 'failed', decimals(w.credibility, 3), w.value]),
    ),
    textTable(['source', 'loss before', 'loss after', 'verdict', 'weight before', 'weight after'], sources),
  ].join('\n\n')
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const decimals = (value: number | null | undefined, digits: number): string => (value === null || value === undefined ? '–' : value.toFixed(digits))
const short = (address: string): string => `${address.slice(0, 6)}…${address.slice(-4)}`
