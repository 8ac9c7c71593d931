/** How many query variants of one path were let in, by the part of them that is the same whatever came first. */
interface Sample {
  /** Hashes with at least `level` trailing zero bits. */
  hashes: Set<number>
  level: number
}

/** The path with its host → its sample; what was touched longest ago is forgotten first. */
export interface VariantSamples {
  /** Whether this variant of the path may be visited. */
  admit(path: string, query: string): boolean
}

/**
 * Distinct sampling (Gibbons, VLDB 2001): a variant is let in when its hash ends in `level` zero bits, and the level rises whenever more than `variantsMax`
 * such variants are known. So of any number n of variants at most about variantsMax × log2(n / variantsMax) are visited, and those that pass the last level
 * are among them in whatever order they were found; order decides only about the rest. Memory: at most `pathsMax` samples of `variantsMax` numbers.
 */
export function variantSamples({ variantsMax, pathsMax }: { variantsMax: number; pathsMax: number }): VariantSamples {
  const samples = new Map<string, Sample>()
  return {
    admit(path, query) {
      const sample = samples.get(path) ?? { hashes: new Set(), level: 0 }
      samples.delete(path)
      samples.set(path, sample)
      if (samples.size > pathsMax) for (const oldest of samples.keys()) if (samples.size > pathsMax) samples.delete(oldest)
      const hash = hashOf(query)
      if (trailingZeros(hash) < sample.level) return false
      sample.hashes.add(hash)
      while (sample.hashes.size > variantsMax) {
        sample.level++
        for (const known of sample.hashes) if (trailingZeros(known) < sample.level) sample.hashes.delete(known)
      }
      return trailingZeros(hash) >= sample.level
    },
  }
}

const trailingZeros = (hash: number): number => (hash === 0 ? 32 : 31 - Math.clz32(hash & -hash))

/** FNV-1a over the UTF-16 code units, then MurmurHash3's fmix32. */
function hashOf(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
