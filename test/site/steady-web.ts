import { randomUUID } from 'node:crypto'
import type { Http } from '#infra/net/http.ts'
import { story } from './story.ts'

/** How a page of the steady web lives. `nonce`: other bytes each time, and the same text. */
export type Life = 'still' | 'weekly' | 'daily' | 'nonce'

/** A web that is known through and through: hosts with pages of known lives, in this process, by its own time. */
export interface SteadyWeb {
  /** As if it were out there. */
  http: Http
  seeds: string[]
  /** By URL. What a host that hangs would have is none of them. */
  pages: ReadonlyMap<string, WebPage>
  /** No request gets through. */
  isOut: boolean
  /** Requests so far, of whatever. */
  requests: number
}

export interface WebPage {
  life: Life
  /** Of a sitemap that says of each of its pages that it changed just now. */
  isLiedAbout: boolean
  visits: number
  /** When its text became what it is (ms since epoch). */
  changedAt(): number
}

interface WebOptions {
  hosts: number
  now: () => number
}

const dayMs = 86_400_000
const periodMs: Readonly<Record<Life, number>> = { still: Infinity, nonce: Infinity, daily: dayMs, weekly: 7 * dayMs }
/** Of twenty pages. */
const lives: readonly Life[] = [...Array<Life>(11).fill('still'), ...Array<Life>(5).fill('weekly'), 'daily', 'daily', 'nonce', 'nonce']
const pagesPerHost = 3
const listedPages = 20
const startedAt = Date.UTC(2026, 0, 1)

/** One host in fifty never answers; one in a hundred has a sitemap of twenty still pages more that lies about them. */
export function steadyWeb({ hosts, now }: WebOptions): SteadyWeb {
  const web = { seeds: [] as string[], pages: new Map<string, WebPage>(), isOut: false, requests: 0 }
  const hanging = new Set<string>()
  const bodies = new Map<string, () => string>()
  for (let h = 0; h < hosts; h++) {
    const host = `h${String(h).padStart(4, '0')}.example`
    web.seeds.push(`http://${host}/`)
    if (h % 50 === 49) hanging.add(host)
    else settle(h, host, web.pages, bodies, now)
  }
  const http: Http = {
    isVirtual: () => false,
    addressOf: async (url) => new URL(url).hostname,
    [Symbol.asyncDispose]: async () => undefined,
    async get(url, { headers = {} } = {}) {
      web.requests++
      const { hostname } = new URL(url)
      if (web.isOut || hanging.has(hostname))
        return { ok: false, url, reason: web.isOut ? 'dns_failed' : 'headers_timeout', detail: '', address: undefined, wireBytes: 0 }
      const page = web.pages.get(url)
      if (page) page.visits++
      const etag = page && page.life !== 'nonce' ? `"${page.changedAt()}"` : undefined
      const body = bodies.get(url)
      const status = body === undefined ? 404 : etag !== undefined && headers['if-none-match'] === etag ? 304 : 200
      const bytes = Buffer.from(status === 200 ? (body?.() ?? '') : '')
      const type = url.endsWith('.xml') ? 'application/xml' : url.endsWith('.txt') ? 'text/plain' : 'text/html'
      return {
        ok: true,
        url,
        status,
        headers: { 'content-type': type, ...(etag === undefined ? {} : { etag }) },
        body: new Uint8Array(bytes),
        wireBytes: bytes.length,
        truncated: false,
        address: hostname,
        timings: { connectMs: undefined, firstByteMs: 0, totalMs: 0 },
      }
    },
  }
  return Object.assign(web, { http })
}

function settle(h: number, host: string, pages: Map<string, WebPage>, bodies: Map<string, () => string>, now: () => number): void {
  const add = (path: string, n: number, life: Life, links: readonly string[], isLiedAbout = false): void => {
    const url = `http://${host}${path}`
    // Each page has its own time of the day, or of the week.
    const phaseMs = Number.isFinite(periodMs[life]) ? (n * 7_919_000) % periodMs[life] : 0
    const version = () => (Number.isFinite(periodMs[life]) ? Math.floor((now() - startedAt + phaseMs) / periodMs[life]) : 0)
    const changedAt = () => (version() === 0 ? startedAt : startedAt - phaseMs + version() * periodMs[life])
    pages.set(url, { life, isLiedAbout, visits: 0, changedAt })
    bodies.set(url, () => html(n * 1000 + version(), links, life === 'nonce' ? randomUUID() : ''))
  }
  const own = Array.from({ length: pagesPerHost }, (_, p) => (p === 0 ? '/' : `/p${p}`))
  for (const [p, path] of own.entries()) {
    const n = h * pagesPerHost + p
    add(path, n, lives[n % lives.length] ?? 'still', p === 0 ? own.slice(1) : [])
  }
  if (h % 100 !== 50) return
  const listed = Array.from({ length: listedPages }, (_, n) => `/listed${n}`)
  for (const [n, path] of listed.entries()) add(path, 1_000_000 + h * listedPages + n, 'still', [], true)
  bodies.set(`http://${host}/robots.txt`, () => 'Sitemap: /sitemap.xml')
  const entry = (path: string) => `<url><loc>http://${host}${path}</loc><lastmod>${new Date(now() - 1000).toISOString()}</lastmod></url>`
  bodies.set(`http://${host}/sitemap.xml`, () => `<urlset>${listed.map(entry).join('')}</urlset>`)
}

const html = (salt: number, links: readonly string[], nonce: string): string =>
  `<html lang="en"><head><title>Page ${salt}</title><meta name="token" content="${nonce}"></head><body><main><p>${story(salt, 8)}</p>` +
  `${links.map((link) => `<a href="${link}">more</a>`).join(' ')}</main></body></html>`
