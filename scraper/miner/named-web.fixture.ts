import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createHttp, type Http } from '#infra/net/http.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Page } from '#test/site/site.ts'

/** Only Linux has all of 127.0.0.0/8 as loopback. */
export const hasLoopbackNetwork = process.platform === 'linux'

export interface Asked {
  /** `HOST/PATH`, without `.localhost` and the port. */
  what: string
  address: string
  /** By the crawl's clock, ms: when it came, and when it was answered. */
  at: number
  answeredAt: number
  /** Requests to this address that were not answered, this one included. */
  inFlight: number
}

/** A web of named hosts, several of which may be at one address of this machine, that writes down who was asked when. */
export interface NamedWeb extends AsyncDisposable {
  http: Http
  asked: Asked[]
  /** `http://NAME.localhost:PORT` */
  origin(name: string): string
}

/** Long enough for another request to come meanwhile. */
const answerMs = 4

/** @param hosts name → the last number of its address, and its pages: anything that answers; a path that is not there is 404 */
export async function openNamedWeb(hosts: Record<string, { at: number; pages: Record<string, Page> }>, pace: Pick<Clock, 'now'>): Promise<NamedWeb> {
  const asked: Asked[] = []
  const inFlight = new Map<string, number>()
  const addressOf = (name: string): string | undefined => (hosts[name] ? `127.0.9.${hosts[name].at}` : undefined)
  const serve = (address: string): Server =>
    createServer((request, response) => {
      const [host = '', path = '/'] = [request.headers.host, request.url]
      const name = host.split('.')[0] ?? ''
      inFlight.set(address, (inFlight.get(address) ?? 0) + 1)
      const entry: Asked = { what: name + path, address, at: pace.now(), answeredAt: Number.NaN, inFlight: inFlight.get(address) ?? 0 }
      asked.push(entry)
      const answer = async () => {
        await delay(answerMs)
        inFlight.set(address, (inFlight.get(address) ?? 0) - 1)
        entry.answeredAt = pace.now()
        const page = hosts[name]?.pages[path]
        if (page === undefined) response.writeHead(404).end()
        else if (typeof page === 'string') response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page)
        else await page(response, { host, path, headers: request.headers })
      }
      void answer()
    })
  await using stack = new AsyncDisposableStack()
  let port = 0
  for (const address of new Set(Object.keys(hosts).map(addressOf))) {
    if (address === undefined) continue
    const server = serve(address)
    server.listen(port, address)
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
    stack.defer(async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    })
  }
  const origin = (name: string): string => `http://${name}.localhost:${port}`
  const lookup = async (hostname: string) => [addressOf(hostname.split('.')[0] ?? '')].flatMap((address) => (address === undefined ? [] : [{ address }]))
  const http = stack.use(createHttp({ userAgent: 'Orrery/0', timeoutMs: 60_000, bytesMax: 1 << 20, allowPrivate: Object.keys(hosts).map(origin), lookup }))
  const opened = stack.move()
  return { http, asked, origin, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}
