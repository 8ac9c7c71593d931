import { tokenTotals } from '#infra/corpus/groups.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Chain } from '#schemas/chain.ts'
import type { Ledger } from '#schemas/ledger.ts'
import { families, lineage } from '#schemas/lineage.ts'
import type { SnapshotManifest, TurnManifest } from '#schemas/manifest.ts'
import { countsOf, deadSeedTable, labelled, rejectTable, tableOf, type DeadSeed } from './crawl-summary.ts'
import { bytesOf, countOf, decimals, durationOf } from './figures.ts'
import { textTable } from './table.ts'

/** What is done after each step of a turn. */
export const doingAfter: Readonly<Record<string, string>> = {
  started: 'mining',
  mined: 'validating',
  validated: 'making the dataset',
  ingested: 'training',
  steered: 'resting',
} satisfies Record<TurnManifest['step'], string>

/** What a run has come to so far; the difference of two of them is what was new between. */
export interface Totals {
  documents: number
  in_dataset: number
  tokens: number
  batches_settled: number
}

/** What something took of this machine. */
export interface Cost {
  seconds: number
  /** Of this process and its threads: those that read pages are processes of their own. */
  cpu_seconds: number
  /** Bytes put into the store, by the first part of their keys: `data`, `datasets`, `tokens` … */
  bytes_written: Record<string, number>
}

/** A turn of a wheel that goes step by step, and the last step that was finished: `steered` of a whole turn. */
export interface TurnPlace {
  turn: number
  step: TurnManifest['step']
}

/** What stands now, read from what is durable, what of it is new, and what that cost; only pages, rejects and cost are counts of this process. */
export interface TurnSummary {
  /** null: all parts work side by side, and the summary is of some time of that. */
  place: TurnPlace | null
  new: Totals
  cost: Cost
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
  dead_seeds: readonly DeadSeed[]
}

export interface SummarySources {
  catalog: Catalog
  chain: Chain
  ledger: Ledger
  counters: Readonly<Record<string, number>>
  /** Hotkey of the validator whose weights are shown. */
  validator: string
  datasetName: string
  place: TurnPlace | null
  /** What there was before: of the time since then the summary tells. */
  before: Totals
  /** What there is. */
  now: Totals
  cost: Cost
  deadSeeds: readonly DeadSeed[]
}

export async function totalsOf({ catalog, ledger, datasetName }: Pick<SummarySources, 'catalog' | 'ledger' | 'datasetName'>): Promise<Totals> {
  const tokens = (await catalog.head(lineage.tokens(datasetName)))?.manifest
  return {
    documents: liveRows(await snapshotsOf(catalog)),
    in_dataset: (await catalog.head(lineage.dataset(datasetName)))?.manifest.documents ?? 0,
    tokens: tokens?.kind === 'token-version' ? tokenTotals(tokens).tokens : 0,
    batches_settled: await settledOf({ catalog, ledger, datasetName }),
  }
}

export async function summarizeTurn(sources: SummarySources): Promise<TurnSummary> {
  const { catalog, counters, place, before, now, cost, deadSeeds } = sources
  const snapshots = await snapshotsOf(catalog)
  return {
    place,
    new: newSince(before, now),
    cost,
    pages: labelled(counters, 'crawl.pages', 'outcome'),
    rejects: labelled(counters, 'crawl.rejected', 'reason'),
    shards: sum(snapshots.map(({ files }) => files.length)),
    documents: { in_shards: now.documents, in_dataset: now.in_dataset },
    duplicates: {
      exact: sum(snapshots.map(({ duplicates }) => duplicates.exact)),
      near: sum(snapshots.map(({ duplicates }) => duplicates.near)),
      clusters: sum(snapshots.map(({ duplicates }) => duplicates.clusters)),
    },
    weights: await weightsOf(sources),
    tokens: now.tokens,
    batches_settled: now.batches_settled,
    ...(await steeringOf(catalog)),
    dead_seeds: deadSeeds,
  }
}

const newSince = (before: Totals, now: Totals): Totals => ({
  documents: now.documents - before.documents,
  in_dataset: now.in_dataset - before.in_dataset,
  tokens: now.tokens - before.tokens,
  batches_settled: now.batches_settled - before.batches_settled,
})

async function snapshotsOf(catalog: Catalog): Promise<SnapshotManifest[]> {
  const heads = await Promise.all((await catalog.lines(families.snapshots)).map((line) => catalog.head(line)))
  return heads.flatMap((head) => head?.manifest ?? [])
}

const liveRows = (snapshots: readonly SnapshotManifest[]): number =>
  sum(snapshots.flatMap(({ files }) => files.map(({ file, deletes }) => file.rows - (deletes?.rows ?? 0))))

