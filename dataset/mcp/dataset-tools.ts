import { z } from 'zod'
import { reading, tool, untrusted } from './tool.ts'

const dataset = z.string().min(1).max(128).describe('Name of the dataset, as list_datasets has it.')
const version = z.int().positive().optional().describe('The newest when left out.')
const filters = {
  label: z.string().min(1).max(140).optional(),
  host: z.string().min(1).max(255).optional(),
  lang: z.string().min(1).max(64).optional().describe('Language, ISO 639, like en.'),
  licence: z.string().min(1).max(255).optional().describe('SPDX id, like CC-BY-4.0.'),
  min_quality: z.number().min(0).max(1).optional().describe('Least share of the published quality rules that a page keeps to.'),
  from: z.string().max(40).optional().describe('First date, like 2026-01-31.'),
  to: z.string().max(40).optional().describe('Date after the last.'),
}
const datasetsMax = 100

const listDatasets = tool({
  name: 'list_datasets',
  title: 'Datasets there are',
  description: `Datasets there are, with their newest version, documents and labels. ${untrusted}`,
  annotations: reading,
  input: z.strictObject({}),
  async run(client, _input, signal) {
    const datasets = []
    for await (const each of client.datasets({ signal })) if (datasets.push(each) >= datasetsMax) break
    return { datasets }
  },
})

const search = tool({
  name: 'search_documents',
  title: 'Find documents by words and filters',
  description: `Documents of a dataset that hold all words of the query (in "quotes" one after the other) and fit the filters, those that say most of them first; without a query by id. Says how many there are, and for a filter that can match nothing the likest values there are. ${untrusted}`,
  annotations: reading,
  input: z.strictObject({
    dataset,
    query: z.string().min(1).max(200).optional(),
    ...filters,
    version,
    text: z.boolean().default(false).describe('With the whole texts.'),
    limit: z.int().min(1).max(50).default(10),
    cursor: z.string().min(1).max(2000).optional().describe('next_cursor of the page before, with the same query and filters.'),
  }),
  run: (client, { dataset: name, query, ...rest }, signal) => client.documentPage(name, { ...rest, q: query, signal }),
})

const getDocument = tool({
  name: 'get_document',
  title: 'One document and where it came from',
  description: `One document with its text, and who fetched it, when, and under which licence. ${untrusted}`,
  annotations: reading,
  input: z.strictObject({ dataset, id: z.string().regex(/^[0-9a-f]{64}$/, 'an id is 64 lower-case hex digits'), version }),
  run: (client, { dataset: name, id, ...rest }, signal) => client.document(name, id, { ...rest, signal }),
})

const sql = tool({
  name: 'run_sql',
  title: 'One SELECT over a dataset',
  description: `Rows of one SELECT (DuckDB; or DESCRIBE, SUMMARIZE) over the view "documents" of a dataset: id, uri, host, title, text, lang, label, datetime, fetched_at, text_bytes, quality and rights as JSON text, and more. It sees nothing else. Aggregate, or add a LIMIT: answers are small. ${untrusted}`,
  annotations: reading,
  input: z.strictObject({
    dataset,
    sql: z.string().min(1).max(100_000),
    parameters: z
      .array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .max(100)
      .default([])
      .describe('For ? or $1 in it.'),
    version,
    timeout_ms: z.int().min(1).max(30_000).default(30_000),
  }),
  run: (client, input, signal) => client.sql({ ...input, signal }),
})

const statistics = tool({
  name: 'dataset_statistics',
  title: 'What a dataset is made of',
  description: `Documents, bytes and tokens of a dataset, its labels, languages, hosts, licences, ages, sizes and quality, and what was left out. ${untrusted}`,
  annotations: reading,
  input: z.strictObject({ dataset, version }),
  run: (client, { dataset: name, ...rest }, signal) => client.statistics(name, { ...rest, signal }),
})

const facets = ['label', 'lang', 'host', 'licence'] as const

const previewBuild = tool({
  name: 'preview_build',
  title: 'What a build of a dataset would hold',
  description: `How many documents "orrery dataset build" would choose from a dataset by these filters, what they are made of, and some of them. Builds nothing. ${untrusted}`,
  annotations: reading,
  input: z.strictObject({ dataset, ...filters, version, samples: z.int().min(1).max(20).default(5) }),
  async run(client, { dataset: name, samples, ...rest }, signal) {
    const { total, facets: made, no_match, partial, documents, version: of } = await client.documentPage(name, { ...rest, limit: samples, facets, signal })
    return {
      dataset: name,
      version: of,
      documents: total,
      facets: made,
      no_match,
      partial,
      samples: documents.map(({ id, uri, title, lang, excerpt }) => ({ id, uri, title, lang, excerpt })),
    }
  },
})

const previewBatch = tool({
  name: 'preview_batch',
  title: 'Tokens as a training batch has them',
  description: 'The first rows of tokens of a dataset, and which of them are of which document, as a trainer is given them.',
  annotations: reading,
  input: z.strictObject({ dataset, rows: z.int().min(1).max(8).default(2), sequence_tokens: z.int().min(1).max(4096).default(128) }),
  run: (client, { dataset: name, ...rest }, signal) => client.batch(name, { ...rest, signal }),
})

export const datasetTools = [listDatasets, search, getDocument, sql, statistics, previewBuild, previewBatch]
