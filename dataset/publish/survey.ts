import type { ObjectStore } from '#schemas/object-store.ts'
import { ownerRefusal } from '#schemas/rights.ts'
import { readDataFile } from '#infra/corpus/read-data-file.ts'
import { versionFiles, liveRows } from '../version-files.ts'
import type { AnyVersion } from '../versions.ts'

/** What the documents of a version say of themselves, as far as publication asks. */
export interface Survey {
  /** Codes of the languages, most documents first. */
  languages: string[]
  /** Documents that must not be published by what their owners said, by reason (`ownerRefusal`). */
  refused: Map<string, number>
}

const count = (into: Map<string, number>, name: string): void => void into.set(name, (into.get(name) ?? 0) + 1)

/** Reads languages and rights of all documents, no other column. */
export async function survey(store: ObjectStore, manifest: AnyVersion, signal: AbortSignal): Promise<Survey> {
  const languages = new Map<string, number>()
  const refused = new Map<string, number>()
  for await (const listed of versionFiles(store, manifest)) {
    if (liveRows(listed) === 0) continue
    for await (const rows of readDataFile(store, listed, { signal, columns: ['lang', 'rights'] }))
      for (const { document } of rows) {
        if (/^[a-z]{2,3}$/.test(document.lang)) count(languages, document.lang)
        const reason = ownerRefusal(document.rights)
        if (reason !== undefined) count(refused, reason)
      }
  }
  return { languages: [...languages].toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([lang]) => lang), refused }
}
