import { createHash } from 'node:crypto'
import type { DatasetEntry } from '../versions.ts'
import type { RepoFile } from './hub.ts'
import { isData, partsOf, type PublishedFile, type PublishedLayout } from './layout.ts'
import type { Survey } from './survey.ts'

/** What is to be published. */
export interface Shipment {
  entry: DatasetEntry
  layout: PublishedLayout
  facts: Survey
  files: readonly PublishedFile[]
}

/** What makes of a repository the wanted one. */
export interface Difference {
  /** Files of the version that are there. */
  kept: RepoFile[]
  missing: PublishedFile[]
  /** Paths. */
  gone: string[]
  /** By path. */
  found: ReadonlyMap<string, RepoFile>
}

/** A file is there when its path says what it is made of, and its content is what its path says. */
export function differenceOf(repoFiles: readonly RepoFile[], files: readonly PublishedFile[]): Difference {
  const present = new Map<string, RepoFile>()
  for (const file of repoFiles) {
    const parts = partsOf(file.path)
    if (parts && file.sha256?.startsWith(parts.content)) present.set(parts.source, file)
  }
  const kept = files.flatMap(({ source }) => present.get(source) ?? [])
  const keptPaths = new Set(kept.map(({ path }) => path))
  return {
    kept,
    missing: files.filter(({ source }) => !present.has(source)),
    gone: repoFiles.map(({ path }) => path).filter((path) => isData(path) && !keptPaths.has(path)),
    found: new Map(repoFiles.map((file) => [file.path, file])),
  }
}

/** Whether a small file is there as it should be: Git knows it by the id of its blob. */
export function isSameText(text: string, found: RepoFile | undefined): boolean {
  const bytes = Buffer.from(text)
  return (
    found?.bytes === bytes.length && (found.sha256 ? found.sha256 === hashOf('sha256', bytes) : found.oid === hashOf('sha1', `blob ${bytes.length}\0`, bytes))
  )
}

function hashOf(algorithm: 'sha1' | 'sha256', ...parts: (string | Buffer)[]): string {
  const hash = createHash(algorithm)
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
