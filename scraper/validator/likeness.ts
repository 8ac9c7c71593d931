import { setImmediate as turn } from 'node:timers/promises'
import { fmix32 } from '#schemas/fmix32.ts'

/** Runs of so many letters are compared, whatever the script: two texts of one language, even of one template, share few of them. Of a short text shorter ones. */
const gramCharsMax = 16
const gramCharsMin = 4
const gramsPerText = 8
/** What is compared of a long text: about so many of its runs, those whose hash is a multiple. */
const gramsMax = 8192
/** What is done before others have their turn, UTF-16 code units. */
const pieceChars = 1 << 16
const base = 0x01000193

/**
 * How much of a row's text stands in the text of its page, 0..1: runs of sixteen letters, each as often as it stands there. Letter case, signs, spaces and what
 * numbers say do not count: tickers and counters go on. What a page has more than its row counts nothing (comments that came, what all pages of a site repeat,
 * which a miner cuts); a text that is longer than its page, by whatever it repeats, is not all there. Texts without a letter are compared as they stand.
 */
export async function likeness(row: string, page: string): Promise<number> {
  if (row === page) return 1
  const every = Math.max(1, Math.ceil(row.length / gramsMax))
  const chars = Math.min(gramCharsMax, Math.max(gramCharsMin, Math.floor(row.length / gramsPerText)))
  const [wanted, there] = [await countGrams(row, chars, every), await countGrams(page, chars, every)]
  let [all, found] = [0, 0]
  for (const [gram, count] of wanted) {
    all += count
    found += Math.min(count, there.get(gram) ?? 0)
  }
  if (all > 0) return found / all
  return every === 1 && bare(row) !== '' && bare(page).includes(bare(row)) ? 1 : 0
}

const bare = (text: string): string =>
  text
    .toLowerCase()
    .replace(/\p{N}+/gu, '0')
    .replace(/[^\p{L}\p{M}0]+/gu, ' ')
    .trim()

/** How often each run stands in a text, of those that are a multiple by their hash. */
async function countGrams(text: string, chars: number, every: number): Promise<Map<number, number>> {
  let baseToRun = 1
  for (let n = 0; n < chars; n++) baseToRun = Math.imul(baseToRun, base)
  const counts = new Map<number, number>()
  for (let from = 0; from < text.length; from += pieceChars) {
    if (from > 0) await turn()
    const piece = bare(text.slice(from, from + pieceChars))
    let hash = 0
    for (let at = 0; at < piece.length; at++) {
      hash = Math.imul(hash, base) + piece.charCodeAt(at)
      if (at >= chars) hash -= Math.imul(baseToRun, piece.charCodeAt(at - chars))
      if (at < chars - 1) continue
      const gram = fmix32(hash)
      if (gram % every === 0) counts.set(gram, (counts.get(gram) ?? 0) + 1)
    }
  }
  return counts
}
