import { createSocket } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { privateSpellings } from '#test/adversary/private-spellings.ts'
import { openListener, type Listener } from '#test/site/listener.ts'
import { openSite, type Page, type Site } from '#test/site/site.ts'
import { findChromium } from './browser/find-chromium.ts'
import type { Browser, PageWork, SubRequest } from './browser/rendering.ts'
import { openBrowser } from './browser.ts'
import { createHttp, type Http } from './http.ts'

const executablePath = findChromium(process.env['ORRERY_BROWSER_PATH'] ?? '')
if (executablePath === undefined) console.warn('SKIPPED: the browser is not tested, there is no Chromium on this machine (Debian: apt-get install chromium).')

const script =
  (body: string): Page =>
  (response) =>
    void response.writeHead(200, { 'content-type': 'text/javascript' }).end(body)
const page = (body: string, head = ''): string => `<!doctype html><title>t</title>${head}<div id="root"></div>${body}`
const show = (expression: string): string =>
  `<script>Promise.resolve(${expression}).catch((e) => 'failed ' + e.name).then((x) => { document.getElementById('root').textContent = x })</script>`

const pages: Record<string, string> = {
  '/app':
    page('<script src="/app.js"></script>', '<link rel=stylesheet href="/style.css"><link rel=icon href="/icon.png">') +
    '<img src="/image.png"><iframe src="/frame"></iframe>',
  '/agent': page(show('navigator.userAgent')),
  '/headers': page(
    show(`fetch('http://two.localhost/echo', { headers: { accept: 'application/json', 'x-key': '1', 'x-forwarded-for': '1' } }).then((r) => r.text())`),
  ),
  '/rude': page(
    `<script>open('/popup'); alert('x'); navigator.serviceWorker?.register('/worker.js'); document.cookie = 'seen=1'; navigator.sendBeacon('/beacon', 'x'); new WebSocket('ws://one.localhost/socket'); fetch('/post', { method: 'POST', body: 'x' }).catch(() => 0); new EventSource('/events')</script>polite text`,
  ),
  '/cookie': page(show('document.cookie')),
  '/reach': page(show(`fetch('/allowed').then((r) => r.status + ' ' + r.url)`) + `<script src="/refused.js"></script>`),
  '/leaves': page('<script>location.href = "/elsewhere"</script>stays'),
  '/leaves-later': page('<script>addEventListener("load", () => { location.href = "/elsewhere" })</script>stays'),
  '/worker': page(
    show(
      `new Promise((done) => { new Worker(URL.createObjectURL(new Blob(["fetch('http://one.localhost/data').then((r) => r.text()).then(postMessage, () => postMessage('none'))"]))).onmessage = (e) => done(e.data) })`,
    ),
  ),
}
const assets: Record<string, Page> = {
  '/app.js': script(`fetch('/data').then((r) => r.json()).then((d) => { document.getElementById('root').textContent = d.text })`),
  '/data': (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"text":"text that a script brought"}'),
  '/allowed': 'x',
}

const open = (options: Partial<Parameters<typeof openBrowser>[0]> = {}): Browser =>
  openBrowser({
    executablePath: executablePath ?? '',
    userAgent: 'Orrery/0 (+https://example.org/crawl)',
    pagesMax: 2,
    timeoutMs: 60_000,
    bytesMax: 1 << 20,
    ...options,
  })
const echo: Page = (response, { headers }) =>
  void response.writeHead(200, { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' }).end(JSON.stringify(headers))

function chromiumProcesses(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[3] === String(process.pid) && /chrom/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
      } catch {
        return false
      }
    })
}

