import type { Fingerprint } from '#schemas/identity/clusters.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import { pairWithJaccard } from './pairs.ts'

export const fingerprint = (name: string, text: string, rest: Partial<Fingerprint> = {}): Fingerprint => ({
  key: sha256Hex(name),
  signature: minhash(text),
  publishedAt: null,
  textBytes: text.length,
  uri: `https://example.org/${name}`,
  ...rest,
})

/** Documents of which some are near-duplicates, at some distances; by number, the same each time. */
export function fingerprints(count: number, from = 0): Fingerprint[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i
    const family = Math.floor(n / 4)
    const { a, b } = pairWithJaccard([0.95, 0.88, 0.72, 0.5][family % 4] as number, family, 100)
    const text = [a, b, `${a} and a tail`, `nothing like any other ${n} `.repeat(3)][n % 4] as string
    return fingerprint(`n${n}`, text, { publishedAt: n % 3 === 0 ? null : n % 5, textBytes: text.length })
  })
}
