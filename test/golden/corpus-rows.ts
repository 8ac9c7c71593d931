import { sha256Hex } from '#schemas/canonical-json.ts'
import type { AddedRow, RowFacts, RowPlace } from '#schemas/corpus-index.ts'
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
  ...rest,
})

/** A live row of a text that is like no other, at a place of its own. */
export function addedRow(n: number, rest: Partial<Omit<AddedRow, 'facts'>> & { facts?: Partial<RowFacts> } = {}): AddedRow {
  const { facts, ...others } = rest
  return {
    facts: rowFacts(`n${n}`, facts),
    signature: fingerprint('', prose(n)).signature,
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
