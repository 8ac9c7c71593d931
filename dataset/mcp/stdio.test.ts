import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { expect, test } from 'vitest'
import { runProgram } from '#test/e2e/program.ts'
import { testDocuments } from '#test/golden/documents.ts'
import { servedDataset } from '#test/golden/served-dataset.ts'

const launcher = resolve(import.meta.dirname, '../../infra/launch.mjs')

async function overStdio(args: readonly string[], mode: 'legacy' | { pin: string }) {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [launcher, 'dataset', 'mcp', ...args], stderr: 'ignore' }))
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() })
}

test('an agent asks a service over standard input and output, in the words of 2025', async () => {
  await using served = await servedDataset([{ documents: testDocuments(3) }])
  await using agent = await overStdio(['--url', served.origin], 'legacy')
  expect(await agent.callTool({ name: 'list_datasets', arguments: {} })).toMatchObject({ structuredContent: { datasets: [{ name: 'web', documents: 3 }] } })
})

test('an agent asks a data folder where nobody serves it, in the words of 2026', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-mcp-'))
  try {
    expect((await runProgram(['dataset', 'ingest', '--once', '--data', folder])).code).toBe(0)
    await using agent = await overStdio(['--data', folder, '--set', 'dataset.host=0.0.0.0'], { pin: '2026-07-28' })
    expect(await agent.callTool({ name: 'list_datasets', arguments: {} })).toMatchObject({ structuredContent: { datasets: [] } })
    expect(await agent.callTool({ name: 'dataset_statistics', arguments: { dataset: 'web' } })).toMatchObject({ isError: true })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