async function weightsOf({ catalog, chain, validator }: SummarySources): Promise<TurnSummary['weights']> {
  const { neurons } = await chain.metagraph()
  const scores = (await catalog.head(lineage.scores(validator)))?.manifest
  const own = neurons.find((neuron) => neuron.hotkey === validator)
  return (scores?.miners ?? []).flatMap(({ hotkey, score, credibility, passed }) => {
    const uid = neurons.find((neuron) => neuron.hotkey === hotkey)?.uid
    return uid === undefined ? [] : [{ hotkey, uid, value: own?.weights.find((weight) => weight.uid === uid)?.value ?? 0, score, credibility, passed }]
  })
}

async function settledOf({ catalog, ledger, datasetName }: Pick<SummarySources, 'catalog' | 'ledger' | 'datasetName'>): Promise<number> {
  const head = await catalog.head(lineage.plan(datasetName))
  if (!head || head.kind === 'plan') return 0
  const open = await ledger.progress(head.sha256, head.version - 1).catch(() => undefined)
  return head.manifest.settled_before + (open?.states.settled ?? 0)
}

async function steeringOf(catalog: Catalog): Promise<Pick<TurnSummary, 'loss' | 'desirability'>> {
  const [now, before] = (await catalog.history(lineage.desirability, { limit: 2 })).map(({ manifest }) => manifest)
  const earlier = new Map((before ?? now)?.jobs.map((job) => [job.id, job.weight]))
  return {
    loss: Object.fromEntries((now?.evidence ?? []).map((e) => [e.label, { before: e.loss_before, after: e.loss_after, verdict: e.verdict }])),
    desirability: Object.fromEntries(
      (now?.jobs ?? []).map((job) => [job.params.label ?? job.id, { before: earlier.get(job.id) ?? job.weight, after: job.weight }]),
    ),
  }
}

/** The summary for people. @param width what it must fit into, in columns of the terminal */
export function summaryTables(summary: TurnSummary, width?: number): string {
  const { place, pages, documents, duplicates, rejects, dead_seeds, cost } = summary
  const facts: [string, string][] = [
    ['pages visited', countsOf(pages)],
    ['documents in shards', withNew(documents.in_shards, summary.new.documents)],
    ['documents in the dataset', withNew(documents.in_dataset, summary.new.in_dataset)],
    ['duplicates left out', `${countOf(duplicates.exact)} exact, ${countOf(duplicates.near)} near in ${countOf(duplicates.clusters)} clusters`],
    ['shards', countOf(summary.shards)],
    ['tokens', withNew(summary.tokens, summary.new.tokens)],
    ['batches settled', withNew(summary.batches_settled, summary.new.batches_settled)],
    ['written', bytesBy(cost.bytes_written)],
    ['time', `${durationOf(cost.seconds * 1000)}, ${durationOf(cost.cpu_seconds * 1000)} of CPU`],
  ]
  const title = place === null ? 'since the start' : `turn ${place.turn}${place.step === 'steered' ? '' : `, stopped while ${doingAfter[place.step]}`}`
  return [
    textTable([title, ''], facts, width),
    rejectTable(rejects, width),
    tableOf(
      ['miner', 'uid', 'verdict', 'credibility', 'weight'],
      summary.weights.map((w) => [short(w.hotkey), w.uid, w.passed ? 'passed' : 'failed', decimals(w.credibility, 3), countOf(w.value)]),
      width,
    ),
    tableOf(['source', 'loss before', 'loss after', 'verdict', 'weight before', 'weight after'], sourceRows(summary), width),
    deadSeedTable(dead_seeds, width),
  ]
    .filter((table) => table !== '')
    .join('\n\n')
}

/** `12,345 (+67)` */
const withNew = (count: number, added: number): string => `${countOf(count)}${added === 0 ? '' : ` (${added > 0 ? '+' : '−'}${countOf(Math.abs(added))})`}`

/** `3.4 MB (data 2.1 MB, tokens 1.3 MB)` */
function bytesBy(written: Readonly<Record<string, number>>): string {
  const parts = Object.entries(written).toSorted(([, a], [, b]) => b - a)
  const all = bytesOf(sum(parts.map(([, bytes]) => bytes)))
  return parts.length === 0 ? all : `${all} (${parts.map(([part, bytes]) => `${part} ${bytesOf(bytes)}`).join(', ')})`
}

function sourceRows({ desirability, loss }: TurnSummary): string[][] {
  const losses = new Map(Object.entries(loss))
  return Object.entries(desirability).map(([label, weight]) => {
    const of = losses.get(label)
    return [label, decimals(of?.before, 3), decimals(of?.after, 3), of?.verdict ?? '–', decimals(weight.before, 3), decimals(weight.after, 3)]
  })
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const short = (address: string): string => `${address.slice(0, 6)}…${address.slice(-4)}`
