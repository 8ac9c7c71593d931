/** What a terminal would obey or hide: control characters (ANSI sequences begin with one), line separators, marks of direction and of no width. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]+/gu
const spaces = /[\p{Zs}\t\r\n\v\f]+/gu

/** Text of anybody as one line that a terminal shows and never obeys; what is taken out leaves a `·`. */
export const plainText = (text: string): string => text.replace(spaces, ' ').replace(unprintable, '·')

/** Blocks that terminals show two columns wide (Unicode East Asian Width W and F), roughly: the first and last code point of each. */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1b000, 0x1b2ff],
  [0x20000, 0x3fffd],
]
const ofNoWidth = /^[\p{Mn}\p{Me}]$/u
const emoji = /^\p{Extended_Pictographic}$/u

function columnsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x300) return 1
  if (ofNoWidth.test(character)) return 0
  return wide.some(([first, last]) => code >= first && code <= last) || emoji.test(character) ? 2 : 1
}

/** Columns of a terminal that plain text takes, never less: where terminals differ, the most. */
export function widthOf(text: string): number {
  let columns = 0
  for (const character of text) columns += columnsOf(character)
  return columns
}

/** As much of the text as fits; `…` stands for the rest. */
export function cutTo(text: string, columns: number): string {
  if (text.length * 2 <= columns || widthOf(text) <= columns) return text
  return columns < 1 ? '' : `${startOf(text, columns - 1)}…`
}

function startOf(text: string, columns: number): string {
  let used = 0
  let end = 0
  for (const character of text) {
    used += columnsOf(character)
    if (used > columns) break
    end += character.length
  }
  return text.slice(0, end)
}

/** The text in lines of at most so many columns, broken between words where that is possible. */
export function wrapTo(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (let word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) <= columns) {
      line += ` ${word}`
      continue
    }
    if (line !== '') lines.push(line)
    for (; widthOf(word) > columns; word = word.slice(lines.at(-1)?.length ?? word.length)) lines.push(startOf(word, Math.max(2, columns)))
    line = word
  }
  return [...lines, line]
}

export const padTo = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - widthOf(text)))
