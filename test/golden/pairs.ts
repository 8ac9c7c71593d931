/** Two texts whose sets of word 5-grams have a known Jaccard similarity near the wanted one. */
export function pairWithJaccard(wanted: number, seed: number, shingles = 400): { a: string; b: string; jaccard: number } {
  // A shared head of c + 4 words gives c shared shingles; private tails of t words give t shingles each: J = c / (c + 2t).
  const shared = Math.round(shingles * wanted)
  const tail = Math.round((shared / wanted - shared) / 2)
  const words = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}${seed}x${i}`)
  const head = words('w', shared + 4)
  return { a: [...head, ...words('a', tail)].join(' '), b: [...head, ...words('b', tail)].join(' '), jaccard: shared / (shared + 2 * tail) }
}
