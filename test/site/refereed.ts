import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { story } from './story.ts'

/** What a host is like; each is another test of manners. */
export const hostKinds = ['plain', 'slow', 'closed', 'busy', 'private', 'noindex', 'spellings', 'calendar', 'hostile', 'versioned'] as const
export type HostKind = (typeof hostKinds)[number]

export interface RefereedHost {
  kind: HostKind
  origin: string
  /** Paths asked so far, robots.txt included. */
  asked: string[]
  /** Paths of pages that were given in full. */
  served: Set<string>
}

/** A small hostile web that watches what is done to it. */
export interface RefereedWeb extends AsyncDisposable {
  hosts: Record<HostKind, RefereedHost>
  /** `rule: URL`; what a crawler with manners leaves empty. */
  violations: string[]
  /** Requests with a condition that were answered by 304, and all of the versioned host but robots.txt. */
  versions: { notModified: number; asked: number }
  /** From now on every fourth page of the versioned host is another. */
  advance(): void
}

/** Paths of the pages of each host: they link to each other in a tree. */
export const pagePaths = (pages: number): string[] => Array.from({ length: pages }, (_, i) => `/p/${i}`)

const crawlDelaySeconds = 0.3
const retryAfterSeconds = 1
/** A clock of another process, and one event loop shared with the test: this much early is on time. */
const toleranceMs = 15

/** Needs the whole of 127.0.0.0/8 as loopback, as Linux has it: each host is an address of 127.0.2.0/24 on one port. */
export async function openRefereedWeb(pages: number): Promise<RefereedWeb> {
  const stack = new AsyncDisposableStack()
  const web: Omit<RefereedWeb, 'hosts' | typeof Symbol.asyncDispose> & { hosts: Partial<RefereedWeb['hosts']>; revision: number } = {
    hosts: {},
    violations: [],
    versions: { notModified: 0, asked: 0 },
    revision: 0,
    advance: () => void web.revision++,
  }
  let port = 0
  for (const [i, kind] of hostKinds.entries()) {
    const address = `127.0.2.${i + 1}`
    const host: RefereedHost = { kind, origin: '', asked: [], served: new Set() }
    const serve = watch(host, pages, web)
    const server = createServer((request, response) => serve(request, response))
    server.listen(port, address)
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
    host.origin = `http://${address}:${port}`
    web.hosts[kind] = host
    stack.defer(() => close(server))
  }
  return Object.assign(web, { hosts: web.hosts as RefereedWeb['hosts'], [Symbol.asyncDispose]: () => stack.disposeAsync() })
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}

type Web = Pick<RefereedWeb, 'violations' | 'versions'> & { revision: number }

function watch(host: RefereedHost, pages: number, web: Web) {
  const { kind, asked } = host
  let last = -Infinity
  let closedUntil = -Infinity
  let count = 0
  return (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url ?? '/'
    const now = performance.now()
    const violate = (rule: string) => void web.violations.push(`${rule}: ${host.origin}${path}`)
    asked.push(path)
    if (kind === 'slow' && now - last < crawlDelaySeconds * 1000 - toleranceMs) violate('earlier than Crawl-delay')
    if (now < closedUntil - toleranceMs) violate('earlier than Retry-After')
    last = now
    if (path === '/robots.txt') {
      if (kind === 'closed') return void response.writeHead(503).end()
      const rules = kind === 'slow' ? `Crawl-delay: ${crawlDelaySeconds}` : kind === 'private' ? 'Disallow: /private/' : 'Disallow:'
      return void response.writeHead(200, { 'content-type': 'text/plain' }).end(`User-agent: *\n${rules}\nSitemap: ${host.origin}/sitemap.xml\n`)
    }
    if (kind === 'closed') violate('robots.txt could not be read')
    if (!asked.includes('/robots.txt')) violate('robots.txt was not read')
    if (path.startsWith('/private/')) violate('robots.txt forbids it')
    if (kind === 'busy' && now >= closedUntil && ++count % 5 === 3) {
      closedUntil = now + retryAfterSeconds * 1000
      return void response.writeHead(429, { 'retry-after': String(retryAfterSeconds) }).end()
    }
    answer({ host, path, pages, web, request, response })
  }
}

