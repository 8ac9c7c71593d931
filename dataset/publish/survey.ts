import type { ObjectStore } from '#schemas/object-store.ts'
import { ownerRefusal } from '#schemas/rights.ts'
import { readDataFile } from '#infra/corpus/read-data-file.ts'
import { versionFiles, liveRows } from '../version-files.ts'
import type { AnyVersion } from '../versions.ts'

/** What the documents of a version say of themselves, as far as publication asks. */
export interface Survey {
  /** Documents of each language, most first, as far as it has a code. */
  languages: [code: string, documents: number][]
  /** Documents of each licence that a page gives for itself, most first; of those behind the first `licencesMax` met, together as `null`. */
  licences: [licence: string | null, documents: number][]
  /** Documents that must not be published by what their owners said, by reason (`ownerRefusal`). */
  refused: Map<string, number>
}

/** A licence is anybody's word: so many are counted by name. */
const licencesMax = 1_000

const count = <Name>(into: Map<Name, number>, name: Name): void => void into.set(name, (into.get(name) ?? 0) + 1)

/** Reads languages and rights of all documents, no other column. */
export async function survey(store: ObjectStore, manifest: AnyVersion, signal: AbortSignal): Promise<Survey> {
  const languages = new Map<string, number>()
  const licences = new Map<string | null, number>()
  const refused = new Map<string, number>()
  for await (const listed of versionFiles(store, manifest)) {
    if (liveRows(listed) === 0) continue
    for await (const rows of readDataFile(store, listed, { signal, columns: ['lang', 'rights'] }))
      for (const { document } of rows) {
        const { lang, rights } = document
        if (/^[a-z]{2,3}$/.test(lang) && lang !== 'und') count(languages, lang)
        if (rights.licence !== null) count(licences, licences.has(rights.licence) || licences.size < licencesMax ? rights.licence : null)
        const reason = ownerRefusal(rights)
        if (reason !== undefined) count(refused, reason)
      }
  }
  return { languages: mostFirst(languages), licences: mostFirst(licences), refused }
}

const mostFirst = <Name extends string | null>(counts: ReadonlyMap<Name, number>): [Name, number][] =>
  [...counts].toSorted(([a, n], [b, m]) => m - n || (String(a) < String(b) ? -1 : 1))
