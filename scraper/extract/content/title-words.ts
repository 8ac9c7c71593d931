/** The words of a title, and how much a short text shares with them. */
export interface TitleWords {
  /** How many different ones there are. */
  readonly count: number
  /** Of the different words of a text, the share that the title has, 0..1; 0 for a text without words. */
  shareOf(text: string): number
}

const titleChars = 200
const lengthMax = 31

export function titleWords(title: string): TitleWords {
  const known = wordsOf(title.slice(0, titleChars))
  // For most texts the beginnings and lengths of their words tell that they share none: bit `n` for a word of so many characters.
  const lengths = new Int32Array(128)
  for (const word of known) if (word.charCodeAt(0) < 128) lengths[word.charCodeAt(0)]! |= 1 << Math.min(word.length, lengthMax)
  return {
    count: known.size,
    shareOf(text) {
      if (!mayShare(text, lengths)) return 0
      const own = wordsOf(text)
      let shared = 0
      for (const word of own) if (known.has(word)) shared++
      return own.size > 0 ? shared / own.size : 0
    },
  }
}

/** The words of all scripts are slow to find. */
const wordsOf = (text: string): Set<string> => new Set(text.toLowerCase().match(ascii.test(text) ? /[a-z\d]+/g : /[\p{L}\p{N}]+/gu))
const ascii = /^[\0-\x7f]*$/

/** Whether a word begins and is as long as one of those; true for a text of other scripts. */
function mayShare(text: string, lengths: Int32Array): boolean {
  for (let i = 0; i < text.length;) {
    const start = i
    let code = letterAt(text, i)
    const first = code
    while (code > 0) code = letterAt(text, ++i)
    if (code < 0 || (i > start && (lengths[first]! & (1 << Math.min(i - start, lengthMax))) !== 0)) return true
    i++
  }
  return false
}

/** The code of an ASCII letter, in lower case, or digit; 0 for other ASCII and behind the end, -1 for anything else. */
function letterAt(text: string, at: number): number {
  if (at >= text.length) return 0
  const code = text.charCodeAt(at)
  if (code >= 128) return -1
  if ((code >= 97 && code <= 122) || (code >= 48 && code <= 57)) return code
  return code >= 65 && code <= 90 ? code + 32 : 0
}
