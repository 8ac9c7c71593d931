import { isPublicAddress } from '#infra/net/address.ts'
import type { Replace } from './personal-data.ts'

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
/** Four numbers that are no version: no fifth, no `v` and no product in front (`Chrome/120.0.0.0`, `version 1.2.3.4`). */
const v4 = new RegExp(
  `(?<![\\p{L}\\p{N}._\\]-]|[\\p{L}\\p{N}]/|\\b(?:version|release|build|rev|ver)[ :=]{1,2}v?)${octet}(?:\\.${octet}){3}(?![\\p{L}\\p{N}_[-]|\\.[\\p{L}\\p{N}])`,
  'giu',
)
const v6 = /(?<![\p{L}\p{N}.:_\]-])[23][0-9a-f]{3}:[0-9a-f:]{2,34}(?![\p{L}\p{N}:_[-]|\.\p{N})/giu

/** Addresses of the public Internet; private, reserved and documentation ranges stay (infra/net/address.ts). */
export const ipAddresses: Replace = (text, placeholder) => {
  const replace = (found: string) => (isPublicAddress(found) ? placeholder() : found)
  return text.replace(v4, (found) => (isNumbering(found) ? found : replace(found))).replace(v6, replace)
}

/** Sections, versions and addresses made up for an example (1.2.3.4, 8.8.8.8) have four small numbers; of all others one in 4096 does. */
const isNumbering = (found: string): boolean => found.split('.').every((part) => Number(part) < 32)
