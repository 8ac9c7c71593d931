import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { siteKinds, type Site } from './discovery-sites.ts'

/**
 * The web of the discovery bench, in a process of its own: `node discovery-web.ts`. Forty hosts, most at an address of 127.0.3.0/24 each; three mirrors of one
 * site share an address, and so do twelve small sites. The hosts and the number of texts are told on standard output as one line of JSON; the end of standard input ends it, with a
 * report as its last line.
 */
const counts: [keyof typeof siteKinds, number][] = [
  ['soft404', 3],
  ['wiki', 2],
  ['versioned', 1],
  ['forum', 3],
  ['shop', 3],
  ['calendar', 2],
  ['slashes', 2],
  ['relativeLoop', 2],
  ['sessionPhp', 1],
  ['sessionSid', 1],
  ['sessionPath', 1],
  ['nonce', 2],
  ['lyingLastmod', 2],
  ['mirror', 3],
  ['plain', 12],
]

/** What came of a site, mirrors together. */
export interface SiteReport {
  kind: string
  texts: number
  found: number
  /** Requests for anything but robots.txt, tdmrep.json and ai.txt. */
  requests: number
  /** How many there were when the last of its texts was found; null as long as some are missing. */
  completeAt: number | null
}

export interface WebReport {
  sites: SiteReport[]
  /** Requests for robots.txt, tdmrep.json and ai.txt. */
  policies: number
  /** Requests that came while another of their address was not answered yet. */
  overlaps: number
}

const policyFile = /^\/(?:robots\.txt|ai\.txt|\.well-known\/tdmrep\.json)$/
const report: WebReport = { sites: [], policies: 0, overlaps: 0 }
const busy = new Map<string, number>()
const servers: Server[] = []
const hosts: string[] = []
let salt = 0

for (const [kind, count] of counts) {
  const isOneSite = kind === 'mirror'
  const { texts, make } = siteKinds[kind]
  let site: Site | undefined
  let told: (SiteReport & { seen: Set<string> }) | undefined
  for (let i = 0; i < count; i++) {
    if (!site || !told || !isOneSite) {
      site = make(++salt)
      told = { kind, texts, found: 0, requests: 0, completeAt: null, seen: new Set() }
      report.sites.push(told)
    }
    const address = isOneSite || kind === 'plain' ? `127.0.4.${isOneSite ? 1 : 2}` : `127.0.3.${salt}`
    hosts.push(await serve(address, site, told))
  }
}
process.stdout.write(`${JSON.stringify({ hosts, texts: report.sites.reduce((sum, { texts }) => sum + texts, 0) })}\n`)
process.stdin.resume()
await once(process.stdin, 'end')
for (const server of servers) server.closeAllConnections()
process.stdout.write(`${JSON.stringify(report, (key, value: unknown) => (key === 'seen' ? undefined : value))}\n`)
process.exit()

async function serve(address: string, site: Site, told: SiteReport & { seen: Set<string> }): Promise<string> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    if ((busy.get(address) ?? 0) > 0) report.overlaps++
    busy.set(address, (busy.get(address) ?? 0) + 1)
    response.on('finish', () => busy.set(address, (busy.get(address) ?? 1) - 1))
    // A moment, so that two at once are seen as such.
    setTimeout(answer, 2, request, response, site, told)
  })
  servers.push(server)
  server.listen(0, address)
  await once(server, 'listening')
  return `http://${address}:${(server.address() as AddressInfo).port}`
}

function answer({ url = '/', headers }: IncomingMessage, response: ServerResponse, site: Site, told: SiteReport & { seen: Set<string> }): void {
  if (policyFile.test(url)) {
    report.policies++
    const isNamed = url === '/robots.txt' && told.kind === 'lyingLastmod'
    return void response.writeHead(isNamed ? 200 : 404, { 'content-type': 'text/plain' }).end(isNamed ? `Sitemap: http://${headers.host}/sitemap.xml\n` : '')
  }
  told.requests++
  const given = site(url, `http://${headers.host}`)
  if (given?.text !== undefined && !told.seen.has(given.text)) {
    told.seen.add(given.text)
    told.found = told.seen.size
    if (told.found === told.texts) told.completeAt = told.requests
  }
  response.writeHead(given ? 200 : 404, { 'content-type': given?.type ?? 'text/html; charset=utf-8' }).end(given?.body ?? 'Nothing here.')
}
