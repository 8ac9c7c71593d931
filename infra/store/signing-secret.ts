import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { OrreryError } from '#schemas/errors.ts'
import type { Staging } from './durable-file.ts'

const secretBytes = 32

/**
 * The secret in a file, made and made durable when it is asked for first; whoever can read it can sign.
 * @throws OrreryError `data_unreadable` when there is another thing
 */
export function signingSecret(path: string, files: Staging): () => Promise<Buffer> {
  let known: Promise<Buffer> | undefined
  return () => (known ??= obtainSecret(path, files).catch((cause: unknown) => ((known = undefined), Promise.reject(cause))))
}

/** Of processes that start at once, the first to place the secret makes it for all. */
async function obtainSecret(path: string, files: Staging): Promise<Buffer> {
  const found = await readSecret(path)
  if (found) return found
  await using staged = await files.stage([randomBytes(secretBytes)], 0o600)
  await files.place(staged, path)
  return (await readSecret(path)) ?? obtainSecret(path, files)
}

async function readSecret(path: string): Promise<Buffer | undefined> {
  try {
    const secret = await readFile(path)
    if (secret.length === secretBytes) return secret
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new OrreryError('data_unreadable', `The signing secret ${path} cannot be read; mend its permissions.`, { path }, cause)
  }
  throw new OrreryError('data_unreadable', `The signing secret ${path} is damaged; delete it: URLs signed so far lose their force.`, { path })
}
