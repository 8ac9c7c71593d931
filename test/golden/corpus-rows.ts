import { sha256Hex } from '#schemas/canonical-json.ts'
import type { AddedRow, CorpusIndex, IndexChange, KnownRow, RowFacts, RowPlace } from '#schemas/corpus-index.ts'
import { nearDuplicates } from '#schemas/identity/clusters.ts'
import { fingerprint } from './fingerprints.ts'
import { prose } from './documents.ts'

export const rowFacts = (name: string, rest: Partial<RowFacts> = {}): RowFacts => ({
  id: sha256Hex(name),
  uri: `https://example.org/${name}`,
  hotkey: 'hotkey',
  jobId: 'job',
  label: 'label',
  version: 1,
  fetchedAt: 1_000,
  publishedAt: null,
  textBytes: 100,
  addressFit: 0,
  htmlSha256: sha256Hex(`html of ${name}`),
  seen: 0,
  ...rest,
})

/** A live row of a text that is like no other, at a place of its own. */
export function addedRow(n: number, rest: Partial<Omit<AddedRow, 'facts'>> & { facts?: Partial<RowFacts> } = {}): AddedRow {
  const { facts, signature = fingerprint('', prose(n)).signature, ...others } = rest
  return {
    facts: rowFacts(`n${n}`, facts),
    signature,
    state: 'live',
    place: others.state === 'remembered' ? null : placeOf(n),
    ...others,
  }
}

/** The n-th place there is. */
export const placeOf = (n: number): RowPlace => ({ file: sha256Hex(`file ${Math.floor(n / 1000)}`), row: n % 1000 })

/** Places of signatures by cluster (identity/clusters.ts), in order of their first. */
export function clustersOf(signatures: readonly Uint8Array[]): number[][] {
  const items = signatures.map((signature, at) => ({ key: `${at}`, signature, publishedAt: null, textBytes: 0, uri: '' }))
  const clusters = nearDuplicates(items).map(({ kept, dropped }) => [kept, ...dropped].map(Number).toSorted((a, b) => a - b))
  const met = new Set(clusters.flat())
  return [
    ...clusters,
    ...signatures
      .keys()
      .filter((at) => !met.has(at))
      .map((at) => [at]),
  ].toSorted((a, b) => (a[0] as number) - (b[0] as number))
}

const rowsPerChange = 6
const paragraph = (n: number): string => sha256Hex(`paragraph ${n}`).slice(0, 16)

/**
 * The n-th change of a history, which is the same each time: rows of four texts, one of which many others have as well; one that came before moves, one is
 * remembered, one is forgotten, and `pending` says how many changes there were.
 */
export function historyChange(n: number): IndexChange {
  const add = Array.from({ length: rowsPerChange }, (_, at) =>
    addedRow(n * rowsPerChange + at, {
      signature: fingerprint('', prose(at === 5 ? n % 3 : n * rowsPerChange + (at === 4 ? 0 : at))).signature,
      paragraphs: [
        { name: paragraph(n), isKept: at === 0 },
        { name: paragraph(at), isKept: false },
      ],
    }),
  )
  const before = (changes: number, at: number): number[] => (n >= changes ? [(n - changes) * rowsPerChange + at] : [])
  return {
    add,
    change: [
      ...before(1, 1).map((ordinal) => ({ ordinal, state: 'shadowed' as const, place: placeOf(1_000_000 + n) })),
      ...before(2, 2).map((ordinal) => ({ ordinal, state: 'remembered' as const, place: null })),
    ],
    forget: [...before(3, 3), ...before(4, 5)],
    withdrawn: [{ uri: `https://example.org/n${n}`, version: n }],
    keepers: [{ paragraph: paragraph(n), keeper: { added: 4 } }],
    pending: `${n + 1}`,
  }
}

/** All that an index tells of a history of so many changes. */
export async function toldOfHistory(index: CorpusIndex, changes: number): Promise<unknown> {
  const added = Array.from({ length: changes }, (_, n) => historyChange(n).add ?? []).flat()
  const { files, live, shadowed, remembered } = await index.stats()
  const rows: KnownRow[][] = []
  for (const file of files) rows.push(await index.rows(file))
  return {
    stats: { files, live, shadowed, remembered },
    rows,
    exact: await index.exact(added.map(({ facts }) => facts)),
    near: await index.near(added.map(({ signature }) => signature)),
    paragraphs: await index.paragraphs([...new Set(added.flatMap(({ paragraphs = [] }) => paragraphs.map(({ name }) => name)))]),
  }
}
