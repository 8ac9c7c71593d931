import type { IncomingHttpHeaders } from 'node:http'
import { isAddress } from '#infra/chain/ss58.ts'

const hexSignature = /^0x[0-9a-f]{128}$/

/** A header that came once, as text; what came twice is joined by Node and fits no pattern below. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

/** 0x and 128 hex in lower case; undefined for anything else. */
export function signatureOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headerOf(headers, name)?.toLowerCase()
  return value !== undefined && hexSignature.test(value) ? value : undefined
}

/** An SS58 address with prefix 42 in its one spelling; undefined for anything else. */
export function addressIn(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headerOf(headers, name)
  return value !== undefined && isAddress(value) ? value : undefined
}
