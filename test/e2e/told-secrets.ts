import { readdir, readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'

/** A secret of a hotkey in one of the forms in which it could be told. */
interface Form {
  what: string
  bytes: Buffer
}

/** Where secrets of the wallets of a data folder stand in what a run told, or in what it left beside the wallets. */
export async function toldSecrets(data: string, told: Record<string, string>): Promise<string[]> {
  const wallets = join(data, 'wallets')
  const forms = (
    await Promise.all((await readdir(wallets)).map(async (name) => formsOf(name, await readFile(join(wallets, name, 'hotkeys', 'default')))))
  ).flat()
  const found: string[] = []
  const look = (where: string, bytes: Buffer): void => {
    for (const form of forms) if (bytes.includes(form.bytes)) found.push(`${form.what} in ${where}`)
  }
  for (const [where, text] of Object.entries(told)) look(where, Buffer.from(text))
  for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !path.startsWith(`${wallets}${sep}`)) look(path, await readFile(path))
  }
  return found
}

function formsOf(name: string, file: Buffer): Form[] {
  const { secretPhrase, secretSeed, privateKey } = JSON.parse(file.toString()) as Record<string, string | undefined>
  const keys = Object.entries({ secretSeed, privateKey }).flatMap(([member, hex]) =>
    hex === undefined ? [] : [{ member, bytes: Buffer.from(hex.replace('0x', ''), 'hex') }],
  )
  return [
    ...keys.flatMap(({ member, bytes }) => [
      // Half of it would be told too much; base64 has three alignments, of which a value by itself has the first.
      { what: `${name}: ${member} as bytes`, bytes: bytes.subarray(0, 16) },
      ...['hex', 'base64', 'base64url'].map((encoding) => ({
        what: `${name}: ${member} in ${encoding}`,
        bytes: Buffer.from(bytes.toString(encoding as BufferEncoding).slice(0, 32)),
      })),
      { what: `${name}: ${member} in HEX`, bytes: Buffer.from(bytes.toString('hex').toUpperCase().slice(0, 32)) },
    ]),
    ...(secretPhrase === undefined ? [] : [{ what: `${name}: its words`, bytes: Buffer.from(secretPhrase.split(' ').slice(0, 3).join(' ')) }]),
  ]
}
