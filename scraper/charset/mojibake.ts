import { misreadingsOf } from './misread-bytes.ts'
import { judgedSequences, type Judged } from './misread-judge.ts'

interface Repaired {
  text: string
  /** UTF-16 code units of the text as it came that were misread, and are right now. */
  repaired: number
  /** Those that look misread and were left, or were lost before. */
  left: number
}

export type Repair = (text: string) => Repaired

/** So many certain ones in a page speak for those that are not, anywhere in it. */
const evidenceMin = 3
/** A line of that many and nothing else but ASCII is misread as a whole where anything of it is certain. */
const wholeMin = 3
/** UTF-8 has been misread that many times over, at most. */
const roundsMax = 6
/** A page that speaks of charsets shows such characters on purpose, unless they are that many. */
const speaksOf = /\b(?:mojibake|utf-?8|windows-?125\d|latin-?1|iso-?8859-?\d|(?:character|text) encoding|charset)\b/i
const shownMax = 0.02
/** What became of replacement characters that were read as something else again, and of bytes that fit nothing. */
const lost = /锟斤拷|\ufffd/g
const beyondAscii = /[^\0-\x7f]/
/** Behind a small letter or a mark, Â before a space, and Ã behind a small letter: a no-break space, or half of à, that has become a plain one. */
const spaced = /[\p{Ll}\d.,;:!?)”]Â (?! )|\p{Ll}Ã(?= )/u
const control = /[\x80-\x9f]/g
const windows1252 = new TextDecoder('windows-1252')

/** How many certain sequences a page has, by charset and script. */
type Evidence = ReadonlyMap<string, number>
const noEvidence: Evidence = new Map()

/**
 * Puts right what was UTF-8 and was read, byte by byte, in another charset, as often as that was done. As in ftfy (Speer 2019) nothing is repaired but what
 * can be nothing else: a sequence that is certain (misread-judge.ts), and one that may be meant only beside certain ones of its charset and script. Control
 * characters that are left are read in windows-1252, as browsers do. Pure; linear in the length.
 * @param page all that the page says, the evidence for its short texts
 */
export function openRepair(page: string): Repair {
  const found = new Map<string, number>()
  let chars = 0
  for (const misreading of misreadingsOf(page)) {
    const certain = judgedSequences(page, misreading).filter(({ isCertain }) => isCertain)
    for (const { script } of certain) found.set(`${misreading.charset} ${script}`, (found.get(`${misreading.charset} ${script}`) ?? 0) + 1)
    chars = Math.max(chars, lengthOf(certain))
  }
  const isShown = chars > 0 && chars < shownMax * page.length && speaksOf.test(page)
  if (isShown) return (text) => ({ text, repaired: 0, left: lostIn(text) + misreadIn(text) })
  return (text) => repair(text, found, text === page ? chars > 0 : misreadingsOf(text).length > 0)
}

function repair(text: string, evidence: Evidence, hasSequences: boolean): Repaired {
  if (!beyondAscii.test(text)) return { text, repaired: 0, left: 0 }
  let repaired = 0
  const isSuspect = hasSequences || isSpaced(text)
  const lines = isSuspect ? text.split('\n').map((line) => repairLine(line, evidence, (chars) => void (repaired += chars))) : [text]
  const right = lines.join('\n').replace(control, (character) => windows1252.decode(Uint8Array.of(character.charCodeAt(0))))
  return { text: right, repaired, left: lostIn(right) }
}

function repairLine(line: string, evidence: Evidence, count: (chars: number) => void): string {
  let text = line
  for (let round = 0; round < roundsMax; round++) {
    // What the page shows of the first time says nothing of a second.
    const best = bestReading(text, round === 0 ? evidence : noEvidence)
    if (!best) {
      if (round > 0 || !isSpaced(text)) return text
      count(2)
      return withSpaces(text)
    }
    if (round === 0) count(lengthOf(best))
    text = withSpaces(replaceAll(text, best))
  }
  return text
}

/** The sequences to repair in the charset that explains most of the line. */
function bestReading(line: string, evidence: Evidence): Judged[] | undefined {
  let [best, most]: [Judged[] | undefined, number] = [undefined, 0]
  for (const misreading of misreadingsOf(line)) {
    // Its control characters are all that tells it from the one of Windows.
    if (misreading.charset === 'iso-8859-2' && line.search(control) === -1) continue
    const all = judgedSequences(line, misreading)
    const certain = new Set(all.filter(({ isCertain }) => isCertain).map(({ script }) => script))
    const isKnown = (script: string): boolean =>
      certain.has(script as Judged['script']) || (evidence.get(`${misreading.charset} ${script}`) ?? 0) >= evidenceMin
    const isWhole = all.length >= wholeMin && isKnown('western') && lengthOf(all) === beyondIn(line)
    const chosen = all.filter(({ script, isCertain }) => isWhole || isCertain || isKnown(script))
    const weight = lengthOf(chosen.filter(({ isCertain }) => isCertain)) + lengthOf(chosen) / 1000
    if (weight > most) [best, most] = [chosen, weight]
  }
  return best
}

/** How many UTF-16 code units are not ASCII. */
function beyondIn(line: string): number {
  let units = 0
  for (let at = 0; at < line.length; at++) if (line.charCodeAt(at) >= 0x80) units++
  return units
}

function replaceAll(text: string, sequences: readonly Judged[]): string {
  let [right, end] = ['', 0]
  for (const sequence of sequences) {
    right += text.slice(end, sequence.at) + String.fromCodePoint(sequence.codePoint)
    end = sequence.end
  }
  return right + text.slice(end)
}

/** In a line that was misread: the no-break space that is half of à, or that  stood before, has become a plain one; the last of ” was lost. */
const withSpaces = (line: string): string =>
  line
    .replace(/Ã s(?= )/g, 'às')
    .replace(/Ã(?= )/g, 'à')
    .replace(/(?<=[\p{Ll}\d.,;:!?)]) ?Â (?! )/gu, ' ')
    .replace(/â€\ufffd?(?=$|[\s.,;:!?)])/g, (match, at: number) => (line.lastIndexOf('“', at) > line.lastIndexOf('”', at) ? '”' : match))

const isSpaced = (text: string): boolean => (text.includes('Â ') || text.includes('Ã ')) && spaced.test(text)

const lengthOf = (sequences: readonly Judged[]): number => sequences.reduce((sum, { at, end }) => sum + end - at, 0)

const misreadIn = (text: string): number =>
  misreadingsOf(text).reduce((most, misreading) => Math.max(most, lengthOf(judgedSequences(text, misreading).filter(({ isCertain }) => isCertain))), 0)

function lostIn(text: string): number {
  if (!text.includes('\ufffd') && !text.includes('锟')) return 0
  let length = 0
  for (const [match] of text.matchAll(lost)) length += match.length
  return length
}
