import { describe, expect, onTestFinished, test } from 'vitest'
import { openBrowser, type BrowserOptions } from '#infra/net/browser.ts'
import { findChromium } from '#infra/net/browser/find-chromium.ts'
import type { PageWork, SubRequest } from '#infra/net/browser/rendering.ts'
import { createHttp } from '#infra/net/http.ts'
import { openSite, type Page } from '#test/site/site.ts'

const executablePath = findChromium(process.env['ORRERY_BROWSER_PATH'] ?? '')
if (executablePath === undefined) console.warn('SKIPPED: the browser is not tested, there is no Chromium on this machine (Debian: apt-get install chromium).')

const endless: Page = (response) => {
  response.writeHead(200, { 'content-type': 'text/plain' })
  const next = (): void => void (response.destroyed || response.write('x'.repeat(65_536), () => setImmediate(next)))
  next()
}
const pages: Record<string, string> = {
  '/good': '<p>good text</p>',
  '/loop': '<p>x</p><script>for (;;);</script>',
  '/late': '<p>x</p><script>addEventListener("load", () => setTimeout(() => { for (;;); }))</script>',
  '/busy': '<p id="t">as it stands</p><script>setInterval(() => fetch("/good"), 50)</script>',
  '/greedy': '<p>x</p><script>for (let i = 0; i < 2000; i++) fetch("/good?" + i)</script>',
  '/blocked': '<p>as far as</p><script src="/silent"></script><p>it came</p>',
  '/download': '<p>x</p><script>fetch("/endless").then((r) => r.text())</script>',
  '/huge': '<script>document.write("<p>" + "x".repeat(5e6))</script>',
  '/hoard': '<script>const all = []; for (;;) all.push(new Array(1e6).fill(Math.random()))</script>',
}

const assets: Record<string, Page> = { '/good': 'x', '/silent': () => undefined, '/endless': endless }

describe.skipIf(executablePath === undefined)('a browser', () => {
  const never = new AbortController().signal

  async function open(options: Partial<BrowserOptions> = {}) {
    const site = await openSite({ 'one.localhost': assets })
    const http = createHttp({ userAgent: 'Orrery/0', timeoutMs: 60_000, bytesMax: 1 << 20, hosts: site.hosts })
    const browser = openBrowser({ executablePath: executablePath ?? '', userAgent: 'Orrery/0', pagesMax: 2, timeoutMs: 4000, bytesMax: 1 << 20, ...options })
    onTestFinished(async () => {
      await browser.close()
      await http[Symbol.asyncDispose]()
      await site[Symbol.asyncDispose]()
    })
    const load = async ({ url, headers, signal }: SubRequest) => {
      const answer = await http.get(url, { headers, signal })
      return answer.ok ? answer : undefined
    }
    const render = (path: string, { signal = never, ...over }: Partial<PageWork> & { signal?: AbortSignal } = {}) =>
      browser.render({ url: `http://one.localhost${path}`, body: Buffer.from(pages[path] ?? ''), contentType: 'text/html', load, ...over }, signal)
    return { site, browser, render }
  }

  test.each([
    ['render_timeout', '/loop'],
    ['render_timeout', '/late'],
    ['too_large', '/huge'],
  ])('gives up with %s on %s, and goes on', async (reason, path) => {
    const { render } = await open()
    expect(await render(path)).toEqual({ ok: false, reason })
    expect(await render('/good')).toMatchObject({ ok: true, html: expect.stringContaining('good text') })
  })

  test('takes a page that is never quiet as it stands', async () => {
    const { render } = await open()
    expect(await render('/busy')).toMatchObject({ ok: true, html: expect.stringContaining('as it stands') })
  })

  test.each(['/blocked', '/download'])('takes a page as it stands that asks for what does not come: %s', async (path) => {
    const { render } = await open()
    expect(await render(path)).toMatchObject({ ok: true, html: expect.stringMatching(/<p>(?:x|it came)/) })
  })

  test('makes only so many requests for one page', async () => {
    const { site, render } = await open({ timeoutMs: 20_000 })
    expect(await render('/greedy')).toMatchObject({ ok: true })
    expect(site.requests).toHaveLength(50)
  })

  test('goes on when what it asks for is an error', async () => {
    const { render } = await open({ timeoutMs: 20_000 })
    expect(await render('/greedy', { load: () => Promise.reject(new Error('no answer')) })).toMatchObject({ ok: true })
    expect(await render('/good')).toMatchObject({ ok: true })
  })

  test('says that it is busy when no place becomes free in time', async () => {
    const { render } = await open({ pagesMax: 1, timeoutMs: 4000 })
    await render('/good')
    const rendered = await Promise.all(['/loop', '/loop', '/good'].map((path) => render(path)))
    expect(rendered[0]).toEqual({ ok: false, reason: 'render_timeout' })
    expect(rendered.slice(1)).toContainEqual({ ok: false, reason: 'browser_busy' })
  })

  test('loses no more than the page that takes all memory', async () => {
    const { render } = await open({ timeoutMs: 30_000 })
    const [hoard, good] = await Promise.all([render('/hoard'), render('/good')])
    expect(hoard).toMatchObject({ ok: false })
    expect(good).toMatchObject({ ok: true })
    expect(await render('/good')).toMatchObject({ ok: true })
  })

  test('renders more pages than it has places, past the age of its contexts', { timeout: 100_000 }, async () => {
    const { render } = await open({ pagesMax: 1, timeoutMs: 90_000 })
    const rendered = await Promise.all(Array.from({ length: 22 }, () => render('/good')))
    expect(rendered.filter(({ ok }) => !ok)).toEqual([])
  })

  test('is started again after it was closed for idleness', async () => {
    const { render } = await open({ idleMs: 1 })
    expect(await render('/good')).toMatchObject({ ok: true })
    expect(await render('/good')).toMatchObject({ ok: true })
  })

  test('an abort by the caller rejects with the caller’s reason, in a place or waiting for one', async () => {
    const { render } = await open({ pagesMax: 1, timeoutMs: 20_000 })
    const stop = new AbortController()
    const answers = Promise.allSettled([render('/blocked', { signal: stop.signal }), render('/blocked', { signal: stop.signal })])
    stop.abort(new Error('enough'))
    expect((await answers).map((answer) => answer.status === 'rejected' && answer.reason.message)).toEqual(['enough', 'enough'])
    expect(await render('/good')).toMatchObject({ ok: true })
  })
})
