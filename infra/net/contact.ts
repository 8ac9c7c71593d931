import { isPublicAddress } from './address.ts'
import { OrreryError } from '#schemas/errors.ts'
import { isIP } from 'node:net'

/**
 * Whoever is asked must be able to find out who asks.
 * @param isVirtual hosts that this process serves itself
 * @throws OrreryError `invalid_config` when a seed is on the public web and there is no contact
 */
export function requireContact(contact: string, seeds: Iterable<string>, isVirtual: (hostname: string) => boolean): void {
  if (contact.trim() !== '') return
  for (const seed of seeds) {
    if (!needsContact(seed, isVirtual)) continue
    const { hostname } = new URL(seed)
    const message = `Crawling ${hostname} needs a contact in the User-Agent: set miner.contact to a URL or an e-mail address where its owner can reach you.`
    throw new OrreryError('invalid_config', message, { setting: 'miner.contact', hostname })
  }
}

/** Whether a URL is on the public web. */
export function needsContact(url: string, isVirtual: (hostname: string) => boolean): boolean {
  const { hostname } = new URL(url)
  return !isVirtual(hostname) && !isLocal(hostname.replace(/^\[|\]$/g, ''))
}

const isLocal = (hostname: string): boolean => (isIP(hostname) === 0 ? hostname === 'localhost' || hostname.endsWith('.localhost') : !isPublicAddress(hostname))
