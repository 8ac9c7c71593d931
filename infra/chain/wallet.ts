import { randomUUID } from 'node:crypto'
import { access, link, mkdir, open, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Signer } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'
import { coldkeyAddress, developmentKey, hotkeySigner } from './key-file.ts'

const keyFileBytesMax = 16_384
const walletName = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/

export interface Wallet {
  signer: Signer
  /** SS58 address; its secret is never needed. */
  coldkey: string
}

/**
 * The wallet `{dir}/{name}/{coldkeypub.txt, hotkeys/default}` (btwallet's layout; files 0600). What stands there is used as it is, also a wallet
 * made by btcli; a wallet that is missing is made as a development wallet that follows from (seed, name) alone.
 * Several processes may call it at once: they come out with the same wallet, whole or not at all.
 * @throws OrreryError `invalid_argument` for a name that is no plain name, `data_unreadable` for a key file that cannot be used
 */
export async function ensureWallet(dir: string, name: string, { seed }: { seed: number }): Promise<Wallet> {
  if (!walletName.test(name)) throw new OrreryError('invalid_argument', `"${name}" is no wallet name; use letters, digits, "-" and "_".`, { name })
  const hotkeyPath = join(dir, name, 'hotkeys', 'default')
  const coldkeyPath = join(dir, name, 'coldkeypub.txt')
  const hotkey = developmentKey(`${seed}\n${name}\nhotkey`)

  // A coldkey without a hotkey is somebody's wallet that lost its hotkey: nothing of ours is put beside it.
  if (
    !(await access(coldkeyPath).then(
      () => true,
      () => false,
    ))
  )
    await writeOnce(hotkeyPath, hotkey.hotkeyFile)
  const signer = await hotkeySigner(await readKeyFile(hotkeyPath), hotkeyPath)
  // Only beside our own hotkey may the coldkey be ours: a real hotkey would otherwise be registered for a coldkey nobody holds.
  if (signer.address === hotkey.signer.address) await writeOnce(coldkeyPath, developmentKey(`${seed}\n${name}\ncoldkey`).coldkeypubFile)
  return { signer, coldkey: coldkeyAddress(await readKeyFile(coldkeyPath), coldkeyPath) }
}

/** Writes a file that is not there yet; `link` makes it appear whole, and only once. */
async function writeOnce(path: string, contents: string): Promise<void> {
  const staged = `${path}.${randomUUID()}.tmp`
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFile(staged, contents, { mode: 0o600, flag: 'wx', flush: true })
    await link(staged, path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(path, cause)
  } finally {
    await rm(staged, { force: true }).catch(() => undefined)
  }
}

async function readKeyFile(path: string): Promise<string> {
  try {
    await using file = await open(path)
    const { bytesRead, buffer } = await file.read(Buffer.alloc(keyFileBytesMax + 1), 0, keyFileBytesMax + 1, 0)
    if (bytesRead > keyFileBytesMax)
      throw new OrreryError('data_unreadable', `The key file ${path} is longer than any key; point to a wallet's file.`, { path })
    return buffer.toString('utf8', 0, bytesRead)
  } catch (cause) {
    throw cause instanceof OrreryError ? cause : unusable(path, cause)
  }
}

const unusable = (path: string, cause: unknown) =>
  new OrreryError(
    'data_unreadable',
    `The key file ${path} cannot be read or made (${(cause as NodeJS.ErrnoException).code ?? cause}); check the folder and its rights.`,
    { path },
    cause,
  )
