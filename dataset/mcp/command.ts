import { once } from 'node:events'
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio'
import type { Command } from 'commander'
import { interruptible } from '#infra/interrupt.ts'
import type { OpenWish } from '#infra/preflight.ts'
import { datasetClient, type DatasetClient } from '#dataset/client/client.ts'
import { serviceOf, type DatasetBackends } from '#dataset/commands.ts'
import { encodersOf } from '#infra/tokenizer/encoders.ts'
import { agentLimits, ownClient } from './own-client.ts'
import { mcpServer } from './server.ts'

/** Adds `dataset mcp`. */
export function mcpCommand(dataset: Command, open: (command: Command, wish?: OpenWish) => Promise<DatasetBackends>): void {
  dataset
    .command('mcp')
    .description('Serve the datasets to an agent by the Model Context Protocol over standard input and output; `dataset serve` does so at /mcp.')
    .option('--url <url>', 'ask the service there, with the key in ORRERY_API_KEY, in place of the data folder')
    .action(({ url }: { url?: string }, command: Command) =>
      interruptible(async (signal) => {
        if (url !== undefined) return serve(datasetClient({ baseUrl: url, apiKey: process.env['ORRERY_API_KEY'], ...agentLimits }), signal)
        await using backends = await open(command, { isBegun: true, ownsOutput: true })
        await using encoders = encodersOf(backends)
        // Who may read the folder needs no key to it.
        await using service = await serviceOf({ ...backends, access: { ...backends.access, requireKey: 'never' } }, encoders)
        await service.app.ready()
        await serve(ownClient(service.app), signal)
      }),
    )
}

/** Until the agent closes its end, or is interrupted. */
async function serve(client: DatasetClient, signal: AbortSignal): Promise<void> {
  const transport = new StdioServerTransport()
  const handle = serveStdio(() => mcpServer(client), { transport })
  try {
    await once(process.stdin, 'close', { signal })
  } catch {
    // Interrupted.
  } finally {
    await handle.close()
  }
}
