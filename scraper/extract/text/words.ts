/** Scripts that are written without spaces between words. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}]/u
const segmenter = new Intl.Segmenter('und', { granularity: 'word' })

/** So much of a text is cut by dictionaries, in parts of so many UTF-16 code units: they are slow. What comes after is cut in twos. */
const segmentedMax = 32_768
const partChars = 1024

/** Whether it is of a script that puts no spaces between words. */
export const isUnspaced = (text: string): boolean => unspaced.test(text)

/** The words of a text: runs between white space, and where a script does not use it, what Unicode's rules (UAX #29, with ICU's dictionaries) cut out. */
export function words(text: string): string[] {
  const runs = text.split(/\s+/)
  if (runs[0] === '') runs.shift()
  if (runs.at(-1) === '') runs.pop()
  if (!isUnspaced(text)) return runs
  const found: string[] = []
  let left = segmentedMax
  for (const run of runs) {
    if (!isUnspaced(run)) {
      found.push(run)
      continue
    }
    for (let at = 0; at < run.length; at += partChars) addSegments(run.slice(at, at + partChars), found, left > 0)
    left -= run.length
  }
  return found
}

function addSegments(part: string, found: string[], byDictionary: boolean): void {
  if (!byDictionary) for (const pair of part.match(/[\p{L}\p{M}\p{N}]{1,2}/gu) ?? []) found.push(pair)
  else for (const { segment, isWordLike } of segmenter.segment(part)) if (isWordLike === true) found.push(segment)
}
