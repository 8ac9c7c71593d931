import { sha256Hex } from '#schemas/canonical-json.ts'
import type { Document } from '#schemas/document.ts'
import { compareDocuments } from '#scraper/dedup/order.ts'
import { testDocument } from '../golden/documents.ts'
import { seededRandom } from '../seeded-random.ts'

/**
 * Documents as a crawl gives them, of 300 hosts, in the order of a shard: texts of about 4 KB, of words that follow Zipf's law (rank r has the frequency 1 ÷ r) over a
 * vocabulary of 20,000, so that they compress as prose does (to a bit over a third); the same number gives the same documents.
 * The signatures are random minima of as many hashes as a text has shingles: they compress as real ones.
 */
export function zipfDocuments(count: number): Document[] {
  const random = seededRandom(count)
  const vocabulary = zipfVocabulary(random)
  const pick = zipfWords(vocabulary, random)
  return Array.from({ length: count }, (_, n) => zipfDocument(n, count, random, pick, vocabulary)).toSorted(compareDocuments)
}

/** 20,000 words, the frequent ones first. */
export const zipfVocabulary = (random: () => number): string[] => Array.from({ length: 20_000 }, (_, rank) => word(rank, random))

/** The next word, one after the other. */
export const zipfWords = (vocabulary: readonly string[], random: () => number) => (): string =>
  vocabulary[Math.floor(vocabulary.length ** random()) - 1] ?? 'the'

function zipfDocument(n: number, count: number, random: () => number, pick: () => string, vocabulary: readonly string[]): Document {
  const text = zipfProse(pick, 100 + Math.floor(random() * 1100))
  const bucket = Math.floor((n / count) * 48)
  const host = `www.${vocabulary[Math.floor(300 * random() ** 2)]}.example`
  const uri = `https://${host}/${pick()}/${2020 + (n % 6)}/${Array.from({ length: 6 }, pick).join('-').toLowerCase()}-${n}`
  const at = new Date(Date.UTC(2026, 0, 5, bucket) + Math.floor(random() * 3_600_000))
  const score = (): number => Math.round(random() * 1e4) / 1e4
  const [words, bytes] = [Math.floor(text.length / 6), Buffer.byteLength(text)]
  return {
    ...testDocument(n, { text: 'x', uri }),
    id: sha256Hex(text),
    title: Array.from({ length: 7 }, pick).join(' '),
    author: n % 3 === 0 ? `${pick()} ${pick()}` : null,
    text,
    text_bytes: bytes,
    datetime: at,
    published_at: n % 4 === 0 ? null : at,
    lang_score: random(),
    languages: { en: score() },
    html_sha256: sha256Hex(`${n}`),
    etag: n % 2 === 0 ? `"${sha256Hex(uri).slice(0, 16)}"` : null,
    minhash: signature(random, words),
    quality: Object.fromEntries(scores.map((name) => [name, score()])),
  }
}

const scores = [
  'alphabetic_words',
  'bullet_lines',
  'duplicate_line_characters',
  'duplicate_lines',
  'duplicate_paragraphs',
  'ellipsis_lines',
  'ended_lines',
  'mean_word',
  'new_lines',
  'short_lines',
  'stop_words',
  'symbols',
  'top_2_gram',
  'top_3_gram',
  'top_4_gram',
  'words',
]

/** So many words, in sentences and paragraphs. */
export function zipfProse(pick: () => string, words: number): string {
  const parts: string[] = []
  for (let n = 0; n < words; n++) parts.push(pick(), n % 90 === 89 ? '.\n\n' : n % 14 === 13 ? '. ' : n % 9 === 8 ? ', ' : ' ')
  return parts.join('')
}

/** A word of two to nine letters; the frequent ones are short. One in a hundred has a letter outside ASCII. */
function word(rank: number, random: () => number): string {
  const syllables = 1 + Math.floor(Math.log10(rank + 1) * 0.7 + random())
  const letter = (letters: string): string => letters[Math.floor(random() * letters.length)] ?? 'e'
  const plain = Array.from({ length: syllables }, () => letter('tnsrhldcmfpgwybvk') + letter('eaoiu') + (random() < 0.4 ? letter('nrstld') : '')).join('')
  return random() < 0.01 ? `${plain}é` : plain
}

function signature(random: () => number, shingles: number): Document['minhash'] {
  const minima = Uint32Array.from({ length: 112 }, () => 2 ** 32 * (1 - random() ** (1 / shingles)))
  return new Uint8Array(minima.buffer)
}
