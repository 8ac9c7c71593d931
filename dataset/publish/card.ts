import { compareText } from '#schemas/compare-text.ts'
import type { NamedCounts } from '#schemas/data-file.ts'
import { documentColumns, type Column } from '#schemas/parquet/columns.ts'
import { droppedOf, labelsOf, sourcesOf, type AnyVersion, type DatasetEntry } from '#dataset/versions.ts'

/** The types as Arrow and the Hub call them. */
const types: Record<Column['kind'], string> = {
  string: 'string',
  json: 'string (JSON)',
  int32: 'int32',
  double: 'double',
  timestamp: 'timestamp[ms, UTC]',
  signature: 'binary',
}
const fields = documentColumns.map(({ name, kind, nullable, description }) => [name, `${types[kind]}${nullable ? ', nullable' : ''}`, description])

/** Bounds of the Hub's size_categories. */
const sizes: readonly (readonly [below: number, category: string])[] = [
  [1e3, 'n<1K'],
  [1e4, '1K<n<10K'],
  [1e5, '10K<n<100K'],
  [1e6, '100K<n<1M'],
  [1e7, '1M<n<10M'],
  [1e8, '10M<n<100M'],
  [1e9, '100M<n<1B'],
]
const sizeCategory = (documents: number): string => sizes.find(([below]) => documents < below)?.[1] ?? 'n>1B'

/** @param languages BCP 47, as found in the documents */
export function datasetCard({ version, sha256, manifest }: DatasetEntry, languages: readonly string[]): string {
  return `${frontMatter(manifest, languages)}
# ${manifest.name}

${manifest.documents.toLocaleString('en-US')} documents of the web, ${manifest.text_bytes.toLocaleString('en-US')} bytes of text. Version ${version}, manifest \`${sha256}\`.

## How it was made

Miners fetched pages within robots.txt, extracted the main text and signed their shards. For this dataset every shard's signature and sha256 were verified, each text was
normalized and its id computed again, and duplicates were removed over all miners: exact ones by id, near ones by MinHash (14 bands of 8 rows over word 5-grams,
estimated Jaccard similarity of at least 0.7; the oldest published copy is kept, then the longest). Files are those of the miners, without the rows that are not in the dataset.

## Fields

| field | type | what it is |
|---|---|---|
${table(fields)}

## Documents per label

| label | documents |
|---|---|
${table(sorted(labelsOf(manifest)))}

## Left out

| reason | rows |
|---|---|
${table(sorted(droppedOf(manifest)))}

## Provenance

\`hotkey\` and \`job_id\` name the miner and the job of each document. It was made by Orrery ${manifest.origin.code_version} (configuration \`${manifest.origin.config_sha256}\`) ${manifest.kind === 'version' ? 'of the snapshots with these content addresses' : 'of the shards with these sha256'}:

${sourceList(manifest)}

## Rights and withdrawal

The texts belong to their authors; this collection grants no licence to them. \`rights\` says for each page what its owner's robots.txt, robots directives, TDM reservation, ai.txt,
training preference (Content-Usage, Content-Signal) and licence said at the fetch (\`licence\` only where it is given for the page itself, \`licence_scope\` also for an image or a program on it); pages that say noindex or noai, reserve text and data mining, or forbid training are left out. To have a page withdrawn, open a discussion in this repository with its \`uri\`: it is removed from the next version.
`
}

const list = (values: readonly string[]): string => values.map((value) => `\n- ${JSON.stringify(value)}`).join('')

/** A card is read by people: the manifest has them all. */
const sourcesMax = 500

function sourceList(manifest: AnyVersion): string {
  const sources = sourcesOf(manifest)
  const more = sources.length > sourcesMax ? [`- and ${sources.length - sourcesMax} more`] : []
  return [...sources.slice(0, sourcesMax).map((source) => `- \`${source}\``), ...more].join('\n')
}

function frontMatter(manifest: AnyVersion, languages: readonly string[]): string {
  const { name, documents } = manifest
  const labels = labelsOf(manifest).map(([label]) => label)
  return `---
pretty_name: ${JSON.stringify(name)}
license: other
license_name: per-document
license_link: "#rights-and-withdrawal"
${languages.length > 0 ? `language:${list(languages)}\n` : ''}size_categories:
- ${sizeCategory(documents)}
task_categories:
- text-generation
tags:${list(['web', 'pretraining', 'deduplicated', 'orrery', ...labels.toSorted(compareText).slice(0, 50)])}
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*.parquet
---`
}

const sorted = (counts: NamedCounts): [string, string][] =>
  counts.toSorted(([a], [b]) => compareText(a, b)).map(([key, count]) => [key, count.toLocaleString('en-US')])

/** A label is other people's text: what would end a cell is escaped. */
const table = (rows: readonly (readonly string[])[]): string =>
  rows.length === 0
    ? '| – | – |'
    : rows.map((cells) => `| ${cells.map((cell) => cell.replace(/[|\\`<\r\n]/g, (c) => (c < ' ' ? ' ' : `\\${c}`))).join(' | ')} |`).join('\n')
