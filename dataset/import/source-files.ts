import { readdir, readFile, stat } from 'node:fs/promises'
import { join, matchesGlob, relative, sep } from 'node:path'
import { compareText } from '#schemas/compare-text.ts'
import { OrreryError } from '#schemas/errors.ts'
import { configsOfCard } from './config-files.ts'

type FileKind = 'parquet' | 'jsonl' | 'csv' | 'warc'

export interface SourceFile {
  path: string
  kind: FileKind
}

const endings: readonly [FileKind, RegExp][] = [
  ['parquet', /\.parquet$/i],
  ['jsonl', /\.(?:jsonl|ndjson|json)(?:\.gz|\.zst|\.zstd)?$/i],
  ['csv', /\.csv(?:\.gz|\.zst|\.zstd)?$/i],
  ['warc', /\.warc(?:\.gz|\.zst)?$/i],
]
const readable = '.parquet, and .jsonl, .csv and .warc, plain, .gz or .zst'
/** A card is a page of text. */
const cardBytesMax = 2 ** 20
/** Other data of a folder. */
const filesMax = 100_000

/**
 * The files that a source is: itself, or those of a folder that can be read, by the default config of its dataset card where it has configs.
 * @param config of a folder's card
 * @throws OrreryError `not_found`, `invalid_argument` for a file that is none of those or no file, a config that is not there, a folder without any
 */
export async function filesOfSource(source: string, config?: string): Promise<SourceFile[]> {
  const found = await stat(source).catch((cause: unknown) => {
    throw new OrreryError('not_found', `${source} is not there (${(cause as NodeJS.ErrnoException).code}); name a file or a folder.`, { source }, cause)
  })
  if (!found.isDirectory()) {
    const kind = kindOf(source)
    if (!found.isFile()) throw new OrreryError('invalid_argument', `${source} is a pipe or a device; save what it gives as a file, and name that.`, { source })
    if (kind) return [{ path: source, kind }]
    throw new OrreryError('invalid_argument', `${source} is none of the files that can be read: ${readable}.`, { source })
  }
  const patterns = await patternsOf(source, config)
  const files: SourceFile[] = []
  for await (const path of pathsUnder(source)) {
    const kind = kindOf(path)
    const name = relative(source, path).split(sep).join('/')
    if (kind && (!patterns || patterns.some((pattern) => name === pattern || matchesGlob(name, pattern))) && !(await isNoFile(path))) files.push({ path, kind })
  }
  if (files.length > 0) return files.toSorted((a, b) => compareText(a.path, b.path))
  throw new OrreryError('invalid_argument', `${source} holds none of the files that can be read: ${readable}.`, { source })
}

/** A folder by a link, or what would be waited for without end: a pipe, a device. What is not there is no such thing: that it cannot be read is said of it. */
const isNoFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => !found.isFile(),
    () => false,
  )

/** What `datasets` writes beside the data. */
const besides = /(?:^|[\\/])(?:dataset_infos?|dataset_dict|state)\.json$/

const kindOf = (path: string): FileKind | undefined => (besides.test(path) ? undefined : endings.find(([, ending]) => ending.test(path))?.[0])

/** undefined: all files. */
async function patternsOf(folder: string, wanted: string | undefined): Promise<string[] | undefined> {
  const path = join(folder, 'README.md')
  const size = await stat(path).then(
    ({ size: bytes }) => bytes,
    () => 0,
  )
  const configs = size === 0 || size > cardBytesMax ? [] : configsOfCard(await readFile(path, 'utf8'))
  if (wanted === undefined && configs.length === 0) return undefined
  const config =
    wanted === undefined ? (configs.find(({ isDefault, name }) => isDefault || name === 'default') ?? configs[0]) : configs.find(({ name }) => name === wanted)
  if (config) return config.patterns
  const known =
    configs.length === 0
      ? 'its README.md names none'
      : `there are ${configs
          .slice(0, 20)
          .map(({ name }) => name)
          .join(', ')}`
  throw new OrreryError('invalid_argument', `${folder} has no config "${wanted}": ${known}.`, { folder })
}

/** Not those whose names begin with a dot or underscore, as datasets have it. */
async function* pathsUnder(folder: string): AsyncGenerator<string> {
  let left = filesMax
  const folders = [folder]
  for (let next = folders.pop(); next !== undefined; next = folders.pop())
    for (const entry of await readdir(next, { withFileTypes: true })) {
      if (/^[._]/.test(entry.name)) continue
      const path = join(next, entry.name)
      if (entry.isDirectory()) folders.push(path)
      else if (left-- > 0) yield path
      else throw new OrreryError('too_large', `${folder} holds more than ${filesMax} files; name some of its folders.`, { folder })
    }
}