describe.skipIf(executablePath === undefined)('a browser', () => {
  const never = new AbortController().signal
  let site: Site
  let http: Http
  let listener: Listener
  let browser: Browser
  const load = async ({ url, headers, signal }: SubRequest) => {
    const answer = await http.get(url, { headers, signal })
    return answer.ok ? answer : undefined
  }
  const work = (path: string, over: Partial<PageWork> = {}): PageWork => ({
    url: `http://one.localhost${path}`,
    body: Buffer.from(pages[path] ?? ''),
    contentType: 'text/html; charset=utf-8',
    load,
    ...over,
  })
  const render = (path: string, over: Partial<PageWork> = {}) => browser.render(work(path, over), never)

  beforeAll(async () => {
    site = await openSite({ 'one.localhost': assets, 'two.localhost': { '/echo': echo } })
    listener = await openListener()
    http = createHttp({ userAgent: 'Orrery/0 (+https://example.org/crawl)', timeoutMs: 60_000, bytesMax: 1 << 20, hosts: site.hosts, ports: [listener.port] })
    browser = open()
  })
  afterAll(async () => {
    await browser.close()
    await http[Symbol.asyncDispose]()
    await listener[Symbol.asyncDispose]()
    await site[Symbol.asyncDispose]()
  })

  test('gives the page its scripts made, without asking for it, and loads scripts and data only', async () => {
    const rendered = await render('/app')
    expect(rendered).toMatchObject({ ok: true, url: 'http://one.localhost/app' })
    expect(rendered.ok && rendered.html).toContain('text that a script brought')
    expect(site.paths('one.localhost').toSorted()).toEqual(['/app.js', '/data'])
  })

  test('says who it is to scripts too', async () => {
    expect(await render('/agent')).toMatchObject({ ok: true, html: expect.stringContaining('<div id="root">Orrery/0 (+https://example.org/crawl)</div>') })
  })

  test('tells another host what is wanted and from where, and nothing else', async () => {
    const rendered = await render('/headers')
    const [, echoed = '{}'] = /<div id="root">(.*?)<\/div>/.exec((rendered.ok && rendered.html) || '') ?? []
    expect(JSON.parse(echoed)).toEqual({
      host: 'two.localhost',
      connection: 'keep-alive',
      'user-agent': 'Orrery/0 (+https://example.org/crawl)',
      'accept-encoding': expect.any(String),
      accept: 'application/json',
      'accept-language': expect.any(String),
      origin: 'http://one.localhost',
      referer: 'http://one.localhost/',
      'x-key': '1',
    })
  })

  test('asks for everything beside the document, and is content with a refusal or an error', async () => {
    const asked: string[] = []
    const choosy = async (request: SubRequest) => {
      asked.push(`${request.kind} ${new URL(request.url).pathname}`)
      if (request.url.endsWith('/refused.js')) throw new Error('no')
      return load(request)
    }
    const rendered = await render('/reach', { load: choosy })
    expect(rendered.ok && rendered.html).toContain('200 http://one.localhost/allowed')
    expect(asked.toSorted()).toEqual(['data /allowed', 'script /refused.js'])
    expect(await render('/app', { load: async () => undefined })).toMatchObject({ ok: true, html: expect.stringContaining('<div id="root"></div>') })
  })

  test('opens no window, dialog, socket or stream, sends nothing, and leaves no cookie to the next page', async () => {
    const before = site.requests.length
    expect(await render('/rude')).toMatchObject({ ok: true, html: expect.stringContaining('polite text') })
    expect(site.requests.slice(before)).toEqual([])
    expect(await render('/cookie')).toMatchObject({ ok: true, html: expect.stringContaining('<div id="root"></div>') })
  })

  test('does not follow a page elsewhere', async () => {
    const before = site.requests.length
    expect(await render('/leaves')).toEqual({ ok: false, reason: 'page_left' })
    expect(await render('/leaves-later')).toMatchObject({ ok: true, url: 'http://one.localhost/leaves-later', html: expect.stringContaining('stays') })
    expect(site.requests.slice(before)).toEqual([])
  })

  test('loads for a worker as for its page, or not at all', async () => {
    const asked: string[] = []
    const rendered = await render('/worker', { load: (request) => (asked.push(request.url), load(request)) })
    expect(rendered.ok && rendered.html).toMatch(asked.length > 0 ? /text that a script brought/ : /none/)
  })

  test('contacts nobody, whatever its pages try', async () => {
    const before = site.requests.length
    const plain = privateSpellings.map((spelling) => spelling.replace('P', String(listener.port)))
    const urls = [...plain, `http://127.0.0.1:${site.port}/`, ...plain.map((url) => url.replace('http', 'https'))]
    const each = `(u) => { try { new WebSocket(u.replace('http', 'ws')) } catch {}; try { new Worker(u) } catch {}; try { navigator.sendBeacon(u, 'x') } catch {}; for (const rel of ['preconnect', 'dns-prefetch', 'prefetch', 'preload', 'modulepreload', 'prerender', 'icon', 'manifest']) { const l = document.createElement('link'); l.rel = rel; l.href = u; l.as = 'script'; document.head.append(l) }; return fetch(u, { mode: 'no-cors', keepalive: true }).then((r) => r.type + r.status, () => 'no') }`
    const body = Buffer.from(page(show(`Promise.all(${JSON.stringify(urls)}.map(${each})).then((all) => 'tried ' + all.length)`)))
    const rendered = await render('/tries', { body, load: async () => undefined })
    expect(rendered.ok && rendered.html).toContain(`tried ${urls.length}`)
    expect(listener.connections()).toBe(0)
    expect(site.requests.slice(before)).toEqual([])
  })

  test('sends no datagram by WebRTC', async () => {
    const socket = createSocket('udp4')
    let datagrams = 0
    socket.on('message', () => void datagrams++)
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    const stun = `stun:127.0.0.1:${(socket.address() as AddressInfo).port}`
    const body = page(
      show(
        `(async () => { const c = new RTCPeerConnection({ iceServers: [{ urls: '${stun}' }] }); c.createDataChannel('x'); await c.setLocalDescription(); await new Promise((done) => { c.onicegatheringstatechange = () => c.iceGatheringState === 'complete' && done(); setTimeout(done, 400) }); return 'gathered' })()`,
      ),
    )
    await render('/rtc', { body: Buffer.from(body) })
    expect(datagrams).toBe(0)
    socket.close()
  })

  test('is gone after close, and renders no more', async () => {
    const other = open()
    const running = other.render(work('/app'), never)
    await other.close()
    expect(await running).toMatchObject({ ok: false, reason: 'browser_unavailable' })
    expect(await other.render(work('/app'), never)).toEqual({ ok: false, reason: 'browser_unavailable' })
  })

  test('a crash of the browser costs one page', async () => {
    const asked = Promise.withResolvers<void>()
    site.set('one.localhost', { '/hangs.js': () => asked.resolve() })
    const crashing = render('/hangs', { body: Buffer.from(page('<script src="/hangs.js"></script>')) })
    await asked.promise
    for (const pid of chromiumProcesses()) process.kill(pid, 'SIGKILL')
    expect(await crashing).toEqual({ ok: false, reason: 'browser_crashed' })
    expect(await render('/app')).toMatchObject({ ok: true, html: expect.stringContaining('text that a script brought') })
  })

  test('closed, it leaves no process', async () => {
    expect(chromiumProcesses().length).toBeGreaterThan(0)
    await browser.close()
    expect(chromiumProcesses()).toEqual([])
  })
})

test('a browser that cannot be started is a reason', async () => {
  await using browser = openBrowser({ executablePath: '/no/such/chromium', userAgent: 'x', pagesMax: 1, timeoutMs: 1000, bytesMax: 1000 })
  const work: PageWork = { url: 'http://one.localhost/', body: Buffer.from('x'), contentType: 'text/html', load: async () => undefined }
  expect(await browser.render(work, new AbortController().signal)).toEqual({ ok: false, reason: 'browser_unavailable' })
})
