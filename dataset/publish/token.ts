import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { OrreryError } from '#schemas/errors.ts'

export interface TokenPlaces {
  tokenFile?: string | undefined
  env: Readonly<Record<string, string | undefined>>
}

/**
 * The Hub's access token: of the file that is named, or else of where huggingface_hub looks: HF_TOKEN, HUGGING_FACE_HUB_TOKEN, the file of HF_TOKEN_PATH, `token`
 * in HF_HOME, in `huggingface` of XDG_CACHE_HOME, in ~/.cache/huggingface. It goes into no message and no log.
 * @throws OrreryError `invalid_argument`
 */
export async function readToken({ tokenFile, env }: TokenPlaces): Promise<string> {
  if (tokenFile !== undefined) return checked(await readTokenFile(tokenFile), tokenFile)
  for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    const value = env[name]?.trim()
    if (value) return checked(value, name)
  }
  const path = atHome(env['HF_TOKEN_PATH'] || join(env['HF_HOME'] || join(env['XDG_CACHE_HOME'] || join('~', '.cache'), 'huggingface'), 'token'), env)
  const kept = await readFile(path, 'utf8').catch(() => '')
  if (kept.trim() !== '') return checked(kept, path)
  throw new OrreryError(
    'invalid_argument',
    `There is no access token in HF_TOKEN, nor in ${path}: set HF_TOKEN, name a file that holds it with --token-file, or log in with \`hf auth login\`.`,
  )
}

/** A `~` that no shell has read stands in files of settings. */
const atHome = (path: string, env: TokenPlaces['env']): string => path.replace(/^~(?=\/|$)/, () => env['HOME'] ?? homedir())

function checked(content: string, place: string): string {
  const token = content.trim()
  if (token === '') throw new OrreryError('invalid_argument', `There is no access token in ${place}; take one from the hub's settings.`)
  if (/^hf_[\x21-\x7e]+$/.test(token)) return token
  throw new OrreryError('invalid_argument', `The access token of ${place} does not begin with "hf_"; take one from the hub's settings.`)
}

async function readTokenFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new OrreryError('invalid_argument', `The token file "${path}" cannot be read; check --token-file.`, { path }, cause)
  }
}
