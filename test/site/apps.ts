import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A small web of pages that are nothing without their scripts, which watches when it is asked for what. */
export interface AppWeb extends AsyncDisposable {
  origins: string[]
  /** `rule: URL`; what a crawler with manners leaves empty. */
  violations: string[]
  /** Paths asked of a host so far, by its place in `origins`. */
  asked: string[][]
}

/** A clock of another process, and one event loop shared with the test: this much early is on time. */
const toleranceMs = 15
const retryAfterSeconds = 1

/** 0 brings its own data, unhurried; 1 has pages, and data for others, and is busy at times; 2 brings its data and its script from 1. */
const hosts = [
  { crawlDelaySeconds: 0.3, busyEvery: Infinity },
  { crawlDelaySeconds: 0.2, busyEvery: 9 },
  { crawlDelaySeconds: 0, busyEvery: Infinity },
]

/** @param text of page i of a host: HTML */
export async function openAppWeb(pages: number, text: (host: number, page: number) => string): Promise<AppWeb> {
  await using stack = new AsyncDisposableStack()
  const web = { origins: [] as string[], violations: [] as string[], asked: hosts.map((): string[] => []) }
  let port = 0
  for (const [i] of hosts.entries()) {
    const serve = watch(i, web)
    const server = createServer((request, response) => serve(request, response) && answer({ host: i, path: request.url ?? '/', pages, web, text }, response))
    server.listen(port, `127.0.4.${i + 1}`)
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
    web.origins.push(`http://127.0.4.${i + 1}:${port}`)
    stack.defer(async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    })
  }
  const opened = stack.move()
  return Object.assign(web, { [Symbol.asyncDispose]: () => opened.disposeAsync() })
}

/** Notes what is done to a host, and says whether to answer. */
function watch(i: number, web: Omit<AppWeb, typeof Symbol.asyncDispose>) {
  const { crawlDelaySeconds = 0, busyEvery = Infinity } = hosts[i] ?? {}
  let last = -Infinity
  let closedUntil = -Infinity
  let count = 0
  return ({ url = '/' }: IncomingMessage, response: ServerResponse): boolean => {
    const now = performance.now()
    const violate = (rule: string) => void web.violations.push(`${rule}: ${web.origins[i]}${url}`)
    web.asked[i]?.push(url)
    if (now < closedUntil - toleranceMs) violate('earlier than Retry-After')
    if (url === '/robots.txt') {
      const rules = `User-agent: *\nDisallow: /private/\n${crawlDelaySeconds > 0 ? `Crawl-delay: ${crawlDelaySeconds}\n` : ''}`
      return (response.writeHead(200, { 'content-type': 'text/plain' }).end(rules), false)
    }
    if (!web.asked[i]?.includes('/robots.txt')) violate('robots.txt was not read')
    if (url.startsWith('/private/')) violate('robots.txt forbids it')
    if (now - last < crawlDelaySeconds * 1000 - toleranceMs) violate('earlier than Crawl-delay')
    last = now
    if (now < closedUntil || ++count % busyEvery !== busyEvery - 1) return true
    closedUntil = now + retryAfterSeconds * 1000
    return (response.writeHead(429, { 'retry-after': String(retryAfterSeconds) }).end(), false)
  }
}

interface Asked {
  host: number
  path: string
  pages: number
  web: Pick<AppWeb, 'origins'>
  text(host: number, page: number): string
}

function answer({ host, path, pages, web, text }: Asked, response: ServerResponse): void {
  const send = (type: string, body: string) => void response.writeHead(200, { 'content-type': type, 'access-control-allow-origin': '*' }).end(body)
  const [, kind, number = ''] = /^\/(p|data)\/(\d+)(?:\/\d+)?$/.exec(path) ?? []
  const links = Array.from({ length: pages }, (_, i) => `<a href="/p/${i}">page ${i}</a>`).join(' ')
  if (path === '/') return send('text/html', `<title>All pages</title><nav>${links}</nav>`)
  if (path === '/app.js') return send('text/javascript', script)
  if (kind === 'data') return send('text/html', text(host, Number(number) + 1000 * Number(path.split('/')[3] ?? 0)))
  if (kind === 'p' && host === 1) return send('text/html', text(host, Number(number)))
  if (kind === 'p') return send('text/html', shell(host, Number(number), host === 2 ? (web.origins[1] ?? '') : ''))
  response.writeHead(404, { 'content-type': 'text/html' }).end('<p>Nothing is here.</p>')
}

/** Beside its text a page tries what is nobody's business. */
const script = `fetch(document.body.dataset.text).then((r) => r.ok ? r.text() : '').then((t) => { document.getElementById('root').innerHTML = t })
fetch('/private/x').catch(() => 0)
navigator.sendBeacon('/private/beacon', 'x')
new WebSocket('ws://' + location.host + '/private/socket')
new Image().src = '/private/image.png'
import('/private/module.js').catch(() => 0)`

const shell = (host: number, page: number, from: string): string =>
  `<!doctype html><html lang="en"><title>Shell ${host}-${page}</title><body data-text="${from}/data/${page}/${host}"><div id="root"></div><script src="${from}/app.js"></script>`
