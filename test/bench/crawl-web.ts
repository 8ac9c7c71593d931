import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { crawlHosts, pagePath, renderPage } from './crawl-pages.ts'

/**
 * The web of the crawl bench, in a process of its own: `node crawl-web.ts HOSTS PAGES plain|gzip`. Hosts are addresses of 127.0.1.0/24 on one port, which is
 * told on standard output; it ends with its standard input.
 */
const [hosts = 0, pages = 0] = process.argv.slice(2, 4).map(Number)
const isGzip = process.argv[4] === 'gzip'
const bodies = new Map<string, Buffer>()
const server = createServer({ keepAliveTimeout: 60_000 }, ({ headers, url }, response) => {
  const body = bodies.get(`${headers.host}${url}`)
  if (!body) return void response.writeHead(404, { 'content-type': 'text/plain' }).end('Nothing here.')
  const encoding = isGzip ? { 'content-encoding': 'gzip' } : {}
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': body.length, ...encoding }).end(body)
})
server.listen(0, '0.0.0.0')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
const names = crawlHosts(hosts, port)
for (const [host, name] of names.entries()) {
  for (let page = 0; page < pages; page++) {
    const html = Buffer.from(renderPage({ host, page, hosts: names, pages }))
    bodies.set(name + pagePath(page), isGzip ? gzipSync(html) : html)
  }
}
process.stdout.write(`${port}\n`)
process.stdin.resume()
process.stdin.on('end', () => process.exit())
