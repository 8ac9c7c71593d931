export interface LanguageWindow {
  /** Words of letters alone, apart by one space. */
  line: string
  /** How much it counts. */
  letters: number
}

const windowsMax = 6
const windowChars = 320
/** Paragraphs are read together up to this: a heading alone is too little to tell. */
const windowCharsMin = 80
/** Letters of a window without which a guess is chance. */
const lettersMin = 12
/** What holds less letters than this among its characters is code or figures. */
const letterShareMin = 0.75

/**
 * At most 6 windows of 320 UTF-16 code units: all of a short text, cut between its paragraphs; of a long one, places at even distances. Numbers, marks and
 * whatever else is no word of letters is left out.
 */
export function languageWindows(text: string): LanguageWindow[] {
  const pieces = text.length <= windowsMax * windowChars ? piecesOf(text) : placesOf(text)
  return pieces.map(lettersOf).filter(({ letters }) => letters >= lettersMin)
}

function piecesOf(text: string): string[] {
  const pieces: string[] = []
  let open = ''
  for (const paragraph of text.split('\n\n')) {
    if (open.length >= windowCharsMin) {
      pieces.push(open)
      open = ''
    }
    open = open === '' ? paragraph : `${open}\n${paragraph}`
    for (; open.length > windowChars * 1.5; open = open.slice(windowChars)) pieces.push(open.slice(0, windowChars))
  }
  pieces.push(open)
  return pieces
}

function placesOf(text: string): string[] {
  return Array.from({ length: windowsMax }, (_, index) => {
    const from = Math.floor(((index + 0.5) * text.length) / windowsMax)
    const near = text.slice(from, from + 2 * windowChars)
    // At the start of a line, when there is one close by.
    const start = near.lastIndexOf('\n', windowChars / 2) + 1
    return near.slice(start, start + windowChars)
  })
}

function lettersOf(piece: string): LanguageWindow {
  const plain = piece.replace(spaces, ' ').trim()
  const { letters, capitals, dense, marks } = count(plain)
  const line = capitals > capitalShareMax * letters ? plain.toLowerCase() : plain
  return { line, letters: letters >= letterShareMin * (letters + marks) ? letters + 2 * dense : 0 }
}

/** Numbers tell nothing of a language, and are many in a table. */
const spaces = /[\s\d|]+/g
/** More than this is a text that shouts, and few of those are in the model. */
const capitalShareMax = 0.4

/** `dense`: letters of scripts of which one says as much as three of an alphabet. Spaces and apostrophes are neither letters nor marks. */
function count(text: string): { letters: number; capitals: number; dense: number; marks: number } {
  let [letters, capitals, dense, marks] = [0, 0, 0, 0]
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isNeither(code)) continue
    if (!isLetter(code)) marks++
    else {
      letters++
      if (isCapital(code)) capitals++
      else if (isDense(code)) dense++
    }
  }
  return { letters, capitals, dense, marks }
}

const within = (code: number, first: number, last: number): boolean => code >= first && code <= last

/** Space, apostrophes, and the joiners inside words of Persian and Hindi. */
const isNeither = (code: number): boolean => code === 0x20 || code === 0x27 || code === 0x2019 || code === 0x200c || code === 0x200d

/** Of ASCII exactly; of the rest all but the blocks of punctuation, symbols and emoji. */
const isLetter = (code: number): boolean =>
  code < 0x80
    ? within(code | 0x20, 0x61, 0x7a)
    : !within(code, 0x80, 0xbf) && !within(code, 0x2000, 0x2bff) && !within(code, 0x3000, 0x303f) && !within(code, 0xd800, 0xdfff) && code < 0xfe00

/** Of Latin, Greek and Cyrillic, without their rarer letters. */
const isCapital = (code: number): boolean => within(code, 0x41, 0x5a) || within(code, 0xc0, 0xde) || within(code, 0x391, 0x3a9) || within(code, 0x410, 0x42f)

/** Kana, Han and Hangul. */
const isDense = (code: number): boolean => within(code, 0x3040, 0x30ff) || within(code, 0x3400, 0x9fff) || within(code, 0xac00, 0xd7a3)
