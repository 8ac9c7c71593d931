import { toWebRequest } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import type { Server } from '#infra/net/server.ts'
import { hangUp } from '#infra/net/hang-up.ts'
import { ownClient, type Caller } from './own-client.ts'
import { mcpServer } from './server.ts'

/**
 * The Model Context Protocol at `/mcp`: each request by itself, for clients of 2026-07-28 and of 2025. Its tools ask this same service in the name of who calls
 * them.
 */
export async function mcpRoutes(app: Server): Promise<void> {
  const handler = createMcpHandler(({ authInfo }) => mcpServer(ownClient(app, authInfo?.extra?.['caller'] as Caller)), {
    legacy: 'stateless',
    maxSubscriptions: 64,
  })
  app.addHook('onClose', () => handler.close())
  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: '/mcp',
    schema: { hide: true },
    errorHandler(error, _request, reply) {
      if (error.statusCode !== 400 || !error.code?.startsWith('FST_ERR_CTP_')) throw error
      // JSON-RPC 2.0 §5.1: what is no JSON has no id.
      return reply.status(400).send({ jsonrpc: '2.0', error: { code: -32_700, message: `Parse error: ${error.message}` }, id: null })
    },
    handler: async (request, reply) => {
      const asked = await toWebRequest(request.raw, request.body, { signal: hangUp(reply) })
      const authInfo = { token: '', clientId: '', scopes: [], extra: { caller: request } }
      return reply.send(await handler.fetch(asked, { authInfo, ...(request.body === undefined ? {} : { parsedBody: request.body }) }))
    },
  })
}
