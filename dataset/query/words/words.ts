import { kindsOfUnits } from '#schemas/identity/unicode.ts'

/** What a longer word is cut to, UTF-16 units, and the most words of a question. */
const wordUnitsMax = 64
const [questionWordsMax, questionUnitsMax] = [16, 1000]

const [between, inWord, byItself] = [0, 1, 2]
const sigma = /\u03c2/g
// oxlint-disable-next-line no-control-regex -- the range is what is meant
const ascii = /^[\0-\x7f]*$/
/** Soft hyphens, joiners, variation selectors and marks of direction, that nobody sees or types; and the line that stretches an Arabic word (tatweel). */
const unseen = /[\p{Default_Ignorable_Code_Point}\u0640]/gu
/** Letters in another width, another joining or another face, and radicals: the same letters by NFKC. Of all others NFKC would take too much for one (`Java™` is no `javatm`). */
const otherFaces = /[\u2f00-\u2fdf\ufb50-\ufdff\ufe70-\ufeff\uff00-\uffef\u{1d400}-\u{1d7ff}]+/gu
/** What `İ` folds to, beside `i`. */
const dotAbove = /i\u0307+/g

/**
 * A text without what tells spellings of one word apart: NFC, full width and half width, then full case folding (Unicode CaseFolding.txt, C and F: `ß` is `ss`, a final `ς` is `σ`,
 * `ﬁ` is `fi`; with T the four `i` of Turkish are one). Marks stay: `cafe` is not `café`. Idempotent.
 */
export function foldText(text: string): string {
  if (ascii.test(text)) return text.toLowerCase()
  const composed = text.normalize('NFC')
  const plain = composed.replace(unseen, '').replace(otherFaces, (run) => run.normalize('NFKC'))
  const seen = plain === composed ? plain : plain.normalize('NFC')
  // By way of capitals a letter comes to what all its forms have in common; `ẞ` has a small form first.
  return seen.toLowerCase().toUpperCase().toLowerCase().replace(sigma, 'σ').replace(dotAbove, 'i').normalize('NFC')
}

const astralWord = /^[\p{L}\p{M}\p{N}]/u
const astralByItself =
  /^[\p{Script=Han}\p{Script=Tangut}\p{Script=Nushu}\p{Script=Hiragana}\p{Script=Katakana}\p{Extended_Pictographic}\p{Emoji_Presentation}]/u
/** Miscellaneous symbols and dingbats: the pictures of the first plane. */
const [firstPicture, lastPicture] = [0x2600, 0x27bf]
/** Of a unit that is half a character. */
const half = 3
let kindsOfAll: Uint8Array | undefined

/** Of each UTF-16 code unit: whether it is in a word, is one by itself (as a picture is), stands between, or is half of what `kindAt` looks at. */
function searchKinds(): Uint8Array {
  kindsOfAll ??= kindsOfUnits()
    .slice()
    .fill(byItself, firstPicture, lastPicture + 1)
    .fill(half, 0xd800, 0xe000)
  return kindsOfAll
}

function kindAt(kinds: Uint8Array, folded: string, at: number): number {
  const kind = kinds[folded.charCodeAt(at)] as number
  if (kind !== half) return kind
  const character = characterAt(folded, at)
  if (astralByItself.test(character)) return byItself
  return astralWord.test(character) ? inWord : between
}

const characterAt = (folded: string, at: number): string => String.fromCodePoint(folded.codePointAt(at) ?? 0)

const mark = /^\p{M}/u
const isMark = (folded: string, at: number): boolean => mark.test(characterAt(folded, at))

/** Of a run that is written without spaces, each with its marks. */
const lettersOf = (run: string): string[] => run.match(/\P{M}?\p{M}*/gsu)?.filter((letter) => letter !== '') ?? []

/** The runs of a folded text that are of words or of what is a word by itself. */
function* runsOf(folded: string): Generator<{ run: string; kind: number; at: number }> {
  const kinds = searchKinds()
  for (let at = 0; at < folded.length;) {
    const kind = kindAt(kinds, folded, at)
    const goesOn = (next: number): boolean => kindAt(kinds, folded, next) === kind || (kind === byItself && isMark(folded, next))
    let end = behind(kinds, folded, at)
    while (end < folded.length && goesOn(end)) end = behind(kinds, folded, end)
    if (kind !== between) yield { run: folded.slice(at, end), kind, at }
    at = end
  }
}

