import { countPairs, type PairCounts } from './charset-pairs.ts'

/** The legacy encodings that are told apart; of others there is too little left to be worth the mistakes. */
export type GuessedCharset = 'windows-1252' | 'windows-1251' | 'koi8-r' | 'shift_jis' | 'euc-jp' | 'euc-kr' | 'big5' | 'gb18030'

/** Enough for frequencies to show. */
const sampleBytes = 32 * 1024
const scoreMin = 0.35

/**
 * Which legacy encoding bytes that are not UTF-8 are in, by what they would say: the share of the most frequent Cyrillic letters in their usual case, of
 * kana, of everyday Chinese or Korean characters, or of accents inside Latin words. Pure; `windows-1252`, the default of the HTML standard for the West,
 * when nothing stands out.
 */
export function guessCharset(bytes: Uint8Array): GuessedCharset {
  const sample = bytes.subarray(0, sampleBytes)
  const pairs = countPairs(sample)
  const scores: [GuessedCharset, number][] = [
    ['windows-1252', latinScore(decode('windows-1252', sample))],
    ['windows-1251', cyrillicScore(decode('windows-1251', sample))],
    ['koi8-r', cyrillicScore(decode('koi8-r', sample))],
    ['shift_jis', japaneseScore(decode('shift_jis', sample))],
    ['euc-jp', eucJpScore(pairs)],
    ['euc-kr', eucKrScore(pairs)],
    ['big5', big5Score(pairs)],
    ['gb18030', gbScore(pairs)],
  ]
  const best = scores.reduce((a, b) => (b[1] > a[1] ? b : a))
  return best[1] >= scoreMin ? best[0] : 'windows-1252'
}

const decode = (charset: GuessedCharset, bytes: Uint8Array): string => new TextDecoder(charset).decode(bytes)
const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0
const share = (part: number, whole: number): number => (whole === 0 ? 0 : Math.max(0, part / whole))
const oddOnes = /[\u0080-\uffff]/g

/** Accented letters beside ASCII letters, and the typographer's signs; runs of either are another script misread. */
function latinScore(text: string): number {
  const inWords = count(text, /(?<![\u00c0-\u00ff])[\u00c0-\u00ffœšžŒŠŽ](?=[a-z])|(?<=[a-z])[\u00c0-\u00ffœšžŒŠŽ](?![\u00c0-\u00ff])/gi)
  const signs = count(text, /[\u2018-\u201e\u2013\u2014\u2026\u20ac\u00a0«»©°·§®™]/g)
  return share(inWords + signs, count(text, oddOnes))
}

/** The letters that make nine tenths of Cyrillic text, lower case; a capital within a word is another encoding of the same letters. */
function cyrillicScore(text: string): number {
  const frequent = count(text, /[оеаинтсрвлкмдпуяыіьзбгч]/g)
  const misplaced = count(text, /[а-яё][А-ЯЁ]/g) + count(text, /[a-z][\u0400-\u04ff]|[\u0400-\u04ff][a-z]/gi)
  return share(frequent - 2 * misplaced, count(text, oddOnes))
}

/** Text without kana is not Japanese; half-width katakana are what other double-byte text looks like when read so. */
function japaneseScore(text: string): number {
  const odd = count(text, oddOnes)
  const kana = count(text, /[\u3041-\u30ff]/g)
  if (kana < odd * 0.15) return 0
  const others = count(text, /[\u4e00-\u9fff\u3000-\u303f\uff01-\uff5e]/g)
  return share(kana + others - 3 * count(text, /[\uff61-\uff9f\ufffd\ue000-\uf8ff]/g), odd)
}

/** Level 1 of GB 2312: 3755 characters in the order of their reading that make 99.7 % of modern text. */
const gbScore = (pairs: PairCounts): number => share(pairs.level1 + pairs.signs - 3 * pairs.broken, pairs.all)

const eucJpScore = ({ kana, kanji, signs, broken, all }: PairCounts): number => (kana < all * 0.15 ? 0 : share(kana + kanji + signs - 3 * broken, all))

/** Hangul lie where the first two thirds of level 1 do: only a text of some length that stays there is Korean. */
const hangulMin = 30
const eucKrScore = ({ hangul, level1, signs, broken, all }: PairCounts): number =>
  hangul < hangulMin || hangul < 0.95 * level1 ? 0 : share(hangul + signs - 3 * broken, all) + 0.01

/** A third of the frequent characters of Big5 have an ASCII second byte, none of GB 2312. */
const big5Score = ({ big5, big5Low, signs, broken, all }: PairCounts): number => (big5Low < all * 0.15 ? 0 : share(big5 + signs - 3 * broken, all))
