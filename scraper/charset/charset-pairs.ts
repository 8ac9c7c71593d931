/** How the bytes of a text pair up when it is read as a double-byte encoding of East Asia, by where the pairs lie. */
export interface PairCounts {
  all: number
  /** A first byte without a second. */
  broken: number
  /** Punctuation and signs, in about the same place in all of them. */
  signs: number
  /** Of EUC-JP. */
  kana: number
  kanji: number
  /** GB 2312, level 1. */
  level1: number
  /** EUC-KR. */
  hangul: number
  /** Big5, frequent characters. */
  big5: number
  /** Those of them whose second byte is ASCII. */
  big5Low: number
}

export function countPairs(bytes: Uint8Array): PairCounts {
  const counts: PairCounts = { all: 0, broken: 0, signs: 0, kana: 0, kanji: 0, level1: 0, hangul: 0, big5: 0, big5Low: 0 }
  for (let at = 0; at + 1 < bytes.length; at++) {
    const first = bytes[at] ?? 0
    if (first < 0x80) continue
    const second = bytes[at + 1] ?? 0
    counts.all++
    if (first === 0x80 || first === 0xff || second < 0x40 || second === 0x7f || second === 0xff) {
      counts.broken++
      continue
    }
    countPair(counts, first, second)
    at++
  }
  return counts
}

function countPair(counts: PairCounts, first: number, second: number): void {
  const isBig5 = first >= 0xa4 && first <= 0xc6 && (second < 0x7f || second >= 0xa1)
  if (isBig5) counts.big5++
  if (isBig5 && second < 0x7f) counts.big5Low++
  if (first >= 0xa1 && first <= 0xa3) counts.signs++
  if (second < 0xa1) return
  if (first === 0xa4 || first === 0xa5) counts.kana++
  if (first >= 0xb0 && first <= 0xf4) counts.kanji++
  if (first >= 0xb0 && first <= 0xd7) counts.level1++
  if (first >= 0xb0 && first <= 0xc8) counts.hangul++
}
