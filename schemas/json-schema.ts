import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { compareText } from './compare-text.ts'
import * as dataUniverse from './data-universe.ts'
import * as desirability from './desirability.ts'
import * as document from './document.ts'
import * as epoch from './epoch-manifest.ts'
import * as feed from './feed.ts'
import * as feedJobs from './feed-jobs.ts'
import * as feedNodes from './feed-nodes.ts'
import * as manifest from './manifest.ts'
import * as quality from './quality.ts'
import * as steering from './steering.ts'

/** What is written down or sent: every zod schema these files export, by the name of its file in `json/`. Where one holds another, it refers to that file. */
const records = Object.entries({
  ...dataUniverse,
  ...desirability,
  ...document,
  ...epoch,
  ...feed,
  ...feedJobs,
  ...feedNodes,
  ...manifest,
  ...quality,
  ...steering,
})
  .flatMap(([name, value]) => (value instanceof z.ZodType ? [{ file: fileOf(name), schema: value }] : []))
  .toSorted((a, b) => compareText(a.file, b.file))

/** JSON Schema (draft 2020-12) of every record, as the files of `json/`: name → contents. Dates are ISO 8601 text, bytes are base64. */
export function jsonSchemaFiles(): Map<string, string> {
  const registry = z.registry<{ id: string }>()
  for (const { file, schema } of records) registry.add(schema, { id: file })
  const { schemas } = z.toJSONSchema(registry, { io: 'input', unrepresentable: 'any', uri: (file) => file, override: inJson })
  return new Map(records.map(({ file }) => [file, `${JSON.stringify(schemas[file], null, 2)}\n`]))
}

/** `DataEntityBucket` → `data-entity-bucket.json` */
function fileOf(name: string): string {
  return `${name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase()}.json`
}

/** Records hold Dates and byte arrays; in JSON both are text. */
function inJson({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (zodSchema instanceof z.ZodDate) Object.assign(jsonSchema, { type: 'string', format: 'date-time' })
  if (zodSchema instanceof z.ZodCustom && jsonSchema.type === undefined) Object.assign(jsonSchema, { type: 'string', contentEncoding: 'base64' })
}

/** `npm run schemas` */
if (import.meta.main) {
  const folder = join(import.meta.dirname, 'json')
  const files = jsonSchemaFiles()
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(join(folder, name))
  for (const [name, contents] of files) writeFileSync(join(folder, name), contents)
}
