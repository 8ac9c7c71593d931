import { readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { OrreryError } from '#schemas/errors.ts'

/**
 * The index of a dataset is a SQLite file of a folder, `rows-{format}-{generation}.sqlite`. Another generation is built beside it when too much of it is gone, or words are folded and weighed
 * otherwise (another format); until that one has as much, the old answers. A damaged one goes. Whatever it holds can be made again of the versions.
 */
export const indexFormat = 2

export interface IndexFile {
  path: string
  format: number
  generation: number
}

const named = /^rows-(\d{1,6})-(\d{1,9})\.sqlite$/

/** Those of this format or an older one, oldest first. */
export function indexFiles(folder: string): IndexFile[] {
  const found = names(folder).flatMap((name) => {
    const [, format, generation] = named.exec(name) ?? []
    return format === undefined || Number(format) > indexFormat ? [] : [{ path: join(folder, name), format: Number(format), generation: Number(generation) }]
  })
  return found.toSorted((a, b) => a.generation - b.generation)
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

export const indexPath = (folder: string, generation: number): string => join(folder, `rows-${indexFormat}-${generation}.sqlite`)

/** With its log. */
export function removeIndex({ path }: Pick<IndexFile, 'path'>): void {
  for (const ending of ['', '-wal', '-shm']) rmSync(`${path}${ending}`, { force: true })
}

/** What the reading half throws for an index that is not what was written. */
export const damaged = (what: string, cause?: unknown): OrreryError =>
  new OrreryError('data_unreadable', `The index of the dataset is damaged: ${what}. It is made anew; ask again.`, { is_index: true }, cause)

/** Whether an index is to be made anew for it. */
export const isDamage = (error: unknown): error is OrreryError =>
  error instanceof OrreryError &&
  error.code === 'data_unreadable' &&
  (error.details['is_index'] === true || named.test(basename(String(error.details['path'] ?? ''))))
