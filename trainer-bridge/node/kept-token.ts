import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { KeptToken } from './identity.ts'

const tokenForm = /^[\x21-\x7e]{1,256}$/

/** The token that a feed gave a node, in a file of the data folder that nobody else may read. @throws OrreryError `data_unreadable` */
export function keptToken(dataDir: string, { origin, node }: { origin: string; node: string }): KeptToken {
  const path = join(dataDir, 'node', `${sha256Hex(`${origin}\n${node}`).slice(0, 32)}.token`)
  const unusable = (cause: unknown) =>
    new OrreryError('data_unreadable', `The token of this node cannot be kept in ${path}; check the folder and its rights.`, { path }, cause)
  return {
    async read() {
      try {
        const text = (await readFile(path, 'latin1')).trim()
        return tokenForm.test(text) ? text : undefined
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw unusable(cause)
      }
    },
    async keep(token) {
      try {
        const folder = dirname(path)
        await mkdir(folder, { recursive: true, mode: 0o700 })
        const staged = `${path}.${randomUUID()}.tmp`
        await using file = await open(staged, 'wx', 0o600)
        await file.writeFile(`${token}\n`)
        await file.sync()
        await rename(staged, path)
        await using entries = await open(folder)
        await entries.sync()
      } catch (cause) {
        throw unusable(cause)
      }
    },
  }
}
