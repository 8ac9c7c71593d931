import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { datasetOpenApi } from '#dataset/api/openapi.ts'
import { configReference } from '#infra/config/reference.ts'
import { minerOpenApi } from '#scraper/miner/server/server.ts'
import { feedOpenApi } from '#trainer-bridge/feed/openapi.ts'

/** Writes what is generated from the code and checked in: part of `npm run schemas`. Tests fail when a file is stale. */
const root = resolve(import.meta.dirname, '../..')
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
const files: Record<string, string> = {
  'infra/config/REFERENCE.md': configReference(),
  'dataset/openapi.json': json(await datasetOpenApi()),
  'scraper/openapi.json': json(await minerOpenApi()),
  'trainer-bridge/openapi.json': json(await feedOpenApi()),
}
for (const [path, contents] of Object.entries(files)) await writeFile(join(root, path), contents)
