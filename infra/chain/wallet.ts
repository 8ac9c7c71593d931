import { randomBytes, randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, link, mkdir, open, readdir, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Signer } from '#schemas/chain.ts'
import { OrreryError } from '#schemas/errors.ts'
import { coldkeyAddress, developmentKey, hotkeySigner, type MadeKey } from './key-file.ts'

const keyFileBytesMax = 16_384
const stagedEnd = /\.[0-9a-f-]{36}\.tmp$/
const walletName = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/

export interface Wallet {
  signer: Signer
  /** SS58 address; its secret is never needed. */
  coldkey: string
}

/** Where the files of a wallet lie that a node needs: btwallet's layout. */
export interface WalletFiles {
  hotkey: string
  coldkeypub: string
}

/** @throws OrreryError `invalid_argument` for a name that is no plain name */
export function walletFiles(dir: string, name: string): WalletFiles {
  if (!walletName.test(name)) throw new OrreryError('invalid_argument', `"${name}" is no wallet name; use letters, digits, "-" and "_".`, { name })
  return { hotkey: join(dir, name, 'hotkeys', 'default'), coldkeypub: join(dir, name, 'coldkeypub.txt') }
}

/** How wallets that are missing are made. */
export interface DevelopmentKeys {
  /** Also known by it: what a version before drew from it and the name. */
  seed: number
  /** Each is drawn when it is made, so that no two installations share a key; else it follows from seed and name alone, for a run that is to be repeated. */
  isDrawn?: boolean
}

/**
 * The wallet `{dir}/{name}/{coldkeypub.txt, hotkeys/default}` (files 0600, folders 0700). What stands there is used as it is, also a wallet made by btcli; one
 * that is missing is made as a development wallet, whose signer says so (`isDevelopment`): nobody has its coldkey, so it is for a local chain alone.
 * Several processes may call it at once: they come out with the same wallet, whole or not at all.
 * @throws OrreryError `invalid_argument` for a name that is no plain name, `data_unreadable` for a key file that cannot be used
 */
export async function ensureWallet(dir: string, name: string, { seed, isDrawn = false }: DevelopmentKeys): Promise<Wallet> {
  const { hotkey, coldkeypub } = walletFiles(dir, name)
  const derived = (part: 'hotkey' | 'coldkey'): MadeKey => developmentKey(`${seed}\n${name}\n${part}`)
  const made = (part: 'hotkey' | 'coldkey'): MadeKey => (isDrawn ? developmentKey(randomBytes(32).toString('hex')) : derived(part))

  // A coldkey without a hotkey is somebody's wallet that lost its hotkey: nothing of ours is put beside it.
  if (!(await isThere(coldkeypub)) && !(await isThere(hotkey))) await writeOnce(hotkey, made('hotkey').hotkeyFile)
  const signer = await signerIn(hotkey, derived('hotkey'))
  // Only beside our own hotkey may the coldkey be ours: a real hotkey would otherwise be registered for a coldkey nobody holds.
  if (signer.isDevelopment && !(await isThere(coldkeypub))) await writeOnce(coldkeypub, made('coldkey').publicFile)
  await clearStaged(hotkey)
  return { signer, coldkey: coldkeyAddress(await readKeyFile(coldkeypub), coldkeypub) }
}

/**
 * The wallet of that name, which stands there, for a chain where it is worth something: nothing is made, and a development wallet is refused.
 * @throws OrreryError `invalid_argument` for a name that is no plain name, `data_unreadable` for a key file that is missing or cannot be used, `invalid_config`
 * for a development wallet
 */
export async function readWallet(dir: string, name: string, { seed }: Pick<DevelopmentKeys, 'seed'>): Promise<Wallet> {
  const { hotkey, coldkeypub } = walletFiles(dir, name)
  const signer = await signerIn(hotkey, developmentKey(`${seed}\n${name}\nhotkey`))
  if (signer.isDevelopment)
    throw new OrreryError(
      'invalid_config',
      `The wallet ${name} was made for development, and nobody has its coldkey; move it away and take in your own (orrery wallet import ${name} FILE).`,
      { name },
    )
  return { signer, coldkey: coldkeyAddress(await readKeyFile(coldkeypub), coldkeypub) }
}

