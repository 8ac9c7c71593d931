import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jsonSchemaFiles } from './json-schema.ts'

const folder = join(import.meta.dirname, 'json')

test('schemas/json is what the records say now; `npm run schemas` writes it anew', () => {
  const written = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
  expect(Object.fromEntries(written)).toEqual(Object.fromEntries(jsonSchemaFiles()))
})

test('every record that is written down or sent has one', () => {
  const names = ['ack', 'compressed-miner-index', 'data-entity', 'desirability-job', 'document', 'lease-answer', 'manifest', 'plan-manifest', 'shard-manifest']
  expect([...jsonSchemaFiles().keys()]).toEqual(expect.arrayContaining(names.map((name) => `${name}.json`)))
})

test('each is of draft 2020-12, and refers only to files that are there', () => {
  const files = jsonSchemaFiles()
  for (const [name, contents] of files) {
    const schema = JSON.parse(contents) as Record<string, unknown>
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', $id: name })
    for (const [, target] of contents.matchAll(/"\$ref": "([^"]+)"/g)) expect(files.has(target ?? '')).toBe(true)
  }
})

test('dates are ISO text and bytes are base64', () => {
  const { properties } = JSON.parse(jsonSchemaFiles().get('document.json') ?? '') as { properties: Record<string, unknown> }
  expect(properties['fetched_at']).toMatchObject({ type: 'string', format: 'date-time' })
  expect(properties['minhash']).toMatchObject({ type: 'string', contentEncoding: 'base64' })
})
