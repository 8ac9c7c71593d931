/**
 * What stands in a text and is nothing of it, as fixed ranges: they do not move with the Unicode of an engine. Control characters but white space, default
 * ignorables (UAX #44, also the places kept for them), bidi controls, variation selectors, tags, marks of interlinear annotation and of embedded objects,
 * private use, and noncharacters.
 */
const candidates =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class -- removing them is the point
  /[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{1fffe}\u{1ffff}\u{2fffe}\u{2ffff}\u{3fffe}\u{3ffff}\u{e0000}-\u{e0fff}\u{f0000}-\u{10ffff}]+ ?/gu

/** What is drawn all the same, so that two words stood apart by it: the glyphs of icon fonts, blank letters, and what an object or an
 * annotation stood for. */
const drawn = /[\u3164\ue000-\uf8ff\uffa0\ufffa\ufffc\u{f0000}-\u{ffffd}\u{100000}-\u{10fffd}]/u

const rightToLeft = /[\u0590-\u0605\u0608-\u061b\u061e-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u
const directionMark = /[\u061c\u200e\u200f]/u

/** A flag of a part of a country (UTS #51, ED-14a): its region and subdivision in tags, and their end. */
const flag = '\u{1f3f4}'
const flagTags = /^[\u{e0061}-\u{e007a}]{2}[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{1,4}\u{e007f}/u

/** Scripts whose letters take another form where they join: Arabic, Syriac, N’Ko and others, those of India and their kin, Khmer, Mongolian. */
const joining =
  /[\u0600-\u061b\u0620-\u08ff\u0900-\u0dff\u0f00-\u109f\u1700-\u17b3\u17b6-\u180a\u1820-\u18af\u1900-\u1aaf\u1b00-\u1c4f\u1cd0-\u1cff\ua800-\ua8ff\ua900-\uaaff\uabc0-\uabff\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\u{10a00}-\u{10fff}\u{11000}-\u{11fff}\u{1e900}-\u{1e95f}]/u
/** Letters that a joiner before them may be for, too. */
const joiningAfter = /[\u0620-\u064a\u066e-\u06d3\u0750-\u077f\u08a0-\u08c7\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc]/u
/** Marks of no script: NFC moves them past those of one. */
const mark =
  // oxlint-disable-next-line no-misleading-character-class -- each by itself
  /[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0e38-\u0e4e\u0eb8-\u0ecd\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u302a-\u302f\u3099\u309a\ufb1e\ufe20-\ufe2f]/u
const marksMax = 32

/** What an emoji may be made of, with its skin. */
const emoji = /[\xa9\xae\u203c\u2049\u2122\u2139\u2194-\u2328\u232b-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\u{1f000}-\u{1faff}]/u

/** Bases and the selectors that are defined for them (StandardizedVariants.txt, emoji-variation-sequences.txt, the Ideographic Variation Database), by blocks. */
const variations: readonly (readonly [base: RegExp, selectors: RegExp])[] = [
  [emoji, /[\ufe0e\ufe0f]/u],
  [/[#*0-9]/, /[\ufe0e\ufe0f]/u],
  [/[\u3400-\u9fff\uf900-\ufaff\u{20000}-\u{3fffd}]/u, /[\ufe00-\ufe02\u{e0100}-\u{e01ef}]/u],
  [/[\u2018-\u201d\u3001\u3002\uff01-\uff1f]/u, /[\ufe00\ufe01]/u],
  [/[0\u1000-\u102a\u1075-\u1081\u2205-\u22ff\u2a00-\u2adb\u2add-\u2aff\ua840-\ua871\uaa60-\uaa6f]/u, /\ufe00/u],
  [/[\u1820-\u18a8\u18aa]/u, /[\u180b-\u180d\u180f]/u],
  [/[\u{13000}-\u{1342f}]/u, /[\ufe00-\ufe06]/u],
]
/** Consonants and vowels of old Korean, beside which a filler takes the place of the other. */
const leading = /[\u1100-\u115e\ua960-\ua97c]/u
const vowel = /[\u1161-\u11a7\ud7b0-\ud7c6]/u

/**
 * A text without what nobody sees. What a script or an emoji needs stays: joiners beside letters that join, direction marks in a text with letters from right
 * to left, the selectors that are defined for what stands before, the tags of a flag, the fillers of old Korean; of each one at most. Idempotent, linear in the length.
 * @param text well-formed
 */
export function withoutInvisible(text: string): string {
  if (!mayHoldAny(text)) return text
  const isRightToLeft = rightToLeft.test(text)
  return text.replace(candidates, (match: string, at: number) => {
    const hasSpace = match.endsWith(' ')
    const run = hasSpace ? match.slice(0, -1) : match
    const before = characterBefore(text, at)
    const after = hasSpace ? ' ' : characterAt(text, at + match.length)
    const kept = neededOf(run, { before, after, base: baseBefore(text, at) }, isRightToLeft)
    if (kept !== '' || !drawn.test(run)) return hasSpace ? `${kept} ` : kept
    if (hasSpace) return isSpace(before) ? '' : ' '
    return isWordOfLetters(before) && isWordOfLetters(after) ? ' ' : ''
  })
}

/** Looking a code unit up costs less than looking for one of many ranges: most text has none. */
function mayHoldAny(text: string): boolean {
  units ??= Uint8Array.from({ length: 0x10000 }, (_, unit) =>
    Number(unit >= 0xd800 && unit <= 0xdbff ? rareHalf.has(unit) || unit >= 0xdb40 : String.fromCharCode(unit).search(candidates) === 0),
  )
  for (let at = 0; at < text.length; at++) if (units[text.charCodeAt(at)] === 1) return true
  return false
}

/** First halves of those beyond U+FFFF. */
const rareHalf = new Set([0xd82f, 0xd834, 0xd83f, 0xd87f, 0xd8bf])
let units: Uint8Array | undefined

/** Of a run of such characters what is needed where it stands: a selector or the tags of a flag, then a filler, then a joiner, then a direction mark. */
function neededOf(run: string, { before, after, base: last }: Record<'before' | 'after' | 'base', string>, isRightToLeft: boolean): string {
  const tags = before === flag ? (flagTags.exec(run)?.[0] ?? '') : ''
  const first = tags === '' ? characterAt(run, 0) : ''
  const selector = variations.some(([base, selectors]) => selectors.test(first) && base.test(before)) ? first : ''
  const filler = leading.test(before) && run.includes('\u1160') ? '\u1160' : vowel.test(after) && run.includes('\u115f') ? '\u115f' : ''
  const joiner = /[\u180e\u200c-\u200d]/.exec(run)?.[0] ?? ''
  const isJoined = joining.test(last) || joiningAfter.test(after) || (joiner === '\u200d' && emoji.test(before) && emoji.test(after))
  const direction = isRightToLeft ? (directionMark.exec(run)?.[0] ?? '') : ''
  return `${tags}${selector}${filler}${isJoined ? joiner : ''}${direction}`
}

const characterAt = (text: string, at: number): string => (at < text.length ? String.fromCodePoint(text.codePointAt(at) as number) : '')

function characterBefore(text: string, at: number): string {
  const unit = text.charCodeAt(at - 1)
  return unit >= 0xdc00 && unit <= 0xdfff ? text.slice(at - 2, at) : text.slice(at - 1, at)
}

/** The last character that is no such mark; empty when it is far off. */
function baseBefore(text: string, at: number): string {
  let character = ''
  for (let end = at; end > 0 && end > at - marksMax; end -= character.length) {
    character = characterBefore(text, end)
    if (!mark.test(character)) return character
  }
  return ''
}

const isSpace = (character: string): boolean => character === '' || character === ' ' || character === '\t' || character === '\n'

/** A letter or digit of a script that parts its words. */
const isWordOfLetters = (character: string): boolean => /[0-9a-z\xc0-\u1fff\uac00-\ud7a3]/i.test(character)
