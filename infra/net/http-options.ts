import type { Config } from '../config/schema.ts'
import type { HttpOptions } from './http.ts'
import { userAgent } from './user-agent.ts'

/**
 * How the web is asked with these settings. Loopback addresses may be asked only where a configured seed names their origin.
 * @param site the web that this process serves
 */
export async function httpOptions(
  { miner, sources }: Pick<Config, 'miner' | 'sources'>,
  site?: { hosts: Iterable<string>; port: number },
): Promise<HttpOptions> {
  const hosts = new Set(site?.hosts)
  return {
    userAgent: await userAgent(miner.contact),
    timeoutMs: miner.timeout_seconds * 1000,
    bytesMax: miner.page_bytes_max,
    bodiesBytesMax: miner.bodies_bytes_max,
    hosts: (hostname: string) => (site && hosts.has(hostname) ? { address: '127.0.0.1', port: site.port } : undefined),
    ports: miner.ports,
    dnsServers: miner.dns_servers,
    allowPrivate: sources.flatMap(({ seeds }) => seeds.map((seed) => new URL(seed).origin)),
  }
}
