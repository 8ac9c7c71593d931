import { isIPv4, isIPv6 } from 'node:net'
import { OrreryError } from '#schemas/errors.ts'

const wordsOfIpv6 = 8

/** An address as the chain has it, a number of 128 bits, as text. Never throws. */
export function ipText(ip: bigint, ipType: number): string {
  if (ipType !== 6) return [24n, 16n, 8n, 0n].map((bits) => (ip >> bits) & 255n).join('.')
  const words = Array.from({ length: wordsOfIpv6 }, (_, at) => ((ip >> BigInt(16 * (wordsOfIpv6 - 1 - at))) & 0xffffn).toString(16))
  return compressed(words.join(':'))
}

/** An IP as the number that `serve_axon` takes, with its kind. @throws OrreryError `invalid_argument` */
export function ipNumber(ip: string): { ip: string; ipType: 4 | 6 } {
  if (isIPv4(ip)) return { ip: String(ip.split('.').reduce((number, byte) => number * 256 + Number(byte), 0)), ipType: 4 }
  if (!isIPv6(ip) || ip.includes('%')) throw new OrreryError('invalid_argument', `"${ip}" is no IP address.`, { ip })
  const [left = '', right] = compressed(ip).split('::')
  const gap = Array.from({ length: wordsOfIpv6 - words(left).length - words(right).length }, () => '0')
  const all = [...words(left), ...(right === undefined ? [] : gap), ...words(right)]
  return { ip: all.reduce((number, word) => number * 65_536n + BigInt(`0x${word}`), 0n).toString(), ipType: 6 }
}

/** The URL parser writes each IPv6 address in one way: at most one gap, no dotted tail. */
const compressed = (ip: string): string => new URL(`http://[${ip}]`).hostname.slice(1, -1)

const words = (part: string | undefined): string[] => (part ? part.split(':') : [])