const behind = (kinds: Uint8Array, folded: string, at: number): number => at + (kinds[folded.charCodeAt(at)] === half ? characterAt(folded, at).length : 1)

/**
 * The words of a folded text in their order: runs of letters, marks and digits; behind one with signs that are part of a name (`C++`, `C#`, `.NET`) that name. Of scripts that are written
 * without spaces (Han, kana, Thai …), and of pictures, each letter, and each two that follow each other. The same for what is indexed and what is asked.
 */
export function* wordsOf(folded: string): Generator<string> {
  for (const { run, kind, at } of runsOf(folded)) {
    if (kind === byItself) yield* pairsOf(run)
    else if (run.length > wordUnitsMax) yield run.slice(0, wordUnitsMax).replace(/[\ud800-\udbff]$/, '')
    else {
      yield run
      if (hasSign(folded, at, at + run.length)) yield* namesOf(folded, at, run)
    }
  }
}

const [dot, hash, plus] = ['.', '#', '+'].map((sign) => sign.charCodeAt(0))

const hasSign = (folded: string, at: number, end: number): boolean => {
  const behind = folded.charCodeAt(end)
  return behind === hash || behind === plus || folded.charCodeAt(at - 1) === dot
}

/** A sign counts where neither it nor a letter is on its other side: `page#part`, `a.b` and `...and` have none. */
function* namesOf(folded: string, at: number, run: string): Generator<string> {
  const isFree = (place: number, sign: string): boolean =>
    place < 0 || place >= folded.length || (folded[place] !== sign && kindAt(searchKinds(), folded, place) !== inWord)
  const end = at + run.length
  if (folded[end] === '#' && isFree(end + 1, '#')) yield `${run}#`
  else if (folded[end] === '+' && folded[end + 1] === '+' && isFree(end + 2, '+')) yield `${run}++`
  if (folded[at - 1] === '.' && isFree(at - 2, '.')) yield `.${run}`
}

/** The word in a name of `wordsOf`; undefined of a word that is none. */
const namedWord = (word: string): string | undefined => /^\.(.+)$/s.exec(word)?.[1] ?? /^(.+?)(?:#|\+\+)$/s.exec(word)?.[1]

function* pairsOf(run: string): Generator<string> {
  const letters = lettersOf(run)
  for (const [n, letter] of letters.entries()) {
    yield letter
    if (n > 0) yield `${letters[n - 1]}${letter}`
  }
}

/** What is sought. */
export interface SoughtWords {
  /** Distinct, all of them wanted. */
  words: string[]
  /** As `phraseText` has them: each stands in that of the text. */
  phrases: string[]
}

/** What a person typed: no letter of it is syntax but the quotation mark. Beyond the first 1,000 characters and 16 words nothing counts. */
export function soughtWords(typed: string): SoughtWords {
  const words = new Set<string>()
  const phrases: string[] = []
  for (const [n, part] of foldText(typed.slice(0, questionUnitsMax).toWellFormed())
    .split(/["“”„«»]/)
    .entries()) {
    const found = tellingOf([...wordsOf(part)])
    for (const word of found) if (words.size < questionWordsMax) words.add(word)
    if (n % 2 === 1 && found.length > 1) phrases.push(phraseText(part))
  }
  return { words: [...words], phrases }
}

/** Of a run without spaces its pairs say all that its letters do, and a name all that its word does. */
const tellingOf = (found: readonly string[]): string[] => {
  const paired = found.filter((word) => isSpaceless(word) && lettersOf(word).length === 2).flatMap(lettersOf)
  const told = new Set([...paired, ...found.flatMap((word) => namedWord(word) ?? [])])
  return found.filter((word) => !told.has(word))
}

const isSpaceless = (word: string): boolean => kindAt(searchKinds(), word, 0) === byItself

/** A folded text as phrases are sought in it: its words, and its letters that are words by themselves, each with a space on both sides. */
export function phraseText(folded: string): string {
  const parts: string[] = []
  for (const { run, kind } of runsOf(folded)) parts.push(kind === byItself ? lettersOf(run).join(' ') : run)
  return parts.length === 0 ? ' ' : ` ${parts.join(' ')} `
}
