import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import { readPackages } from './packages.ts'
import { siteHosts, type SiteHost, type SitePage } from './pages.ts'
import { renderIndex, renderPage, renderSitemap } from './render.ts'

export interface SiteOptions {
  /** A node_modules folder. */
  root: string
  documentsMax: number
  /** Decides what is published when: the same time, the same pages. */
  clock: Clock
}

/** The embedded web: real documents that every machine with this program has, served on the loopback. */
export interface Site extends AsyncDisposable {
  port: number
  /** Names of all hosts, in byte order; each resolves to 127.0.0.1 at `port`. */
  hosts: string[]
  documents: number
}

interface Answer {
  status: number
  headers: Record<string, string>
  body: string
}

const dayMs = 86_400_000
/** npm packs every file with one date, so the site has a rhythm of its own: each page appears anew every 40 days, each on another day. */
const rhythmMs = 40 * dayMs

/** @throws OrreryError `data_unreadable` when the folder holds no package with documents */
export async function startSite({ root, documentsMax, clock }: SiteOptions): Promise<Site> {
  const hosts = siteHosts(await readPackages(root, documentsMax))
  if (hosts.size === 0)
    throw new OrreryError('data_unreadable', `The folder "${root}" holds no npm package with documents; run npm ci, or set site.root or sources.`, { root })
  const server = createServer((request, response) => {
    answer(hosts, request, clock).then(
      (found) => send(response, request, found),
      () => response.destroy(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    hosts: [...hosts.keys()],
    documents: [...hosts.values()].reduce((n, host) => n + host.pages.size, 0),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(hosts: ReadonlyMap<string, SiteHost>, request: IncomingMessage, clock: Clock): Promise<Answer> {
  const host = hosts.get((request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase())
  const path = pathOf(request.url)
  if (!host || path === undefined) return text(404, 'text/plain', 'There is no such host here.\n')
  if (path === '/robots.txt') return text(200, 'text/plain', `User-agent: *\nDisallow: /search\nSitemap: http://${host.name}/sitemap.xml\n`)
  const modifiedAt = (page: SitePage) => publishedAt(`${host.name}${page.path}`, clock.now())
  if (path === '/sitemap.xml') return text(200, 'application/xml', renderSitemap(host, modifiedAt))
  if (path === '/') return text(200, 'text/html; charset=utf-8', renderIndex(host))
  const page = host.pages.get(path)
  if (!page) return text(404, 'text/plain', 'There is no such page here.\n')
  const source = await readFile(page.file, 'utf8')
  const html = renderPage({ host, page, text: source, modifiedAt: modifiedAt(page), hosts })
  const found = text(200, 'text/html; charset=utf-8', html)
  return { ...found, headers: { ...found.headers, 'last-modified': modifiedAt(page).toUTCString() } }
}

function pathOf(url: string | undefined): string | undefined {
  try {
    return decodeURI(new URL(url ?? '/', 'http://x').pathname)
  } catch {
    return undefined
  }
}

/** The last time of the page's own day in the rhythm that is not in the future, to the second (as HTTP dates are). */
function publishedAt(address: string, nowMs: number): Date {
  const phaseMs = (createHash('sha256').update(address).digest().readUInt32BE(0) * 1000) % rhythmMs
  return new Date(Math.floor((nowMs - phaseMs) / rhythmMs) * rhythmMs + phaseMs)
}

function text(status: number, type: string, body: string): Answer {
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`
  return { status, headers: { 'content-type': type, etag }, body }
}

function send(response: ServerResponse, request: IncomingMessage, { status, headers, body }: Answer): void {
  if (status === 200 && request.headers['if-none-match'] === headers['etag']) {
    response.writeHead(304, headers).end()
    return
  }
  const bytes = Buffer.from(body)
  response.writeHead(status, { ...headers, 'content-length': bytes.length }).end(request.method === 'HEAD' ? undefined : bytes)
}
