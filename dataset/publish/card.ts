import type { DatasetManifest } from '#schemas/manifest.ts'
import type { DatasetEntry } from '#dataset/versions.ts'

/** What each column holds, in their order (schemas/parquet/columns.ts). */
const fields: readonly (readonly [name: string, type: string, meaning: string])[] = [
  ['id', 'string', 'sha256 of the normalized text'],
  ['uri', 'string', 'canonical URL'],
  ['url', 'string', 'URL as fetched, after redirects'],
  ['host', 'string', 'host of the page'],
  ['page_type', 'string', 'article, documentation, forum, product, listing, collection or service'],
  ['title', 'string', 'title of the page'],
  ['author', 'string, nullable', 'author, as the page names them'],
  ['site_name', 'string, nullable', 'name of the site'],
  ['text', 'string', 'main text, normalized; personal data replaced by placeholders'],
  ['markdown', 'string, nullable', 'the same content as Markdown, where the miner keeps it'],
  ['lang', 'string', 'language, BCP 47'],
  ['lang_score', 'double', 'confidence in the language, 0..1'],
  ['languages', 'string (JSON)', 'share of the text by language'],
  ['label', 'string', 'label of the job that asked for it'],
  ['source', 'int32', 'Data Universe source, 8 = web'],
  ['datetime', 'timestamp[ms, UTC]', 'published, or else first seen'],
  ['published_at', 'timestamp[ms, UTC], nullable', 'date of publication'],
  ['published_by', 'string', 'how that date was found'],
  ['published_score', 'double', 'how sure that date is, 0..1'],
  ['modified_at', 'timestamp[ms, UTC], nullable', 'date of the last change'],
  ['fetched_at', 'timestamp[ms, UTC]', 'time of the fetch'],
  ['http_status', 'int32', 'status of the answer'],
  ['etag', 'string, nullable', 'ETag of the answer'],
  ['last_modified', 'string, nullable', 'Last-Modified of the answer'],
  ['content_type', 'string', 'Content-Type of the answer'],
  ['html_sha256', 'string', 'sha256 of the page as fetched'],
  ['text_bytes', 'int32', 'bytes of the text in UTF-8'],
  ['minhash', 'binary', 'MinHash signature, 14 bands of 8 u32, 448 bytes'],
  ['quality', 'string (JSON)', 'score of each quality rule'],
  ['personal_data', 'string (JSON)', 'how often each kind of personal data was replaced'],
  ['rights', 'string (JSON)', 'robots.txt, robots directives, TDM reservation, ai.txt, training preference and licence found'],
  ['job_id', 'string', 'job that asked for it'],
  ['hotkey', 'string', 'miner that fetched and signed it'],
  ['version', 'int32', 'n-th stored version of this page'],
]

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
estimated Jaccard similarity of at least 0.8; the oldest published copy is kept, then the longest). Documents are sorted by id. The same shards give the same bytes.

## Fields

| field | type | what it is |
|---|---|---|
${table(fields)}

## Documents per label

| label | documents |
|---|---|
${table(sorted(manifest.labels))}

## Left out

| reason | rows |
|---|---|
${table(sorted(manifest.dropped))}

## Provenance

\`hotkey\` and \`job_id\` name the miner and the job of each document. It was made by Orrery ${manifest.origin.code_version} (configuration \`${manifest.origin.config_sha256}\`) of the shards with these sha256:

${manifest.sources.map((source) => `- \`${source}\``).join('\n')}

## Rights and withdrawal

The texts belong to their authors; this collection grants no licence to them. \`rights\` says for each page what its owner's robots.txt, robots directives, TDM reservation, ai.txt,
training preference (Content-Usage, Content-Signal) and licence said at the fetch; pages that say noindex or noai, reserve text and data mining, or forbid training are left out. To have a page withdrawn, open a discussion in this repository with its \`uri\`: it is removed from the next version.
`
}

const list = (values: readonly string[]): string => values.map((value) => `\n- ${JSON.stringify(value)}`).join('')

function frontMatter({ name, documents, labels }: DatasetManifest, languages: readonly string[]): string {
  return `---
pretty_name: ${JSON.stringify(name)}
license: other
license_name: per-document
license_link: "#rights-and-withdrawal"
${languages.length > 0 ? `language:${list(languages)}\n` : ''}size_categories:
- ${sizeCategory(documents)}
task_categories:
- text-generation
tags:${list(['web', 'pretraining', 'deduplicated', 'orrery', ...Object.keys(labels).toSorted().slice(0, 50)])}
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*.parquet
---`
}

const sorted = (counts: Record<string, number>): [string, string][] =>
  Object.entries(counts)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, count]) => [key, count.toLocaleString('en-US')])

/** A label is other people's text: what would end a cell is escaped. */
const table = (rows: readonly (readonly string[])[]): string =>
  rows.length === 0
    ? '| – | – |'
    : rows.map((cells) => `| ${cells.map((cell) => cell.replace(/[|\\`<\r\n]/g, (c) => (c < ' ' ? ' ' : `\\${c}`))).join(' | ')} |`).join('\n')