/** @param former what a version before would have made, without a mark */
async function signerIn(path: string, former: MadeKey): Promise<Signer> {
  const found = await hotkeySigner(await readKeyFile(path), path)
  return { ...found, isDevelopment: found.isDevelopment === true || found.address === former.signer.address }
}

/**
 * Addresses of the hotkeys that stand in a wallet folder and can sign, by the names of their wallets in byte order. Nothing is made.
 * @throws OrreryError `data_unreadable` when the folder cannot be listed
 */
export async function walletHotkeys(dir: string): Promise<Map<string, string>> {
  const hotkeys = new Map<string, string>()
  for (const name of await walletNames(dir)) {
    const path = walletFiles(dir, name).hotkey
    const signer = await readKeyFile(path)
      .then((contents) => hotkeySigner(contents, path))
      .catch(() => undefined)
    if (signer) hotkeys.set(name, signer.address)
  }
  return hotkeys
}

/** Names of the wallets in a folder, in byte order; none where there is no folder. @throws OrreryError `data_unreadable` */
export async function walletNames(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return []
    throw unusable(dir, cause)
  })
  return names.filter((found) => walletName.test(found)).toSorted()
}

/**
 * Writes a file (0600) that is not there yet, in folders (0700) that need not be there; `link` makes it appear whole, durable, and only once.
 * @returns false where something stands there already, which stays as it is
 */
export async function writeOnce(path: string, contents: string): Promise<boolean> {
  const staged = `${path}.${randomUUID()}.tmp`
  try {
    const firstMade = await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFile(staged, contents, { mode: 0o600, flag: 'wx', flush: true })
    await link(staged, path)
    for (let folder = dirname(path); folder.length >= dirname(firstMade ?? path).length; folder = dirname(folder)) await syncFolder(folder)
    return true
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    // Whoever was first has cleared what others had staged.
    if (code === 'EEXIST' || (code === 'ENOENT' && (await isThere(path)))) return false
    throw unusable(path, cause)
  } finally {
    await rm(staged, { force: true }).catch(() => undefined)
    await clearStaged(path)
  }
}

/** Removes what a kill left of the writing of a file that stands there: a second copy of a key, or a key that is nobody's. */
async function clearStaged(path: string): Promise<void> {
  if (!(await isThere(path))) return
  const names = await readdir(dirname(path)).catch(() => [])
  const left = names.filter((name) => name.startsWith(`${basename(path)}.`) && stagedEnd.test(name))
  await Promise.all(left.map((name) => rm(join(dirname(path), name), { force: true }).catch(() => undefined)))
}

/** The text of a key file, also through links. @throws OrreryError `data_unreadable` for what is missing, no file, longer than any key, or out of reach */
export async function readKeyFile(path: string): Promise<string> {
  try {
    // A pipe that nobody writes to would otherwise be waited for.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    if (!(await file.stat()).isFile()) throw new OrreryError('data_unreadable', `The key file ${path} is no file; point to a wallet's file.`, { path })
    const { bytesRead, buffer } = await file.read(Buffer.alloc(keyFileBytesMax + 1), 0, keyFileBytesMax + 1, 0)
    if (bytesRead > keyFileBytesMax)
      throw new OrreryError('data_unreadable', `The key file ${path} is longer than any key; point to a wallet's file.`, { path })
    return buffer.toString('utf8', 0, bytesRead)
  } catch (cause) {
    throw cause instanceof OrreryError ? cause : unusable(path, cause)
  }
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path)
  await folder.sync()
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

const unusable = (path: string, cause: unknown) =>
  (cause as NodeJS.ErrnoException).code === 'ENOENT'
    ? new OrreryError('data_unreadable', `There is no key file ${path}; copy it there, or make one with \`orrery wallet\`.`, { path })
    : new OrreryError(
        'data_unreadable',
        `The key file ${path} cannot be read or made (${(cause as NodeJS.ErrnoException).code ?? cause}); check the folder and its rights.`,
        { path },
        cause,
      )
