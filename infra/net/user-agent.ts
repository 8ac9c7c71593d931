import { readFile } from 'node:fs/promises'
import { z } from 'zod'

const Package = z.object({ version: z.string() })

/** The name robots.txt knows us by. */
export const userAgentToken = 'Orrery'

/** `Orrery/0.1.0 (+https://example.org/crawl)`. @param contact URL or e-mail; printable ASCII only, the rest is left out */
export async function userAgent(contact: string): Promise<string> {
  const { version } = Package.parse(JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')))
  const printable = contact.replace(/[^\x21-\x7e]/g, '').replace(/[()\\]/g, '')
  return printable === '' ? `${userAgentToken}/${version}` : `${userAgentToken}/${version} (+${printable})`
}
