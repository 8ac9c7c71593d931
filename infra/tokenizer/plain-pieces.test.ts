import { describe, expect, test } from 'vitest'
import { fuzzedTexts } from '#test/golden/token-texts.ts'
import { goldenTokenizers } from '#test/golden/tokenizers.ts'
import { openBpeKernel } from './bpe-kernel.ts'
import { packedTables } from './packed-tables.ts'
import { byteLevelPattern, digitsPattern, patternOf, type Pattern } from './pattern.ts'
import { PlainEncoder } from './plain-encoder.ts'
import { paddingBytes, pieceEnds } from './plain-pieces.ts'
import { bpeSource } from './vocabulary.ts'

/** As files of these tokenizers have them. */
const gpt2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
const tekken = String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
const deepseek = [
  String.raw`\p{N}{1,3}`,
  '[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+',
  '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+',
]

/** White space as tokenizers have it, which JavaScript's is not. */
const regular = (source: string): RegExp =>
  new RegExp(source.replaceAll(String.raw`\s`, String.raw`\p{White_Space}`).replaceAll(String.raw`\S`, String.raw`\P{White_Space}`), 'gu')

/** What matches, and what stands between. */
function cut(text: string, pattern: RegExp): string[] {
  const parts: string[] = []
  let end = 0
  for (const { index, 0: match } of text.matchAll(pattern)) {
    if (index > end) parts.push(text.slice(end, index))
    parts.push(match)
    end = index + match.length
  }
  return end < text.length ? [...parts, text.slice(end)] : parts
}

const cases: readonly [string, Pattern, readonly string[]][] = [
  ['GPT-2', byteLevelPattern, [gpt2]],
  ['digits by themselves (StarCoder, SmolLM)', digitsPattern(true), [String.raw`\p{N}`, gpt2]],
  ['numbers by themselves', digitsPattern(false), [String.raw`\p{N}+`, gpt2]],
  ["Mistral's Tekken", patternOf([tekken], 'tokenizer.json'), [tekken]],
  ['DeepSeek V3', patternOf(deepseek, 'tokenizer.json'), deepseek],
]

/** Numbers, spaces, controls and marks beside each other; characters that engines know otherwise than Unicode 16 are left out. */
const texts = [
  ...fuzzedTexts(120, 3).filter((text) => !/[\p{Cn}\u0295]/u.test(text)),
  '  12  a 3\n 4 \n\n5 ',
  "it's 7's 'll DON'T x'S",
  '!word .Word\u200d\u0301a\0\0b\0 \u0301 \u200d\u200d 中a文ア1\u3099\u30a0',
  'ア・イ・\n ・ア゛b\u3097\u3098イ 、ー\u30fb\u30fb\n\u3040',
  'a \u0085\ufeff\u00ad1 \u2028 -\r\n/ /\n',
]
const { tables } = packedTables(bpeSource('cl100k_base'), goldenTokenizers)

describe.each(cases)('%s', (_name, pattern, sources) => {
  test('cuts are those of the regular expressions', () => {
    const [piecesOf, patterns] = [pieceEnds(pattern), sources.map(regular)]
    for (const text of texts) {
      const bytes = Buffer.concat([Buffer.from(text), Buffer.alloc(paddingBytes)])
      const length = bytes.length - paddingBytes
      const end = piecesOf(bytes, length)
      const pieces: string[] = []
      for (let at = 0; at < length; at = end(at)) pieces.push(bytes.toString('utf8', at, end(at)))
      expect(pieces).toEqual(patterns.reduce((parts, of) => parts.flatMap((part) => cut(part, of)), [text.toWellFormed()]))
    }
  })

  test('the kernel has the same', () => {
    const [kernel, plain] = [openBpeKernel(tables, pattern)!, new PlainEncoder(tables, pattern)]
    for (const text of texts) expect(kernel.encode(text), text).toEqual(plain.encode(text))
  })
})
