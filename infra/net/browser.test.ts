import { createSocket } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { privateSpellings } from '#test/adversary/private-spellings.ts'
import { openListener, type Listener } from '#test/site/listener.ts'
import { openSite, type Page, type Site } from '#test/site/site.ts'
import { findChromium } from './browser/find-chromium.ts'
import type { Browser } from './browser/rendering.ts'
import { openBrowser } from './browser.ts'

const executablePath = findChromium(process.env['ORRERY_BROWSER_PATH'] ?? '')
if (executablePath === undefined) console.warn('SKIPPED: the browser is not tested, there is no Chromium on this machine (Debian: apt-get install chromium).')

const script =
  (body: string): Page =>
  (response) =>
    void response.writeHead(200, { 'content-type': 'text/javascript' }).end(body)
const page = (body: string, head = ''): string => `<!doctype html><title>t</title>${head}<div id="root"></div>${body}`
const show = (expression: string): string =>
  `<script>Promise.resolve(${expression}).catch((e) => 'failed ' + e.name).then((x) => { document.getElementById('root').textContent = x })</script>`

const pages: Record<string, Page> = {
  '/app':
    page('<script src="/app.js"></script>', '<link rel=stylesheet href="/style.css"><link rel=icon href="/icon.png">') +
    '<img src="/image.png"><iframe src="/frame"></iframe>',
  '/app.js': script(`fetch('/data').then((r) => r.json()).then((d) => { document.getElementById('root').textContent = d.text })`),
  '/data': (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"text":"text that a script brought"}'),
  '/agent': page(show('navigator.userAgent')),
  '/moved': (response) => void response.writeHead(302, { location: '/agent' }).end(),
  '/gone': (response) => void response.writeHead(410, { 'content-type': 'text/html' }).end(page('gone')),
  '/rude': page(
    `<script>open('/popup'); alert('x'); navigator.serviceWorker?.register('/worker.js'); document.cookie = 'seen=1'; navigator.sendBeacon('/beacon', 'x'); new WebSocket('ws://one.localhost/socket')</script>polite text`,
  ),
  '/cookie': page(show('document.cookie')),
  '/reach': page(show(`fetch('/allowed').then((r) => r.status + ' ' + r.url)`) + `<script src="/refused.js"></script>`),
  '/allowed': 'x',
  '/leaves': page('<script>location.href = "http://127.0.0.1:" + location.hash.slice(1) + "/"</script>'),
}

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
  let listener: Listener
  let browser: Browser
  const open = (options: Partial<Parameters<typeof openBrowser>[0]> = {}): Browser =>
    openBrowser({
      executablePath: executablePath ?? '',
      userAgent: 'Orrery/0 (+https://example.org/crawl)',
      pagesMax: 2,
      timeoutMs: 15_000,
      bytesMax: 1 << 20,
      hosts: site.hosts,
      ports: [listener.port],
      ...options,
    })
  const render = (path: string) => browser.render(`http://one.localhost${path}`, never)

  beforeAll(async () => {
    site = await openSite({ 'one.localhost': pages })
    listener = await openListener()
    browser = open()
  })
  afterAll(async () => {
    await browser.close()
    await listener[Symbol.asyncDispose]()
    await site[Symbol.asyncDispose]()
  })

  test('gives the page its scripts made, and loads documents, scripts and data only', async () => {
    const rendered = await render('/app')
    expect(rendered).toMatchObject({ ok: true, status: 200, url: 'http://one.localhost/app', address: undefined })
    expect(rendered.ok && rendered.html).toContain('text that a script brought')
    expect(site.paths('one.localhost').toSorted()).toEqual(['/app', '/app.js', '/data'])
    expect(new Set(site.requests.map(({ headers }) => headers['user-agent']))).toEqual(new Set(['Orrery/0 (+https://example.org/crawl)']))
  })

  test('says who it is to scripts too', async () => {
    const rendered = await render('/moved')
    expect(rendered).toMatchObject({ ok: true, url: 'http://one.localhost/agent' })
    expect(rendered.ok && rendered.html).toContain('<div id="root">Orrery/0 (+https://example.org/crawl)</div>')
  })

  test('says what status the document had', async () => expect(await render('/gone')).toMatchObject({ ok: true, status: 410 }))

  test('is given what was fetched, and does not ask for it again', async () => {
    const before = site.requests.length
    const fetched = { body: Buffer.from(page(show('"fetched before, at " + location.href'))), contentType: 'text/html; charset=utf-8' }
    const rendered = await browser.render('http://one.localhost/never/asked', never, { fetched })
    expect(rendered.ok && rendered.html).toContain('fetched before, at http://one.localhost/never/asked')
    expect(site.requests.slice(before)).toEqual([])
  })

  test('asks leave for everything beside the document', async () => {
    const before = site.requests.length
    const asked: string[] = []
    const mayAsk = async (url: string) => (asked.push(new URL(url).pathname), url.endsWith('/allowed'))
    const rendered = await browser.render('http://one.localhost/reach', never, { mayAsk })
    expect(rendered.ok && rendered.html).toContain('200 http://one.localhost/allowed')
    expect(asked.toSorted()).toEqual(['/allowed', '/refused.js'])
    expect(site.requests.slice(before).map(({ path }) => path)).toEqual(['/reach', '/allowed'])
  })

  test('opens no window, no dialog, no socket, no worker, and leaves no cookie to the next page', async () => {
    const before = site.requests.length
    expect(await render('/rude')).toMatchObject({ ok: true, html: expect.stringContaining('polite text') })
    expect(site.requests.slice(before).map(({ path }) => path)).toEqual(['/rude'])
    expect(await render('/cookie')).toMatchObject({ ok: true, html: expect.stringContaining('<div id="root"></div>') })
  })

  test('contacts no private address, whatever its pages try', async () => {
    const plain = privateSpellings.map((spelling) => spelling.replace('P', String(listener.port)))
    const urls = [...plain, ...plain.map((url) => url.replace('http', 'https'))]
    for (const url of [...urls.slice(0, 3), `https://127.0.0.1:${listener.port}/`])
      expect(await browser.render(url, never)).toEqual({ ok: false, reason: 'egress_refused' })
    const tries = `Promise.all(${JSON.stringify(urls)}.map((u) => { try { new WebSocket(u.replace('http', 'ws')) } catch {} ; return fetch(u, { mode: 'no-cors' }).then((r) => r.type + r.status, () => 'no') })).then((all) => 'tried ' + all.length)`
    const fetched = { body: Buffer.from(page(show(tries))), contentType: 'text/html; charset=utf-8' }
    const rendered = await browser.render('http://one.localhost/tries', never, { fetched })
    expect(rendered.ok && rendered.html).toContain(`tried ${urls.length}`)
    expect(await render(`/leaves#${listener.port}`)).toEqual({ ok: false, reason: 'egress_refused' })
    expect(listener.connections()).toBe(0)
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
    await browser.render('http://one.localhost/rtc', never, { fetched: { body: Buffer.from(body), contentType: 'text/html' } })
    expect(datagrams).toBe(0)
    socket.close()
  })

  test('is gone after close, and renders no more', async () => {
    const other = open()
    const running = other.render('http://one.localhost/app', never)
    await other.close()
    expect(await running).toMatchObject({ ok: false, reason: 'browser_unavailable' })
    expect(await other.render('http://one.localhost/app', never)).toEqual({ ok: false, reason: 'browser_unavailable' })
  })

  test('a crash of the browser costs one page', async () => {
    const asked = Promise.withResolvers<void>()
    site.set('one.localhost', { '/hangs.js': () => asked.resolve(), '/hangs': page('<script src="/hangs.js"></script>') })
    const crashing = render('/hangs')
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
  await using browser = openBrowser({
    executablePath: '/no/such/chromium',
    userAgent: 'x',
    pagesMax: 1,
    timeoutMs: 1000,
    bytesMax: 1000,
    hosts: () => ({ address: '127.0.0.1', port: 9 }),
  })
  expect(await browser.render('http://one.localhost/', new AbortController().signal)).toEqual({ ok: false, reason: 'browser_unavailable' })
})
