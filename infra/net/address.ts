import { BlockList, isIP } from 'node:net'

/** What is not the public Internet: IANA special-purpose registries (RFC 6890 and its updates), multicast and reserved space. */
const special = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // The host under the machines of Azure, which tells them their secrets.
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  special.addSubnet(network, prefix, 'ipv4')

/** Of IPv6 only global unicast is public, less the parts of it that carry or document other addresses. */
const globalUnicast = new BlockList()
globalUnicast.addSubnet('2000::', 3, 'ipv6')
const specialV6 = new BlockList()
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  specialV6.addSubnet(network, prefix, 'ipv6')

const mappedV4 = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i

/** Whether an IP address (no brackets; one with a zone is of this machine's links) belongs to the public Internet. False for anything that is no address. */
export function isPublicAddress(address: string): boolean {
  const mapped = mappedV4.exec(address)?.[1]
  if (mapped !== undefined) return isPublicAddress(mapped)
  const family = address.includes('%') ? 0 : isIP(address)
  if (family === 4) return !special.check(address, 'ipv4')
  return family === 6 && globalUnicast.check(address, 'ipv6') && !specialV6.check(address, 'ipv6')
}
