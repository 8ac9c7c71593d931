import { constants, existsSync, lstatSync } from 'node:fs'
import { access, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { OrreryError } from '#schemas/errors.ts'
import type { Config } from './config/schema.ts'
import { inspectDatabase } from './sqlite/database.ts'

export interface PortWish {
  host: string
  port: number
  /** The setting that chose it. */
  setting: string
}

/** What a command asks of a data folder that is to be opened. */
export interface OpenWish {
  /** It works on what is there: refused in a folder where nothing was ever run. */
  isBegun?: boolean
  /** What it will listen for. */
  serves?: readonly ServiceName[]
  /** Standard output is for what it says: events go to standard error. */
  ownsOutput?: boolean
}

type ServiceName = keyof ReturnType<typeof servicePorts>

/** Where the query API, the feed, the store access service and a miner listen; a miner without a port asks for any free one, and takes none. */
export const servicePorts = ({ dataset, bridge, access, axon }: Pick<Config, 'dataset' | 'bridge' | 'access' | 'axon'>) => ({
  query: { host: dataset.host, port: dataset.port, setting: 'dataset.port' },
  feed: { host: bridge.host, port: bridge.port, setting: 'bridge.port' },
  access: { host: access.host, port: access.port, setting: 'access.port' },
  axon: { host: axon.host, port: axon.port ?? 0, setting: 'axon.port' },
})

/**
 * Everything that could be wrong before the first byte is written, so that a refusal changes nothing: the data folder, the files in it, the ports.
 * @throws OrreryError `data_unreadable`, `newer_version`, `port_in_use`
 */
export async function preflight(dataDir: string, ports: readonly PortWish[] = []): Promise<void> {
  await checkFolder(dataDir)
  for (const name of folders) await checkInner(join(dataDir, name))
  for (const file of await databases(dataDir)) inspectDatabase(file)
  for (const wish of ports) await checkPort(wish)
}

/** The block list, read when a miner opens it, by when others have written. @throws OrreryError `invalid_config` */
export async function checkBlockList({ miner: { block_list: path } }: Pick<Config, 'miner'>): Promise<void> {
  if (path === '') return
  const refuse = (why: string, cause?: unknown) =>
    new OrreryError('invalid_config', `The block list "${path}" cannot be read (${why}); name another as miner.block_list.`, { path }, cause)
  await access(path, constants.R_OK).catch((cause: NodeJS.ErrnoException) => {
    throw refuse(cause.code ?? cause.message, cause)
  })
  if (!(await stat(path)).isFile()) throw refuse('no file')
}

/**
 * Whether files can be kept there: tried, in a folder beside it that is gone again afterwards, because rights alone say little (as root; on /proc, where making
 * a folder with its parents never ends; on a full disk).
 * @throws OrreryError `data_unreadable`
 */
export async function checkFolder(dataDir: string): Promise<void> {
  const path = resolve(dataDir)
  let nearest = path
  try {
    nearest = nearestExisting(path)
    if (!(await stat(nearest)).isDirectory()) throw unusable(dataDir, `"${nearest}" is no folder`, 'name another folder with --data')
    await access(nearest, constants.R_OK | constants.W_OK | constants.X_OK)
    await tryFolder(nearest, relative(nearest, path))
  } catch (cause) {
    if (cause instanceof OrreryError) throw cause
    const { code } = cause as NodeJS.ErrnoException
    const remedy = 'give the user of this program room and the rights to it, or name another folder with --data'
    throw unusable(dataDir, `"${nearest}" cannot be read and written (${code})`, remedy, cause)
  }
}

/** What a data folder holds beside its databases. */
const folders = ['access', 'archives', 'claims', 'corpus', 'hosts', 'rejects', 'store', 'traps', 'wallets', 'warc']

async function checkInner(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (!found) return
  const remedy = 'move it away, mend its permissions, or name another folder with --data'
  if (!found.isDirectory()) throw unusable(dirname(path), `"${path}" is no folder`, remedy)
  await access(path, constants.R_OK | constants.W_OK | constants.X_OK).catch((cause: NodeJS.ErrnoException) => {
    throw unusable(dirname(path), `"${path}" cannot be read and written (${cause.code})`, remedy, cause)
  })
}

const probeBytes = 4096

async function tryFolder(nearest: string, missing: string): Promise<void> {
  const probe = await mkdtemp(join(nearest, '.orrery-probe-'))
  try {
    let path = probe
    for (const name of missing.split(sep)) if (name !== '') await mkdir((path = join(path, name)))
    await writeFile(join(path, 'file'), Buffer.alloc(probeBytes), { flush: true })
  } finally {
    await rm(probe, { recursive: true, force: true })
  }
}

/** A link that leads nowhere exists. */
const nearestExisting = (path: string): string => (lstatSync(path, { throwIfNoEntry: false }) || dirname(path) === path ? path : nearestExisting(dirname(path)))

const unusable = (dataDir: string, why: string, remedy: string, cause?: unknown): OrreryError =>
  new OrreryError('data_unreadable', `The data folder "${dataDir}" cannot be used: ${why}; ${remedy}.`, { dataDir }, cause)

/** Folders of databases in a data folder: itself, and that of the notes of hosts. */
const databaseFolders = ['', 'hosts']

async function databases(dataDir: string): Promise<string[]> {
  const found: string[] = []
  for (const folder of databaseFolders.map((name) => join(dataDir, name))) {
    if (!existsSync(folder)) continue
    const entries = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
      throw unusable(dataDir, `"${folder}" cannot be read as a folder (${cause.code})`, 'move it away, or name another folder with --data', cause)
    })
    for (const name of entries.toSorted()) if (name.endsWith('.sqlite')) found.push(join(folder, name))
  }
  return found
}

async function checkPort({ host, port, setting }: PortWish): Promise<void> {
  const server = createServer()
  await new Promise<void>((done, fail) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be used (${cause.code})`
      fail(
        new OrreryError(
          'port_in_use',
          `Port ${port} on ${host} ${why}; choose another with --set ${setting}=PORT (0 = any free one), or another address with ${setting.replace(/port$/, 'host')}.`,
          { host, port, setting },
          cause,
        ),
      )
    })
    server.listen({ host, port }, () => server.close(() => done()))
  })
}
