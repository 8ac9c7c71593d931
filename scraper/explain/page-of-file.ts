import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { OrreryError } from '#schemas/errors.ts'
import { askedUrl } from '#schemas/frontier.ts'
import { linkedUrl } from '#schemas/identity/canonical-url.ts'
import type { Readable } from '../document/read-page.ts'

/**
 * A saved page. @param url the address it is from
 * @throws OrreryError `invalid_argument`
 */
export async function pageOfFile(path: string, url: string | undefined, bytesMax: number): Promise<Readable> {
  const address = linkedUrl(url ?? `http://localhost/${encodeURIComponent(basename(path))}`)
  if (address === undefined) throw new OrreryError('invalid_argument', `--url "${url}" is no address of a page; give an http or https URL.`, { url })
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) throw new OrreryError('invalid_argument', `There is no file "${path}"; give a file of HTML, or a URL that begins with http.`, { path })
  if (found.size > bytesMax) throw new OrreryError('invalid_argument', `"${path}" has ${found.size} bytes; miner.page_bytes_max is ${bytesMax}.`, { path })
  const body = await readFile(path).catch((error: unknown) => {
    throw new OrreryError('invalid_argument', `"${path}" cannot be read; look at its permissions.`, { path }, error)
  })
  return { fetched: { url: askedUrl(address), status: 200, headers: {}, body }, permission: undefined }
}
