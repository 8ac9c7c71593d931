import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { InvalidArgumentError, type Command } from 'commander'
import { OrreryError } from '#schemas/errors.ts'
import { textTable } from '../telemetry/table.ts'
import { coldkeyAddress, hotkeySigner, madeKey, publicFileOf, writtenSecret } from './key-file.ts'
import { seedOfPhrase } from './key-secret.ts'
import { publicKeyOf } from './ss58.ts'
import { readKeyFile, walletFiles, walletNames, writeOnce, type WalletFiles } from './wallet.ts'

interface ColdkeyFlag {
  coldkey?: string
}

const contentBytesMax = 16_384

/**
 * Adds `wallet new|import|show` to the program. A secret is printed by `show --secret` alone, and never read from the command line, which others see.
 * @param folderOf the wallet folder of the command that runs
 */
export function walletCommand(program: Command, folderOf: (command: Command) => Promise<string>): void {
  const wallet = program.command('wallet').description('The hotkeys that this installation signs with.')
  withColdkey(wallet.command('new <name>'))
    .description('Make a hotkey of new words (BIP-39).')
    .option('--words <count>', 'how many: 12, 15, 18, 21 or 24', wordCount, 12)
    .action(async (name: string, { words, coldkey }: ColdkeyFlag & { words: WordCount }, command: Command) => {
      const { mnemonicGenerate } = await import('@polkadot/util-crypto')
      const secretPhrase = mnemonicGenerate(words)
      await addWallet(walletFiles(await folderOf(command), name), await fileOfText(secretPhrase), await coldkeyOf(coldkey))
    })
  withColdkey(wallet.command('import <name> [file]'))
    .description('Take in a hotkey: a key file of btcli, or a text with its words or its seed (hex). Without a file: from standard input.')
    .action(async (name: string, file: string | undefined, { coldkey }: ColdkeyFlag, command: Command) => {
      const files = walletFiles(await folderOf(command), name)
      const contents = file === undefined ? await standardInput() : await readKeyFile(file)
      await addWallet(files, await fileOfText(contents, file), (await coldkeyOf(coldkey)) ?? (await coldkeyBeside(file)))
    })
  wallet
    .command('show [name]')
    .description('The hotkeys that are there.')
    .option('--secret', 'print the secret of the one that is named, and nothing else', false)
    .action(async (name: string | undefined, { secret }: { secret: boolean }, command: Command) => {
      const dir = await folderOf(command)
      if (name === undefined && !secret) return print(await walletTable(dir, await walletNames(dir)))
      if (name === undefined) throw new OrreryError('invalid_argument', '--secret is for one wallet; name it: orrery wallet show NAME --secret.')
      const { hotkey } = walletFiles(dir, name)
      const contents = await readKeyFile(hotkey)
      await hotkeySigner(contents, hotkey)
      print(secret ? writtenSecret(contents, hotkey) : await walletTable(dir, [name]))
    })
}

const withColdkey = (command: Command): Command =>
  command.option('--coldkey <address>', 'SS58 address of the coldkey it belongs to, or its coldkeypub.txt; the coldkey itself is not needed')

const wordCounts = [12, 15, 18, 21, 24] as const
type WordCount = (typeof wordCounts)[number]

function wordCount(text: string): WordCount {
  const count = wordCounts.find((each) => String(each) === text)
  if (count === undefined) throw new InvalidArgumentError('It is 12, 15, 18, 21 or 24.')
  return count
}

/** Puts both files there; nothing that stands there is changed. @throws OrreryError `conflict`, `data_unreadable` */
async function addWallet(files: WalletFiles, hotkeyFile: string, coldkey: string | undefined): Promise<void> {
  const { address, isDevelopment } = await hotkeySigner(hotkeyFile, files.hotkey)
  if (await isThere(files.hotkey)) throw taken(files.hotkey)
  // First, so that who is interrupted here may do it again.
  if (coldkey !== undefined && !(await writeOnce(files.coldkeypub, publicFileOf(coldkey)))) {
    const standing = coldkeyAddress(await readKeyFile(files.coldkeypub), files.coldkeypub)
    if (standing !== coldkey) throw new OrreryError('conflict', `${files.coldkeypub} names another coldkey, ${standing}; take another name for the wallet.`)
  }
  if (!(await writeOnce(files.hotkey, hotkeyFile))) throw taken(files.hotkey)
  const known = (await isThere(files.coldkeypub)) ? coldkeyAddress(await readKeyFile(files.coldkeypub), files.coldkeypub) : undefined
  print(
    [
      `hotkey   ${address}${isDevelopment === true ? ' (made for development: for a local chain alone)' : ''}`,
      `coldkey  ${known ?? `not known: copy its coldkeypub.txt to ${files.coldkeypub}`}`,
      `file     ${files.hotkey}`,
    ].join('\n'),
  )
}

