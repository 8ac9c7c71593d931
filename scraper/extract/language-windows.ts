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
  const capitals = plain.match(/\p{Lu}/gu)?.length ?? 0
  const line = capitals > capitalShareMax * plain.length ? plain.toLowerCase() : plain
  const marks = line.match(noLetters)?.length ?? 0
  const letters = line.length - marks - (line.match(/ /g)?.length ?? 0)
  const isProse = letters >= letterShareMin * (letters + marks)
  return { line, letters: isProse ? letters + 2 * (line.match(denseScripts)?.length ?? 0) : 0 }
}

/** More than this is a text that shouts, and few of those are in the model. */
const capitalShareMax = 0.3

/** Numbers tell nothing of a language, and are many in a table. */
const spaces = /[\s\d|]+/g
const noLetters = /[^\p{L}\p{M} '’\u200c\u200d]/gu
/** Scripts of which one letter says as much as three of an alphabet. */
const denseScripts = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu
