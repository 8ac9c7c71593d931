import { isPublicAddress } from '#infra/net/address.ts'
import { letters } from './letters.ts'
import type { Replace } from './personal-data.ts'
import { openNumberings } from './version-numbers.ts'

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
/** Four numbers that go on in neither direction, and hang on no name (`Chrome/120.0.0.0`, `pkg-1.2.3.4`). */
const v4 = new RegExp(`(?<![${letters}\\p{N}._\\]\\-]|[${letters}\\p{N}]/)${octet}(?:\\.${octet}){3}(?![${letters}\\p{N}_\\[\\-]|\\.[${letters}\\p{N}])`, 'gv')
const v6 = /(?<![\p{L}\p{N}.:_\]-])[23][0-9a-f]{3}:[0-9a-f:]{2,34}(?![\p{L}\p{N}:_[-]|\.\p{N}|(?<=::)\/\d)/giu

/**
 * Addresses of the public Internet; private, reserved and documentation ranges stay (infra/net/address.ts), as they do in datatrove. So do networks
 * (93.184.0.0/16), which are nobody's, and the numbers of versions and sections.
 */
export const ipAddresses: Replace = (text, placeholder) => {
  let clean = text
  if (mayHoldV4.test(clean)) {
    const isNumbering = openNumberings(text)
    clean = clean.replace(v4, (found: string, at: number) =>
      !isNumbering(found, at) && isPublicAddress(found) && !isNetwork(found, text.slice(at + found.length, at + found.length + 4)) ? placeholder() : found,
    )
  }
  return mayHoldV6.test(clean) ? clean.replace(v6, (found) => (isPublicAddress(found) ? placeholder() : found)) : clean
}

/** Quicker than to look at each place of a text for what stands before it. */
const [mayHoldV4, mayHoldV6] = [/\d\.\d{1,3}\.\d{1,3}\.\d/, /[23][\da-f]{3}:[\da-f:]/i]

/** Its length stands behind it, and no bit beyond that is set. */
function isNetwork(found: string, behind: string): boolean {
  const bits = /^\/(\d{1,2})(?!\d)/.exec(behind)?.[1]
  const address = found.split('.').reduce((value, part) => (value * 256 + Number(part)) >>> 0, 0)
  return bits !== undefined && Number(bits) < 32 && (address << Number(bits)) >>> 0 === 0
}
