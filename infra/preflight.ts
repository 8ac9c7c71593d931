import { constants, existsSync } from 'node:fs'
import { access, readdir, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { OrreryError } from '#schemas/errors.ts'
import type { Config } from './config/schema.ts'
import { inspectDatabase } from './sqlite/database.ts'

export interface PortWish {
  host: string
  port: number
  /** The setting that chose it. */
  setting: string
}

/** Where the query API and the feed listen. */
export const servicePorts = ({ dataset, bridge }: Config): { query: PortWish; feed: PortWish } => ({
  query: { host: dataset.host, port: dataset.port, setting: 'dataset.port' },
  feed: { host: bridge.host, port: bridge.port, setting: 'bridge.port' },
})

/**
 * Everything that could be wrong before the first byte is written, so that a refusal changes nothing: the data folder, the files in it, the ports.
 * @throws OrreryError `data_unreadable`, `newer_version`, `port_in_use`
 */
export async function preflight(dataDir: string, ports: readonly PortWish[] = []): Promise<void> {
  await checkFolder(dataDir)
  for (const file of await databases(dataDir)) inspectDatabase(file)
  for (const wish of ports) await checkPort(wish)
}

async function checkFolder(dataDir: string): Promise<void> {
  const nearest = nearestExisting(resolve(dataDir))
  const remedy = 'give the user of this program the rights to it, or name another folder with --data'
  if (!(await stat(nearest)).isDirectory()) throw unusable(dataDir, `"${nearest}" is no folder`, 'name another folder with --data')
  await access(nearest, constants.R_OK | constants.W_OK | constants.X_OK).catch((cause: NodeJS.ErrnoException) => {
    throw unusable(dataDir, `"${nearest}" cannot be read and written (${cause.code})`, remedy)
  })
}

const nearestExisting = (path: string): string => (existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path)))

const unusable = (dataDir: string, why: string, remedy: string): OrreryError =>
  new OrreryError('data_unreadable', `The data folder "${dataDir}" cannot be used: ${why}; ${remedy}.`, { dataDir })

async function databases(dataDir: string): Promise<string[]> {
  if (!existsSync(dataDir)) return []
  const entries = await readdir(dataDir, { recursive: false })
  return entries
    .filter((name) => name.endsWith('.sqlite'))
    .toSorted()
    .map((name) => join(dataDir, name))
}

async function checkPort({ host, port, setting }: PortWish): Promise<void> {
  if (port === 0) return
  const server = createServer()
  await new Promise<void>((done, fail) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be used (${cause.code})`
      fail(
        new OrreryError(
          'port_in_use',
          `Port ${port} on ${host} ${why}; choose another with --set ${setting}=PORT (0 = any free one).`,
          { host, port, setting },
          cause,
        ),
      )
    })
    server.listen({ host, port }, () => server.close(() => done()))
  })
}