const taken = (path: string): OrreryError =>
  new OrreryError('conflict', `There is a hotkey already, ${path}; take another name, or move it away: nothing is overwritten.`, { path })

/** The key file of a text: as it is, or made of its words or its seed. @throws OrreryError `invalid_argument`, `data_unreadable` */
async function fileOfText(contents: string, file = 'of standard input'): Promise<string> {
  const text = contents.replace(/^\uFEFF/, '').trim()
  if (basename(file) === 'coldkey')
    throw new OrreryError('invalid_argument', `${file} is a coldkey, which no node needs; import a file of the folder hotkeys/.`, { file })
  if (/^[{[$]|^gAAAA/.test(text)) {
    await hotkeySigner(text, file)
    return text
  }
  const hex = /^(?:0x)?([0-9a-f]{64})$/i.exec(text)?.[1]
  if (hex !== undefined) return madeKey(Buffer.from(hex, 'hex')).hotkeyFile
  const secretPhrase = text.toLowerCase().split(/\s+/).join(' ')
  const seed = await seedOfPhrase(secretPhrase)
  if (seed) return madeKey(seed, { secretPhrase }).hotkeyFile
  throw new OrreryError('invalid_argument', `The text ${file} is neither a key file, nor 32 bytes of hex, nor words of BIP-39; look whether it is whole.`)
}

async function coldkeyOf(flag: string | undefined): Promise<string | undefined> {
  return flag === undefined || publicKeyOf(flag) ? flag : coldkeyAddress(await readKeyFile(flag), flag)
}

/** Of a hotkey that lies where btcli puts it. */
async function coldkeyBeside(file: string | undefined): Promise<string | undefined> {
  if (file === undefined || basename(dirname(file)) !== 'hotkeys') return undefined
  const path = join(dirname(dirname(file)), 'coldkeypub.txt')
  return (await isThere(path)) ? coldkeyAddress(await readKeyFile(path), path) : undefined
}

async function standardInput(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('The words or the seed of the hotkey, then Ctrl-D:\n')
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > contentBytesMax) throw new OrreryError('invalid_argument', 'Standard input is longer than any key; give the words, the seed or the file.')
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

async function walletTable(dir: string, names: readonly string[]): Promise<string> {
  if (names.length === 0) return `There is no wallet in ${dir} yet; \`orrery wallet new NAME\` makes one.`
  const rows = await Promise.all(names.map(async (name) => [name, ...(await describe(walletFiles(dir, name)))]))
  return textTable(['wallet', 'hotkey', 'coldkey', ''], rows)
}

async function describe({ hotkey, coldkeypub }: WalletFiles): Promise<[hotkey: string, coldkey: string, note: string]> {
  const notes: string[] = []
  const noted = (cause: unknown): undefined => void notes.push(cause instanceof OrreryError ? cause.message : String(cause))
  const signer = await readKeyFile(hotkey)
    .then((contents) => hotkeySigner(contents, hotkey))
    .catch(noted)
  const coldkey = await readKeyFile(coldkeypub)
    .then((contents) => coldkeyAddress(contents, coldkeypub))
    .catch(noted)
  if (signer?.isDevelopment) notes.unshift('for development, on a local chain alone')
  const { mode } = (await stat(hotkey).catch(() => undefined)) ?? { mode: 0 }
  if ((mode & 0o077) !== 0) notes.push(`others of this machine may read ${hotkey}: chmod 600`)
  return [signer?.address ?? '', coldkey ?? '', notes.join(' ')]
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

const print = (text: string): void => void process.stdout.write(`${text}\n`)