interface Asked {
  host: RefereedHost
  path: string
  pages: number
  web: Web
  request: IncomingMessage
  response: ServerResponse
}

function answer({ host, path, pages, web, request, response }: Asked): void {
  const html = (body: string | Uint8Array, headers: Record<string, string> = {}, status = 200) =>
    void response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(body)
  if (path === '/sitemap.xml') {
    const urls = pagePaths(pages).map((page) => `<url><loc>${host.origin}${page}</loc></url>`)
    return void response.writeHead(200, { 'content-type': 'application/xml' }).end(`<urlset>${urls.join('')}</urlset>`)
  }
  const [, trap, number = ''] = /^\/(cal|moved|hostile)\/(\d+)$/.exec(path) ?? []
  if (trap === 'cal') return html(`<p>Day ${number}</p><a href="/cal/${Number(number) + 1}">next</a>`)
  if (trap === 'moved') return html('', { location: `/p/${number}` }, 301)
  if (trap === 'hostile') return hostile[Number(number)]?.(response)
  const [, digits] = /^\/p\/(\d+)(?:\?|$)/.exec(path === '/' ? '/p/0' : path) ?? []
  const page = Number(digits ?? NaN)
  if (!(page < pages)) return html('<p>Nothing is here.</p>', {}, 404)
  const revision = host.kind === 'versioned' && page % 4 === 1 ? web.revision : 0
  const etag = `"${page}-${revision}"`
  if (host.kind === 'versioned') web.versions.asked++
  if (host.kind === 'versioned' && request.headers['if-none-match'] === etag) {
    web.versions.notModified++
    return void response.writeHead(304, { etag }).end()
  }
  host.served.add(path)
  const isHidden = host.kind === 'noindex' && page % 2 === 1
  html(pageHtml(host, page, pages, revision), { ...(host.kind === 'versioned' ? { etag } : {}), ...(isHidden ? { 'x-robots-tag': 'noindex' } : {}) })
}

function pageHtml({ kind, origin }: RefereedHost, page: number, pages: number, revision: number): string {
  const links = [2 * page + 1, 2 * page + 2].filter((n) => n < pages).map((n) => `/p/${n}`)
  if (kind === 'private') links.push(`/private/${page}`)
  if (kind === 'spellings')
    links.push(`/p/${page}?utm_source=x`, `/p/${page}#top`, `/x/../p/${page}`, `/moved/${page}`, `${origin.toUpperCase()}/p/${page}?PHPSESSID=1`)
  if (kind === 'calendar') links.push('/cal/1')
  if (kind === 'hostile' && page === 0) links.push(...hostile.map((_, i) => `/hostile/${i}`))
  const text = story(hostKinds.indexOf(kind) * 10_000 + page * 100 + revision, 20)
  return `<html lang="en"><title>${kind} ${page}</title><main><p>${text}</p></main>${links.map((link) => `<a href="${link}">more</a>`).join(' ')}</html>`
}

const bomb = gzipSync(Buffer.alloc(32 << 20))

/** What a host may send to hurt: each ends with a reason of its own. */
export const hostileReasons = [
  'too_large',
  'timeout',
  'redirect_loop',
  'redirected',
  'redirected',
  'not_html',
  'too_deep',
  'truncated_body',
  'connection_failed',
] as const
const hostile: ((response: ServerResponse) => void)[] = [
  (response) => void response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end(bomb),
  () => undefined,
  (response) => void response.writeHead(302, { location: '/hostile/2' }).end(),
  (response) => void response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end(),
  (response) => void response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  (response) => void response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(Buffer.alloc(1000, 255)),
  (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<div>'.repeat(100_000)),
  (response) => void response.writeHead(200, { 'content-type': 'text/html', 'content-length': '1000' }).write('short', () => response.socket?.destroy()),
  (response) => void response.socket?.destroy(),
]
