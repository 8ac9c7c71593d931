import { BlockList } from 'node:net'
import { networkInterfaces } from 'node:os'

/** Addresses come and go, and to list them costs a hundred times as much as to look one up. */
const refreshMs = 60_000

/**
 * Tells the addresses of this machine's own interfaces: what listens on a public one (a database, the API of this program) is no more of the web than what
 * listens on 127.0.0.1. One that a gateway translates is not known here.
 */
export function ownAddresses(interfaces: typeof networkInterfaces = networkInterfaces, now = () => performance.now()): (address: string) => boolean {
  let own = new BlockList()
  let listedAt = -Infinity
  return (address) => {
    if (now() - listedAt >= refreshMs) {
      own = new BlockList()
      listedAt = now()
      for (const { address: each, family } of Object.values(interfaces()).flatMap((list) => list ?? []))
        own.addAddress(each, family === 'IPv6' ? 'ipv6' : 'ipv4')
    }
    return own.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
  }
}
