/** Scripts that are written without spaces between words. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const segmenter = new Intl.Segmenter('und', { granularity: 'word' })

/** The words of a text: runs between white space, and where a script does not use it, what Unicode's rules (UAX #29, with ICU's dictionaries) cut out. */
export function words(text: string): string[] {
  const runs = text.split(/\s+/).filter((run) => run !== '')
  return unspaced.test(text) ? runs.flatMap((run) => (unspaced.test(run) ? segments(run) : [run])) : runs
}

function segments(run: string): string[] {
  const found: string[] = []
  for (const { segment, isWordLike } of segmenter.segment(run)) if (isWordLike === true) found.push(segment)
  return found
}
