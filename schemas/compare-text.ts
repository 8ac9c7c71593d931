/** Order of strings by their UTF-16 code units: the same everywhere, whatever the locale. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Order of well-formed strings by the bytes of their UTF-8, which is that of their code points. */
export function compareUtf8(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let n = 0; n < shared; n++) {
    const [left, right] = [a.charCodeAt(n), b.charCodeAt(n)]
    if (left !== right) return codePointRank(left) - codePointRank(right)
  }
  return a.length - b.length
}

/** Surrogates stand for what comes behind all other code units. */
const codePointRank = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)
