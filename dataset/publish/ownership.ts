import { z } from 'zod'
import { canonicalJson } from '#schemas/canonical-json.ts'
import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DatasetEntry } from '../versions.ts'
import type { Hub, RepoFile } from './hub.ts'

/** Says that a repository is ours, and what is in it. */
export const markerPath = '.orrery.json'
export const cardPath = 'README.md'

const Marker = z.object({
  dataset: z.string(),
  version: z.int().positive(),
  manifest: z.string().regex(/^[0-9a-f]{64}$/),
  /** False while a publication of many commits is under way. */
  complete: z.boolean(),
})
type Marker = z.infer<typeof Marker>

export const markerText = ({ version, sha256, manifest: { name } }: DatasetEntry, complete: boolean): string =>
  `${canonicalJson({ dataset: name, version, manifest: sha256, complete } satisfies Marker)}\n`

const markerBytesMax = 2 ** 16
/** A card that is longer is read by nobody. */
export const cardBytesMax = 2 ** 20
/** What a hub puts into a repository by itself. */
const isBare = ({ path }: RepoFile): boolean => path === '.gitattributes'

/** Whether a repository holds nothing yet, or what was published from here. */
export type Holding = 'nothing' | 'ours'

/**
 * @param isClaimed whether it was found to be free, or ours, just before: what somebody puts there since then is in our way, but for another publication
 * @throws OrreryError `conflict` when a publication would destroy what is not this dataset's: somebody's own files, another dataset, a version that follows this one
 */
export async function holdingOf(
  hub: Hub,
  files: readonly RepoFile[],
  { catalog, entry, isClaimed }: { catalog: Catalog; entry: DatasetEntry; isClaimed: boolean },
): Promise<Holding> {
  if (files.every(isBare)) return 'nothing'
  const { name } = entry.manifest
  const refusal = (holds: string) =>
    new OrreryError('conflict', `The repository "${hub.requests.access.repo}" holds ${holds}; publish to another one, or pass --replace to replace it.`, {
      repo: hub.requests.access.repo,
    })
  const found = await foundMarker(hub, files)
  if (!found && isClaimed) return 'nothing'
  if (!found) throw refusal('something that was not published from here')
  if (found.dataset !== name) throw refusal(`the dataset "${found.dataset.slice(0, 100)}", not "${name}"`)
  if (found.version > entry.version) throw refusal(`version ${found.version} of "${name}", which is newer than version ${entry.version} here`)
  const own = found.version === entry.version ? entry : await catalog.get(lineage.dataset(name), { version: found.version })
  if (own && own.sha256 !== found.manifest) throw refusal(`another dataset that is called "${name}" too (its version ${found.version} is not the one here)`)
  return 'ours'
}

async function foundMarker(hub: Hub, files: readonly RepoFile[]): Promise<Marker | undefined> {
  const text = async (path: string, bytesMax: number) => {
    const file = files.find((each) => each.path === path)
    return file && file.bytes <= bytesMax ? hub.text(path, bytesMax) : undefined
  }
  const marker = await text(markerPath, markerBytesMax)
  if (marker === undefined) return cardMarker((await text(cardPath, cardBytesMax)) ?? '')
  try {
    return Marker.parse(JSON.parse(marker))
  } catch {
    return undefined
  }
}

/** Publications of before had no marker, but a card that says what they are. */
function cardMarker(card: string): Marker | undefined {
  const [, name] = /^pretty_name: ("(?:[^"\\\n]|\\.)*")$/m.exec(card) ?? []
  const [, version, manifest] = /\bVersion (\d{1,15}), manifest `([0-9a-f]{64})`/.exec(card) ?? []
  if (name === undefined || version === undefined) return undefined
  try {
    return Marker.parse({ dataset: JSON.parse(name), version: Number(version), manifest, complete: true })
  } catch {
    return undefined
  }
}
