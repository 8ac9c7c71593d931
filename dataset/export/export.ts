import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { tokenTotals } from '#infra/corpus/groups.ts'
import { storeFailure } from '#infra/store/failure.ts'
import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { datatroveWriter } from './datatrove.ts'
import { mdsWriter } from './mds.ts'
import { megatronWriter } from './megatron.ts'
import { npyWriter } from './npy.ts'
import { parquetWriter } from './parquet.ts'
import { tokenDocuments } from './token-documents.ts'
import type { OpenWriter } from './token-writer.ts'

/** Formats that tokens are exported in, by their names. */
export const exportFormats = {
  megatron: megatronWriter,
  datatrove: datatroveWriter,
  npy: npyWriter,
  mds: mdsWriter,
  parquet: parquetWriter,
} as const satisfies Record<string, OpenWriter>
export type ExportFormat = keyof typeof exportFormats

export interface ExportRequest {
  catalog: Catalog
  store: Pick<ObjectStore, 'get'>
  /** Of the dataset. */
  name: string
  format: ExportFormat
  /** Folder that comes to hold the export; made with all that is in it. */
  to: string
  signal: AbortSignal
}

/** What an export is of; told in its file `_export.json`. */
export interface Exported {
  dataset: string
  /** Of the dataset's line of tokens. */
  tokens_version: number
  /** Content addresses of the versions of the tokens and of the dataset that they were made of. */
  tokens_sha256: string
  dataset_sha256: string
  tokenizer: string
  format: ExportFormat
  /** Bytes of a token, where the format has no type of its own. */
  token_bytes: 2 | 4
  documents: number
  tokens: number
}

/** What no token of u16 goes beyond. */
const smallVocabulary = 2 ** 16

/**
 * Writes the tokens of the newest version of a dataset's tokens as files that trainers read, deleted documents left out, `<|endoftext|>` behind each. It grows
 * beside the folder under another name and takes its place when all of it is durable: what was cut off is begun anew, and nobody sees half of it. The same version
 * gives the same bytes.
 * @throws OrreryError `not_found` without tokens, `already_exists` for a folder that holds anything, `data_unreadable`, `store_unavailable`; the signal's reason
 */
export async function exportTokens(request: ExportRequest): Promise<Exported> {
  const { catalog, name } = request
  const head = await catalog.head(lineage.tokens(name))
  if (head?.kind !== 'token-version')
    throw new OrreryError('not_found', `There is no dataset "${name}" to export yet; make one with \`orrery dataset ingest\`, import or build.`, { name })
  if (tokenTotals(head.manifest).documents === 0)
    throw new OrreryError('not_found', `Version ${head.version} of the tokens of "${name}" has no documents to export.`, { name })
  const to = resolve(request.to)
  await requireFree(to)
  const staged = await stagedBeside(to)
  try {
    const exported = await writeTokens(request, head, staged)
    await writeFile(join(staged, '_export.json'), `${JSON.stringify(exported, null, 2)}\n`, { flag: 'wx', flush: true })
    await syncFolder(staged)
    // An empty one gives way.
    await rename(staged, to).catch((cause: NodeJS.ErrnoException) => {
      throw cause.code === 'ENOTEMPTY' || cause.code === 'EEXIST' ? occupied(to) : cause
    })
    await syncFolder(dirname(to))
    return exported
  } catch (cause) {
    throw storeFailure(cause) ?? cause
  } finally {
    await rm(staged, { recursive: true, force: true })
  }
}

/** A folder of this process. What others left that are gone goes. */
async function stagedBeside(to: string): Promise<string> {
  const [parent, prefix] = [dirname(to), `.${basename(to)}.part-`]
  await mkdir(parent, { recursive: true })
  for (const name of await readdir(parent))
    if (name.startsWith(prefix) && !isRunning(Number(name.slice(prefix.length)))) await rm(join(parent, name), { recursive: true, force: true })
  const staged = join(parent, `${prefix}${process.pid}`)
  await mkdir(staged)
  return staged
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    return Number.isInteger(pid) && pid > 0 && process.kill(pid, 0)
  } catch (error) {
    // Somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function writeTokens({ store, name, format, signal }: ExportRequest, head: CatalogEntry<'token-version'>, folder: string): Promise<Exported> {
  const { tokenizer, dataset } = head.manifest
  const width = tokenizer.vocabulary <= smallVocabulary ? 2 : 4
  const { documents } = tokenTotals(head.manifest)
  let [written, tokens] = [0, 0]
  await using writer = await exportFormats[format]({ folder, name, width, documents, tokenizer })
  for await (const document of tokenDocuments(store, head.manifest, signal)) {
    written++
    tokens += document.tokens.length
    await writer.write(document)
  }
  if (written !== documents)
    throw new OrreryError('data_unreadable', `Version ${head.version} of the tokens of "${name}" has ${written} documents, and says it has ${documents}.`, {
      name,
    })
  await writer.finish()
  return {
    dataset: name,
    tokens_version: head.version,
    tokens_sha256: head.sha256,
    dataset_sha256: dataset,
    tokenizer: tokenizer.name,
    format,
    token_bytes: width,
    documents,
    tokens,
  }
}

async function requireFree(to: string): Promise<void> {
  const names = await readdir(to).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return []
    throw new OrreryError('invalid_argument', `${to} is no folder to export to (${cause.code}); name one that is not there yet.`, { to }, cause)
  })
  if (names.length > 0) throw occupied(to)
}

const occupied = (to: string): OrreryError =>
  new OrreryError('already_exists', `${to} holds something already; name a folder that is empty or not there yet.`, { to })

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path)
  await folder.sync()
}
