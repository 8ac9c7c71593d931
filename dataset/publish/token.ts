import { readFile } from 'node:fs/promises'
import { OrreryError } from '#schemas/errors.ts'

/**
 * The Hub's access token: the file's content when one is named, else HF_TOKEN. It goes into no message and no log.
 * @throws OrreryError `invalid_argument`
 */
export async function readToken({ tokenFile, env }: { tokenFile?: string | undefined; env: Readonly<Record<string, string | undefined>> }): Promise<string> {
  const token = (tokenFile === undefined ? env['HF_TOKEN'] : await readTokenFile(tokenFile))?.trim()
  if (!token) throw new OrreryError('invalid_argument', 'There is no access token: set HF_TOKEN, or name a file that holds it with --token-file.')
  if (!/^hf_[\x21-\x7e]+$/.test(token))
    throw new OrreryError('invalid_argument', `The access token of ${tokenFile ?? 'HF_TOKEN'} does not begin with "hf_"; take one from the hub's settings.`)
  return token
}

async function readTokenFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new OrreryError('invalid_argument', `The token file "${path}" cannot be read; check --token-file.`, { path }, cause)
  }
}
