import { OrreryError } from '#schemas/errors.ts'

/** How a text is cut into the pieces that are merged by themselves; each a family of the patterns that tokenizers are published with. */
export interface Pattern {
  /**
   * `gpt2`: a space goes before a word, a number or other characters. `cl100k`: any one character goes before a word, numbers have few digits, line ends stay with
   * what they end. `o200k`: so, and a word is upper case, then lower case, then its contraction. `deepseek`: numbers and Chinese or Japanese characters come apart
   * before all else, letters stay with a mark of ASCII before them, and what is no letter, mark, punctuation or symbol stands by itself.
   */
  family: 'gpt2' | 'cl100k' | 'o200k' | 'deepseek'
  /** Digits of a piece, at most; 0: no limit (gpt2). */
  digitsMax: number
  /** Numbers come apart before all else, without the space before them (gpt2). */
  numbersApart?: boolean
  /** A word ends before its contraction (o200k). */
  contractionsApart?: boolean
  /** White space at the end of the text is one piece, with all its line ends (`\s+$`). */
  keepsTail: boolean
  /** Marks count as letters. */
  marksAreLetters: boolean
}

const gpt2: Pattern = { family: 'gpt2', digitsMax: 0, keepsTail: true, marksAreLetters: false }
const llama3: Pattern = { family: 'cl100k', digitsMax: 3, keepsTail: false, marksAreLetters: false }
const o200k: Pattern = { family: 'o200k', digitsMax: 3, keepsTail: false, marksAreLetters: false }
const deepseek: Pattern = { family: 'deepseek', digitsMax: 3, keepsTail: false, marksAreLetters: false }

/** Those of tiktoken (tiktoken_ext/openai_public.py). */
export const openAiPatterns = { r50k_base: gpt2, p50k_base: gpt2, cl100k_base: { ...llama3, keepsTail: true }, o200k_base: o200k } as const

const contraction = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)`
const spaces = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`
const cl100kLike = (digits: string, letter = String.raw`\p{L}`): string =>
  String.raw`${contraction}|[^\r\n\p{L}\p{N}]?${letter === String.raw`\p{L}` ? letter : `[${letter}]`}+|${digits}| ?[^\s${letter}\p{N}]+[\r\n]*|${spaces}`
const o200kLike = (digits: string, end = `${contraction}?`): string => {
  const [upper, lower] = [String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`, String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`]
  const before = String.raw`[^\r\n\p{L}\p{N}]?`
  return String.raw`${before}${upper}*${lower}+${end}|${before}${upper}+${lower}*${end}|${digits}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${spaces}`
}
const deepseekSplits = [
  String.raw`\p{N}{1,3}`,
  '[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+',
  `[!"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_\`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+`,
]

/** By the regular expressions of the `Split`s of a tokenizer.json, one behind the other. All but those of DeepSeek match any character there is. */
const bySource = new Map<string, Pattern>([
  [String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, gpt2],
  // Llama 3; Qwen 2 to 3; Qwen 3.5.
  [cl100kLike(String.raw`\p{N}{1,3}`), llama3],
  [cl100kLike(String.raw`\p{N}`), { ...llama3, digitsMax: 1 }],
  [cl100kLike(String.raw`\p{N}`, String.raw`\p{L}\p{M}`), { ...llama3, digitsMax: 1, marksAreLetters: true }],
  // gpt-oss, Llama 4; Mistral's Tekken.
  [o200kLike(String.raw`\p{N}{1,3}`), o200k],
  [o200kLike(String.raw`\p{N}`, ''), { ...o200k, digitsMax: 1, contractionsApart: true }],
  [deepseekSplits.join('\n'), deepseek],
])

/** The one of GPT-2, which `ByteLevel` has by itself; behind `Digits` with each digit by itself (StarCoder, SmolLM), or those that stand together. */
export const byteLevelPattern = gpt2
export const digitsPattern = (individual: boolean): Pattern => ({ ...gpt2, digitsMax: individual ? 1 : 0, numbersApart: true })

/**
 * @param splits regular expressions that cut one behind the other
 * @throws OrreryError `invalid_config` for a pattern that is not known: with another in its place tokens would be others
 */
export function patternOf(splits: readonly string[], file: string): Pattern {
  const source = splits.join('\n')
  const known = bySource.get(source)
  if (known) return known
  const shown = source.slice(0, 60).replaceAll('\n', ' ')
  throw new OrreryError(
    'invalid_config',
    `${file} cuts texts by a pattern that is not known here (${shown}…); use a tokenizer of the kind of GPT-2, cl100k, o200k, Llama 3, Qwen, DeepSeek V3, Tekken or StarCoder.`,
    { file, pattern: source.slice(0, 500) },
  )
}
