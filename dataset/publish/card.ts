import { compareText } from '#schemas/compare-text.ts'
import type { NamedCounts } from '#schemas/data-file.ts'
import { bands, nearDuplicateMin, rowsPerBand } from '#schemas/identity/signature.ts'
import { ownerRefusals } from '#schemas/rights.ts'
import { droppedOf, labelsOf, type AnyVersion } from '#dataset/versions.ts'
import type { Shipment } from './difference.ts'
import { featuresOf, typeOf } from './features.ts'
import { dataGlob } from './layout.ts'
import { yaml, type YamlValue } from './yaml.ts'

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

export interface Told extends Shipment {
  /** `user/name` */
  repo: string
  hubUrl: string
  /** Of all Parquet files together. */
  downloadBytes: number
  /** Addresses of what the version was made of. */
  sources: readonly string[]
}

/** Of a table that people read. */
const rowsMax = 500

/** What of a card is written anew stands between these lines. */
export const cardMarks = {
  begin: '<!-- Written anew with each version, up to its end: what you write before it and behind it stays. -->',
  end: '<!-- Its end. -->',
}

/** The dataset card, README.md (https://huggingface.co/docs/hub/datasets-cards): of one version one text. */
export function datasetCard(told: Told): string {
  const { entry, facts, layout, repo } = told
  const { version, sha256, manifest } = entry
  const { name, documents, text_bytes } = manifest
  return `---
${frontMatter(told)}---
${cardMarks.begin}
# ${inline(name)}

${number(documents)} documents of the web, ${number(text_bytes)} bytes of text. Version ${version}, manifest \`${sha256}\`.

\`\`\`python
from datasets import load_dataset

documents = load_dataset("${repo}", split="train", streaming=True)
\`\`\`

Each version is tagged: \`revision="v${version}"\` stays what it is.

## How it was made

Miners fetched pages within robots.txt, extracted the main text and signed what they found. Of each document the id was computed again of its normalized text, and so was its MinHash
signature. Duplicates are left out over all miners: exact ones by id, near ones by MinHash (${bands} bands of ${rowsPerBand} rows over word 5-grams, an estimated Jaccard
similarity of at least ${nearDuplicateMin}); of copies ${'sights' in manifest ? 'the one that was seen first' : 'one'} is kept. Personal data that was found is replaced by typed placeholders (\`personal_data\` counts them). No file has a row that is not in the dataset.
${recipeOf(manifest)}
## Fields

| field | type | what it is |
|---|---|---|
${table(layout.columns.map((column) => [column.name, typeOf(column), column.description]))}

## Documents per label

| label | documents |
|---|---|
${table(counted(labelsOf(manifest)))}

## Languages

| language | documents | share |
|---|---|---|
${table(shares(facts.languages, documents))}

## Licences

What pages say of themselves, by SPDX id or URL; the others say nothing that is known.

| licence | documents | share |
|---|---|---|
${table(shares([...facts.licences.map(([licence, n]): [string, number] => [licence ?? 'others', n]), ['none found', documents - sum(facts.licences)]], documents))}

## Left out

Rows of the miners' files that are not in this version, by reason.

| reason | rows |
|---|---|
${table(counted(droppedOf(manifest)))}

## Provenance

\`hotkey\` and \`job_id\` name the miner and the job of each document. It was made by Orrery ${inline(manifest.origin.code_version)} (configuration \`${manifest.origin.config_sha256}\`) ${manifest.kind === 'version' ? 'of the snapshots with these content addresses' : 'of the shards with these sha256'}:

${sourceList(told.sources)}

## Rights and withdrawal

The texts belong to their authors; this collection grants no licence to them. \`rights\` says for each page what its owner said at the fetch
(\`licence\` only where it is given for the page itself, \`licence_scope\` also for an image or a program on it). No document is in this version whose page had one of these:

${Object.values(ownerRefusals)
  .map((sign) => `- ${sign}`)
  .join('\n')}

To have a page removed, open a discussion in this repository with its \`uri\`: miners take it onto their block list, the next version is without it, and its file is written anew. An owner who
gives a page one of the signs above, or takes it from the web, has it removed when it is asked for again. Tags of earlier versions stay what they are until they are deleted here.
${cardMarks.end}
`
}

/** The members of its front matter that are ours. */
export const cardKeys = ['pretty_name', 'license', 'license_name', 'language', 'size_categories', 'task_categories', 'tags', 'configs', 'dataset_info'] as const

function frontMatter({ entry, facts, layout, downloadBytes }: Told): string {
  const { name, documents, text_bytes } = entry.manifest
  // The Hub takes plain words for tags.
  const labels = labelsOf(entry.manifest).flatMap(([label]) => (/^[a-z0-9][a-z0-9 _.-]{0,60}$/.test(label) ? label : []))
  const members: Record<(typeof cardKeys)[number], YamlValue | undefined> = {
    pretty_name: name,
    license: 'other',
    license_name: 'per-document',
    language: facts.languages.length > 0 ? facts.languages.map(([code]) => code) : undefined,
    size_categories: [sizeCategory(documents)],
    task_categories: ['text-generation'],
    tags: ['web', 'pretraining', 'deduplicated', 'orrery', ...labels.toSorted(compareText).slice(0, 50)],
    configs: [{ config_name: 'default', data_files: [{ split: 'train', path: dataGlob }] }],
    dataset_info: {
      config_name: 'default',
      features: featuresOf(layout.columns),
      splits: [{ name: 'train', num_bytes: text_bytes, num_examples: documents }],
      download_size: downloadBytes,
      dataset_size: text_bytes,
    },
  }
  return yaml(members)
}

/** How a dataset that was built was chosen. */
function recipeOf(manifest: AnyVersion): string {
  if (manifest.kind !== 'version' || !manifest.recipe) return ''
  const { source, ...criteria } = manifest.recipe
  return `
Its documents were chosen from version ${source.version} of the dataset "${inline(source.dataset)}" (manifest \`${source.sha256}\`) by this recipe, of which what is empty or null asks for nothing:

\`\`\`json
${JSON.stringify(criteria, null, 1)}
\`\`\`
`
}

function sourceList(sources: readonly string[]): string {
  const more = sources.length > rowsMax ? [`- and ${sources.length - rowsMax} more`] : []
  return [...sources.slice(0, rowsMax).map((source) => `- \`${source}\``), ...more].join('\n')
}

const number = (value: number): string => value.toLocaleString('en-US')
const sum = (counts: readonly (readonly [unknown, number])[]): number => counts.reduce((total, [, n]) => total + n, 0)
const counted = (counts: NamedCounts): string[][] => counts.toSorted(([a], [b]) => compareText(a, b)).map(([key, n]) => [key, number(n)])
const shares = (counts: readonly (readonly [string, number])[], documents: number): string[][] =>
  counts.filter(([, n]) => n > 0).map(([name, n]) => [name, number(n), `${((100 * n) / Math.max(1, documents)).toFixed(1)} %`])

/** Other people's text on a line: what Markdown or HTML would make something of is escaped. */
const inline = (text: string): string =>
  text.toWellFormed().replace(/[|\\`*_<>[\]&#\p{Cc}\u2028\u2029]/gu, (c) => (/[\p{Cc}\u2028\u2029]/u.test(c) ? ' ' : `\\${c}`))

function table(rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '| – | – |'
  const lines = rows.slice(0, rowsMax).map((cells) => `| ${cells.map(inline).join(' | ')} |`)
  return (rows.length > rowsMax ? [...lines, `| and ${rows.length - rowsMax} more | |`] : lines).join('\n')
}
