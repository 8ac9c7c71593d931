import { createServer } from 'node:https'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { sqliteFrontier } from '#infra/frontier/sqlite.ts'
import { findChromium } from '#infra/net/browser/find-chromium.ts'
import type { Browser } from '#infra/net/browser/rendering.ts'
import { openBrowser } from '#infra/net/browser.ts'
import { createHttp } from '#infra/net/http.ts'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { createAuthority, issueCertificate, type Certificate } from '#test/site/certificate.ts'
import { createRobots } from '../robots/robots.ts'
import { pageRenderer } from './render-page.ts'

const executablePath = findChromium(process.env['ORRERY_BROWSER_PATH'] ?? '')
if (executablePath === undefined) console.warn('SKIPPED: pages are not rendered, there is no Chromium on this machine (Debian: apt-get install chromium).')

const authority = createAuthority()
const good = issueCertificate({ names: ['tls.localhost', 'cdn.localhost'] }, authority)
const crawlDelayMs = 200
const lookup = async () => [{ address: '127.0.0.1' }]

/** A web of one file per path over TLS; it notes when it was asked for what. */
async function openTls(certificate: Certificate, files: Record<string, string>) {
  const asked: { at: number; path: string }[] = []
  const server = createServer(certificate, ({ url = '/' }, response) => {
    asked.push({ at: performance.now(), path: url })
    const headers = { 'content-type': url.endsWith('.js') ? 'text/javascript' : 'application/json', 'access-control-allow-origin': '*' }
    response.writeHead(files[url] === undefined ? 404 : 200, headers).end(files[url])
  })
  server.on('tlsClientError', () => undefined)
  const listening = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { asked, port: (server.address() as AddressInfo).port }
}

describe.skipIf(executablePath === undefined)('a rendered page', () => {
  let browser: Browser
  beforeAll(() => {
    browser = openBrowser({ executablePath: executablePath ?? '', userAgent: 'Orrery/0', pagesMax: 2, timeoutMs: 60_000, bytesMax: 1 << 20 })
  })
  afterAll(() => browser[Symbol.asyncDispose]())

  async function openRenderer(origins: string[]) {
    const pace = systemClock()
    const telemetry = createTelemetry()
    const http = createHttp({ userAgent: 'Orrery/0', timeoutMs: 60_000, bytesMax: 1 << 20, ca: authority.cert, allowPrivate: origins, lookup })
    const frontier = sqliteFrontier(join(await temporaryFolder(), 'frontier.sqlite'), { clock: pace })
    onTestFinished(async () => {
      await http[Symbol.asyncDispose]()
      await frontier[Symbol.asyncDispose]()
    })
    const render = pageRenderer({
      browser,
      http,
      robots: createRobots(http, pace),
      turns: frontier,
      pace,
      telemetry,
      restMs: async (_, robotsMs) => robotsMs,
      mayAsk: () => true,
      turnMs: 60_000,
    })
    const show = async (url: string, html: string) => {
      await frontier.add([{ url, kind: 'page', label: 'a', priority: 1 }])
      const [claim] = await frontier.claim({ limit: 1, leaseMs: 60_000 })
      const shown = await render({ url, status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from(html) }, new AbortController().signal)
      if (claim) await frontier.done(claim, { outcome: 'stored', hostDelayMs: 0 })
      return shown
    }
    return { show, telemetry }
  }

  const app = `fetch('/data.json').then((r) => r.json()).then((d) => { document.getElementById('root').innerHTML = d.text + ' <a href="/found">more</a>' })`

  test('over TLS shows what its scripts bring, each asked for in its turn, and the script once for all pages', async () => {
    const web = await openTls(good, {
      '/robots.txt': `User-agent: *\nCrawl-delay: ${crawlDelayMs / 1000}`,
      '/app.js': app,
      '/data.json': '{"text":"brought over TLS"}',
    })
    const origin = `https://tls.localhost:${web.port}`
    const { show } = await openRenderer([origin])
    for (const path of ['/1', '/2']) {
      const shown = await show(origin + path, '<!doctype html><div id="root"></div><script src="/app.js"></script><img src="/x.png">')
      expect(shown?.html).toContain('brought over TLS')
      expect(shown?.found.pages).toMatchObject([{ url: `${origin}/found` }])
    }
    expect(web.asked.map(({ path }) => path)).toEqual(['/robots.txt', '/app.js', '/data.json', '/data.json'])
    const gaps = web.asked.slice(2).map(({ at }, i) => at - (web.asked[i + 1]?.at ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(crawlDelayMs - 10)
  })

  test('does without what TLS trouble keeps from it', async () => {
    const web = await openTls(good, {})
    const bad = await openTls(issueCertificate({ names: ['cdn.localhost'] }), { '/lib.js': 'document.write("never")' })
    const origin = `https://tls.localhost:${web.port}`
    const { show, telemetry } = await openRenderer([origin, `https://cdn.localhost:${bad.port}`])
    const shown = await show(`${origin}/`, `<!doctype html><p>as it stands</p><script src="https://cdn.localhost:${bad.port}/lib.js"></script>`)
    expect(shown?.html).toContain('as it stands')
    expect(shown?.html).not.toContain('never')
    expect(bad.asked).toEqual([])
    expect(JSON.stringify(telemetry.snapshot())).toMatch(/crawl\.render_requests[^,]*robots_unreachable/)
  })
})
