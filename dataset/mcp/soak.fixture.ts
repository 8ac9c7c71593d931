import { aliveBytes } from '#test/alive-bytes.ts'
import { testDocuments } from '#test/golden/documents.ts'
import { servedDataset } from '#test/golden/served-dataset.ts'

/** Calls a tool again and again. @returns by how many bytes what is alive grew meanwhile, what was warmed up before left out */
export async function soak(calls: number): Promise<number> {
  await using served = await servedDataset([{ documents: testDocuments(5) }])
  const call = async (id: number): Promise<void> => {
    const payload = { jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'search_documents', arguments: { dataset: 'web', limit: 1 } } }
    const { statusCode, body } = await served.app.inject({ method: 'POST', url: '/mcp', headers: { accept: 'application/json, text/event-stream' }, payload })
    if (statusCode !== 200 || !body.includes('structuredContent')) throw new Error(`${statusCode} ${body}`)
  }
  for (let id = 0; id < 100; id++) await call(id)
  const before = await aliveBytes()
  for (let id = 0; id < calls; id++) await call(id)
  return (await aliveBytes()) - before
}
