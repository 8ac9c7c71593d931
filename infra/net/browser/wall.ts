import { RequestError, Server } from 'proxy-chain'

/**
 * The proxy that a browser is given: it lets nothing through. All that pages may have is given to them before it comes to a connection (page-requests.ts); what
 * gets past that, by a way nobody thought of, ends here.
 */
export interface Wall extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
}

export async function openWall(): Promise<Wall> {
  const server = new Server({
    host: '127.0.0.1',
    port: 0,
    prepareRequestFunction() {
      throw new RequestError('Nothing goes this way.', 403)
    },
  })
  // The browser is told; there is no one else to tell.
  server.on('requestFailed', () => undefined)
  await server.listen()
  return {
    origin: `http://127.0.0.1:${server.port}`,
    async [Symbol.asyncDispose]() {
      await server.close(true)
    },
  }
}
