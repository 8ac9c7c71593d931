import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { VirtualHosts } from '#infra/net/egress.ts'

export interface SiteRequest {
  host: string
  path: string
  headers: IncomingMessage['headers']
}

/** What a path answers: text (as HTML), or anything that writes a response. */
export type Page = string | ((response: ServerResponse, request: SiteRequest) => void | Promise<void>)

export interface Site extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  origin: string
  port: number
  /** Maps the site's host names to its port, for the HTTP client. */
  hosts: VirtualHosts
  /** Requests so far, in order of arrival. */
  requests: SiteRequest[]
  /** Paths asked of one host so far. */
  paths(host: string): string[]
  /** Replaces pages from now on. */
  set(host: string, pages: Record<string, Page>): void
}

/**
 * A small web on one loopback port: several hosts, told apart by the Host header; a name it does not know, and the bare address, are served
 * by the first. A path that is not there is answered by the page of `*`, and with 404 where there is none.
 */
export async function openSite(hosts: Record<string, Record<string, Page>>): Promise<Site> {
  const pages = new Map(Object.entries(hosts).map(([host, paths]) => [host, new Map(Object.entries(paths))]))
  const first = [...pages.keys()][0] ?? 'localhost'
  const requests: SiteRequest[] = []
  const server = createServer((incoming, response) => {
    const named = (incoming.headers.host ?? '').replace(/:\d+$/, '')
    const request = { host: pages.has(named) ? named : first, path: incoming.url ?? '/', headers: incoming.headers }
    requests.push(request)
    const paths = pages.get(request.host)
    void answer(paths?.get(request.path) ?? paths?.get('*'), response, request)
  })
  const listening = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    requests,
    hosts: (hostname) => (pages.has(hostname) ? { address: '127.0.0.1', port } : undefined),
    paths: (host) => requests.filter((request) => request.host === host).map((request) => request.path),
    set(host, more) {
      const known = pages.get(host) ?? new Map<string, Page>()
      for (const [path, page] of Object.entries(more)) known.set(path, page)
      pages.set(host, known)
    },
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>()
      server.close(() => closed.resolve())
      server.closeAllConnections()
      await closed.promise
    },
  }
}

async function answer(page: Page | undefined, response: ServerResponse, request: SiteRequest): Promise<void> {
  if (page === undefined) response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not found</h1>')
  else if (typeof page === 'string') response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page)
  else await page(response, request)
}
