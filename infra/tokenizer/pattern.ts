import { OrreryError } from '#schemas/errors.ts'

/** How a text is cut into the pieces that are merged by themselves; each a family of the patterns that tokenizers are published with. */
export interface Pattern {
  /**
   * `gpt2`: a space goes before a word, a number or other characters. `cl100k`: any one character goes before a word, numbers have few digits, line ends stay with
   * what they end. `o200k`: so, and a word is upper case, then lower case, then its contraction.
   */
  family: 'gpt2' | 'cl100k' | 'o200k'
  /** Digits of a piece, at most; 0: no limit (gpt2). */
  digitsMax: number
  /** White space at the end of the text is one piece, with all its line ends (`\s+$`). */
  keepsTail: boolean
  /** Marks count as letters. */
  marksAreLetters: boolean
}

const gpt2: Pattern = { family: 'gpt2', digitsMax: 0, keepsTail: true, marksAreLetters: false }
const llama3: Pattern = { family: 'cl100k', digitsMax: 3, keepsTail: false, marksAreLetters: false }
const o200k: Pattern = { family: 'o200k', digitsMax: 3, keepsTail: false, marksAreLetters: false }

/** Those of tiktoken (tiktoken_ext/openai_public.py). */
export const openAiPatterns = { r50k_base: gpt2, p50k_base: gpt2, cl100k_base: { ...llama3, keepsTail: true }, o200k_base: o200k } as const

const contraction = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)`
const spaces = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`
const cl100kLike = (digits: string, letter = String.raw`\p{L}`): string =>
  String.raw`${contraction}|[^\r\n\p{L}\p{N}]?${letter === String.raw`\p{L}` ? letter : `[${letter}]`}+|${digits}| ?[^\s${letter}\p{N}]+[\r\n]*|${spaces}`
const o200kLike = (digits: string): string => {
  const [upper, lower] = [String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`, String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`]
  const before = String.raw`[^\r\n\p{L}\p{N}]?`
  return String.raw`${before}${upper}*${lower}+${contraction}?|${before}${upper}+${lower}*${contraction}?|${digits}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${spaces}`
}

/** By the regular expression of a `Split` in a tokenizer.json. */
const bySource = new Map<string, Pattern>([
  [String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, gpt2],
  // Llama 3; Qwen 2 to 3; Qwen 3.5.
  [cl100kLike(String.raw`\p{N}{1,3}`), llama3],
  [cl100kLike(String.raw`\p{N}`), { ...llama3, digitsMax: 1 }],
  [cl100kLike(String.raw`\p{N}`, String.raw`\p{L}\p{M}`), { ...llama3, digitsMax: 1, marksAreLetters: true }],
  // gpt-oss, Llama 4.
  [o200kLike(String.raw`\p{N}{1,3}`), o200k],
])

/** The one of GPT-2, which `ByteLevel` has by itself. */
export const byteLevelPattern = gpt2

/** @throws OrreryError `invalid_config` for a pattern that is not known: with another in its place tokens would be others */
export function patternOf(source: string, file: string): Pattern {
  const known = bySource.get(source)
  if (known) return known
  throw new OrreryError(
    'invalid_config',
    `${file} cuts texts by a pattern that is not known here (${source.slice(0, 60)}…); use a tokenizer of the kind of GPT-2, cl100k, o200k, Llama 3 or Qwen.`,
    { file, pattern: source.slice(0, 500) },
  )
}
