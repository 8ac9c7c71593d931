/**
 * Letters that make one word with what stands against them, as a part of a character class (flag `v`). Not those of scripts that write no spaces, nor
 * Hangul, whose particles hang on whatever comes before: there an address or a number ends where its own letters and digits do.
 */
export const letters =
  '[[\\p{L}\\p{M}]--[\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}\\p{scx=Hangul}\\p{scx=Thai}\\p{scx=Lao}\\p{scx=Khmer}\\p{scx=Myanmar}]]'
