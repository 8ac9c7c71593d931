import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHttp } from '#infra/net/http.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Clock } from '#schemas/clock.ts'
import { openTaskReader, type PageDocument, type ReadTask } from '#scraper/document/page-document.ts'
import type { PagePool } from '#scraper/document/page-pool.ts'
import type { Refetch } from '#scraper/validator/refetch.ts'
import { webRefetch } from '#scraper/validator/web-refetch.ts'
import { story } from '#test/site/story.ts'

/** A page as its owner has it now. */
export interface WebPage {
  title: string
  paragraphs: readonly string[]
  /** What the page says of itself; null: nothing. */
  publishedAt: Date | null
  /** When its owner changed it last, by its headers; absent: as it was published. */
  modifiedAt?: Date
  /** Pictures with a caption each and no other word, in place of the paragraphs. */
  pictures?: readonly string[]
}

/** Pages of hosts under `.example`, served on the loopback, with robots.txt and all. */
export interface Web extends AsyncDisposable {
  /** Puts a page there, or another in its place. */
  publish(url: string, page: WebPage): void
  page(url: string): WebPage
  /** Takes a page away: 404 from now on. */
  remove(url: string): void
  /** Hosts whose connections break; the owners of all others answer. */
  readonly silent: Set<string>
  /** Nothing is reached. */
  isDown: boolean
  /** What a miner makes of the page when it fetches it now. @throws Error for a page of which nothing is kept */
  read(url: string, nowMs: number): PageDocument
  /** How a validator looks at it: over HTTP, with the crawler's manners. */
  refetch: Refetch
  /** Requests answered so far. */
  requests(): number
}

/** @param pace paces what a host is asked. @param facts says what time it is on a page */
export async function openWeb(pace: Clock, facts: Clock): Promise<Web> {
  const pages = new Map<string, WebPage>()
  const silent = new Set<string>()
  const stack = new AsyncDisposableStack()
  const reader = remembering(await openTaskReader())
  let requests = 0
  const server = createServer(({ url = '', headers }, response) => {
    requests++
    const host = (headers.host ?? '').replace(/:\d+$/, '')
    if (web.isDown || silent.has(host)) return void response.destroy()
    if (url === '/robots.txt') return send(response, 200, text, 'User-agent: *\nAllow: /\n')
    const page = pages.get(`http://${host}${url}`)
    return page ? send(response, 200, headersOf(page), render(page)) : send(response, 404, text, 'There is no such page.\n')
  })
  const port = await listen(server)
  stack.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const http = stack.use(
    createHttp({
      userAgent: 'orrery-arena',
      timeoutMs: 20_000,
      bytesMax: 2 ** 20,
      hosts: (hostname) => (hostname.endsWith('.example') ? { address: '127.0.0.1', port } : undefined),
    }),
  )
  const read = (url: string, nowMs: number): PageDocument => {
    const page = the(pages, url)
    const fetched = { url, status: 200, headers: headersOf(page), body: Buffer.from(render(page)) }
    const { document } = reader({ fetched, rendered: undefined, robotsTxt: 'found', host: undefined, nowMs, obeyRights: true, keepsMarkdown: false, quality })
    if (typeof document === 'string') throw new Error(`nothing is kept of ${url}: ${document}`)
    return document
  }
  const web: Web = {
    publish: (url, page) => void pages.set(url, page),
    page: (url) => the(pages, url),
    remove: (url) => void pages.delete(url),
    silent,
    isDown: false,
    read,
    refetch: webRefetch({ http, pages: inThisProcess(reader), telemetry: createTelemetry(), pace, facts, hostDelayMs: 0, contact: 'arena@orrery.example' }),
    requests: () => requests,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
  return web
}

/** What the jobs ask of texts: also a page of few words is one. */
export const quality = { gopher_quality: { words_min: 3, stop_words_min: 0 }, gopher_repetition: { enabled: false } } as const

/** A page with a date is the same whenever it is read, but for the time of the fetch. */
function remembering(reader: ReadTask): ReadTask {
  const known = new Map<string, ReturnType<ReadTask>>()
  return (task) => {
    const { url, headers, body } = task.fetched
    const html = Buffer.from(body).toString()
    const key = html.includes(dateName) ? JSON.stringify([url, headers['last-modified'], html]) : undefined
    const reading = (key === undefined ? undefined : known.get(key)) ?? reader(task)
    if (key !== undefined) known.set(key, reading)
    const { document } = reading
    return typeof document === 'string' ? reading : { ...reading, document: { ...document, fetched_at: new Date(task.nowMs) } }
  }
}

const dateName = 'article:published_time'

/** The reader of the pool without its processes: these pages are our own. */
const inThisProcess = (reader: ReadTask): PagePool => ({
  read: async (task) => reader(task),
  readText: () => Promise.reject(new Error('no text comes here')),
  find: () => Promise.reject(new Error('no feed comes here')),
  [Symbol.asyncDispose]: async () => undefined,
})

/** An article of its own for each number. */
export const article = (n: number, publishedAt: Date | null): WebPage => ({
  title: `Article ${n}`,
  paragraphs: [story(2 * n, 3), story(2 * n + 1, 3)],
  publishedAt,
})

const the = (pages: ReadonlyMap<string, WebPage>, url: string): WebPage => {
  const page = pages.get(url)
  if (!page) throw new Error(`there is no page ${url}`)
  return page
}

function render({ title, paragraphs, publishedAt, pictures }: WebPage): string {
  const date = publishedAt === null ? '' : `<meta property="${dateName}" content="${publishedAt.toISOString()}">`
  const body = pictures
    ? pictures.map((caption, n) => `<figure><img src="/${n}.jpg" alt=""><figcaption>${caption}</figcaption></figure>`)
    : [`<h1>${title}</h1>`, ...paragraphs.map((text) => `<p>${text}</p>`)]
  return `<html lang="en"><head><title>${title}</title>${date}</head><body><main><article>${body.join('')}</article></main></body></html>`
}

const text = { 'content-type': 'text/plain' }

/** Of two pages one says when it was changed, and which version this is. */
function headersOf(page: WebPage): Record<string, string> {
  const modifiedAt = page.modifiedAt ?? page.publishedAt
  const says = modifiedAt !== null && Number(/\d+/.exec(page.title)?.[0]) % 2 === 0
  const html = { 'content-type': 'text/html; charset=utf-8' }
  return says ? { ...html, 'last-modified': modifiedAt.toUTCString(), etag: `"${sha256Hex(render(page)).slice(0, 16)}"` } : html
}

const send = (response: ServerResponse, status: number, headers: Record<string, string>, body: string): void =>
  void response.writeHead(status, headers).end(body)

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
