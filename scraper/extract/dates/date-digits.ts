const foreignDigits = /[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0ae6-\u0aef\u1040-\u1049\uff10-\uff19\u200e\u200f]/g

/** Arabic, Persian, Indic, Burmese and full-width digits each become the ASCII one, marks of direction become spaces; nothing else moves. */
export const plainDigits = (text: string): string => (text.search(foreignDigits) < 0 ? text : text.replace(foreignDigits, asciiOf))

function asciiOf(digit: string): string {
  const code = digit.charCodeAt(0)
  return code === 0x200e || code === 0x200f ? ' ' : String(code - zeroOf(code))
}

/** The digits of a script stand in a row that begins at a multiple of 16, or 6 after it. */
const zeroOf = (code: number): number => (code >= 0x0966 && code < 0x0b00 ? (code & ~0xf) + 6 : code & ~0xf)
