import { isIP } from 'node:net'
import { isPublicAddress } from './address.ts'
import { HttpTrouble } from './http-failure.ts'
import { ownAddresses } from './own-addresses.ts'

interface Destination {
  address: string
  port: number
}

/** Names served by this process: the URL keeps its plain name and port, the connection goes to `address` and `port`. */
export type VirtualHosts = (hostname: string) => Destination | undefined

export interface EgressOptions {
  hosts?: VirtualHosts
  /**
   * Origins (`http://127.0.0.1:8800`) that may be on a private address. Only IP literals and names under `localhost` are excused so: any other name is
   * what its DNS server says from one moment to the next, and named here or not it must be public.
   */
  allowPrivate?: readonly string[]
  /** Ports that may be asked beside those of `allowPrivate`; default 80, 443, 8080 and 8443. Hosts served by this process have no port of their own. */
  ports?: readonly number[]
}

/** The addresses of a name. @throws whatever kept it from being found */
export type Lookup = (hostname: string) => Promise<readonly { address: string }[]>

/**
 * The one rule of who may be asked (nobody on a private address, nor this machine by its public one): applied to each URL, redirects included, and once more to the addresses a
 * connection is made to.
 */
export interface Egress {
  /**
   * @throws HttpTrouble `bad_url`, `scheme_refused`, `credentials_refused`, `private_address` (IP literals; names are looked up when connecting),
   * `port_refused`
   */
  admit(url: string): URL
  /**
   * Where to connect for an origin's host, in order of trying. What is returned is what was checked: no second lookup (DNS rebinding).
   * @param hostname without brackets
   * @throws HttpTrouble `private_address`, `port_refused`, `dns_failed`
   */
  resolve(protocol: string, hostname: string, port: number): Promise<Destination[]>
  /** Whether a host is served by this process itself. */
  isVirtual(hostname: string): boolean
}

/** Where the public web is asked. */
export const publicPorts: readonly number[] = [80, 443, 8080, 8443]
const addressesMax = 4

export function createEgress({
  hosts = () => undefined,
  allowPrivate = [],
  ports = publicPorts,
  lookup,
  isOwn = ownAddresses(),
}: EgressOptions & { lookup: Lookup; isOwn?: (address: string) => boolean }): Egress {
  const isRefused = (address: string): boolean => !isPublicAddress(address) || isOwn(address)
  const allowed = new Set(allowPrivate.map((origin) => new URL(origin)).flatMap((url) => (isLocalByName(url.hostname) ? [url.origin] : [])))
  const allowedPorts = new Set([...ports, ...allowPrivate.map((origin) => portOf(new URL(origin)))])
  return {
    isVirtual: (hostname) => hosts(hostname) !== undefined,

    admit(text) {
      const url = URL.parse(text)
      if (!url) throw new HttpTrouble('bad_url')
      if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new HttpTrouble('scheme_refused')
      if (url.username !== '' || url.password !== '') throw new HttpTrouble('credentials_refused')
      const literal = bare(url.hostname)
      if (isIP(literal) !== 0 && !allowed.has(url.origin) && isRefused(literal)) throw new HttpTrouble('private_address')
      if (url.port !== '' && !allowedPorts.has(Number(url.port)) && hosts(literal) === undefined) throw new HttpTrouble('port_refused')
      return url
    },

    async resolve(protocol, hostname, port) {
      const virtual = protocol === 'http:' ? hosts(hostname) : undefined
      if (virtual) return [virtual]
      if (!allowedPorts.has(port)) throw new HttpTrouble('port_refused')
      const origin = new URL(`${protocol}//${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`).origin
      const addresses = isIP(hostname) === 0 ? await lookupAll(hostname, lookup) : [hostname]
      // One private answer among public ones is the mark of a rebinding name: all are refused.
      if (!allowed.has(origin) && addresses.some(isRefused)) throw new HttpTrouble('private_address')
      return addresses.slice(0, addressesMax).map((address) => ({ address, port }))
    },
  }
}

async function lookupAll(hostname: string, lookup: Lookup): Promise<string[]> {
  try {
    const found = (await lookup(hostname)).map((entry) => entry.address)
    if (found.length === 0) throw new HttpTrouble('dns_failed')
    return found
  } catch (error) {
    throw error instanceof HttpTrouble ? error : new HttpTrouble('dns_failed', error)
  }
}

export const portOf = ({ port, protocol }: URL): number => Number(port) || (protocol === 'https:' ? 443 : 80)

const isLocalByName = (hostname: string): boolean => isIP(bare(hostname)) !== 0 || hostname === 'localhost' || hostname.endsWith('.localhost')

/** Without the brackets that an IPv6 address has in a URL. */
export const bare = (hostname: string): string => (hostname.startsWith('[') ? hostname.slice(1, -1) : hostname)
