import { basename, dirname } from 'node:path'
import { z } from 'zod'
import { contentAddress, sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import { byteLevelPattern, patternOf, type Pattern } from './pattern.ts'
import type { TokenList } from './tables.ts'
import { tokenBytesOf } from './token-bytes.ts'
import type { BpeVocabulary } from './vocabulary.ts'

const Split = z.object({ type: z.literal('Split'), pattern: z.object({ Regex: z.string() }), behavior: z.literal('Isolated'), invert: z.literal(false) })
const ByteLevel = z.object({ type: z.literal('ByteLevel'), add_prefix_space: z.literal(false), use_regex: z.boolean().default(true) })
const Sequence = z.object({ type: z.literal('Sequence'), pretokenizers: z.tuple([Split, ByteLevel.extend({ use_regex: z.literal(false) })]) })
const Nfc = z.object({ type: z.literal('NFC') })
const tokensMax = 2 ** 21
const none = z.union([z.null(), z.literal('')]).optional()

/** A record of zod would lose the token `__proto__`. */
function isNumbered(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every((id) => Number.isInteger(id) && id >= 0 && id < tokensMax)
}

/** A `tokenizer.json` of byte-level BPE (https://github.com/huggingface/tokenizers), as far as it says what becomes of plain text. */
const TokenizerJson = z.object({
  normalizer: Nfc.nullish(),
  pre_tokenizer: z.union([Sequence, ByteLevel]),
  added_tokens: z.array(z.object({ id: z.int().min(0), content: z.string() })).max(100_000),
  model: z.object({
    type: z.literal('BPE'),
    dropout: z.union([z.null(), z.literal(0)]).optional(),
    continuing_subword_prefix: none,
    end_of_word_suffix: none,
    byte_fallback: z.literal(false).optional(),
    ignore_merges: z.boolean().default(false),
    vocab: z.custom<Readonly<Record<string, number>>>(isNumbered, 'its tokens have no numbers'),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])).max(tokensMax),
  }),
})
type TokenizerJson = z.infer<typeof TokenizerJson>

/** What ends a document, the first of them that the file has. */
const endsOfText = ['<|endoftext|>', '<|end_of_text|>', '<|end▁of▁sentence|>', '<eos>', '</s>', '<|im_end|>']
const nameCharsMax = 64

export const fingerprintOfTokenizerJson = (file: Uint8Array): string => contentAddress({ tokenizer_json: sha256Hex(file) })

/** @param path says in messages which file it is @throws OrreryError `invalid_config` when it is of another kind, or no such file at all */
export function parseTokenizerJson(file: Buffer, path: string): BpeVocabulary & { list: TokenList } {
  const json = readJson(file, path)
  const { vocab, merges, ignore_merges: takesWhole } = json.model
  const numbers = new Map(Object.entries(vocab))
  const end = endsOfText.map((content) => json.added_tokens.find((token) => token.content === content)).find((token) => token !== undefined)
  if (!end) throw refusal(path, `it has none of the tokens that end a text (${endsOfText.join(' ')})`)
  let size = end.id + 1
  for (const id of numbers.values()) size = Math.max(size, id + 1)
  return {
    vocabulary: { name: nameOf(path), endOfText: end.id, endSpelling: end.content, size, fingerprint: fingerprintOfTokenizerJson(file) },
    pattern: patternIn(json, path),
    isNfc: json.normalizer?.type === 'NFC',
    list: { tokens: tokensOf(numbers, new Set(json.added_tokens.map(({ id }) => id)), size), merges: mergesOf(numbers, merges, path), takesWhole },
  }
}

function readJson(file: Buffer, path: string): TokenizerJson {
  let value: unknown
  try {
    value = JSON.parse(file.toString())
  } catch (cause) {
    throw refusal(path, 'it is no JSON', cause)
  }
  const read = TokenizerJson.safeParse(value)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw refusal(path, `${issue?.path.join('.') ?? ''} is none that is known here (${issue?.message ?? ''})`)
}

const refusal = (path: string, problem: string, cause?: unknown): OrreryError =>
  new OrreryError('invalid_config', `dataset.tokenizer: ${path} is no tokenizer.json of byte-level BPE: ${problem}.`.replaceAll('\n', ' '), { path }, cause)

function patternIn({ pre_tokenizer }: TokenizerJson, path: string): Pattern {
  if (pre_tokenizer.type === 'Sequence') return patternOf(pre_tokenizer.pretokenizers[0].pattern.Regex, path)
  if (pre_tokenizer.use_regex) return byteLevelPattern
  throw refusal(path, 'it cuts texts nowhere')
}

/** `tokenizer.json` says nothing; its folder mostly does. */
function nameOf(path: string): string {
  const name = basename(path, '.json')
  return (name === 'tokenizer' ? basename(dirname(path)) : name).slice(0, nameCharsMax) || 'tokenizer'
}

function tokensOf(numbers: ReadonlyMap<string, number>, added: ReadonlySet<number>, size: number): TokenList['tokens'] {
  const tokens = Array.from<Uint8Array | undefined>({ length: size })
  // One that was added may stand in the vocabulary too, spelled in characters that stand for no bytes.
  for (const [spelling, number] of numbers) if (!added.has(number)) tokens[number] = bytesOf(spelling)
  return tokenBytesOf(tokens)
}

function mergesOf(numbers: ReadonlyMap<string, number>, merges: TokenizerJson['model']['merges'], path: string): Uint32Array {
  const pairs = new Uint32Array(2 * merges.length)
  for (const [n, merge] of merges.entries()) {
    const [left = '', right = ''] = typeof merge === 'string' ? merge.split(' ') : merge
    const [a, b] = [numbers.get(left), numbers.get(right)]
    if (a === undefined || b === undefined || !numbers.has(left + right)) throw refusal(path, `merge ${n} is of what are no tokens`)
    pairs[2 * n] = a
    pairs[2 * n + 1] = b
  }
  return pairs
}

/** Characters that stand for bytes (GPT-2's `bytes_to_unicode`): those that can be seen for themselves, U+0100 and on for the others. */
const byteOf = new Map<string, number>()
const isSeen = (byte: number): boolean => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
for (let byte = 0, others = 0; byte < 256; byte++) byteOf.set(String.fromCharCode(isSeen(byte) ? byte : 0x100 + others++), byte)

/** undefined when a character of it stands for no byte: no text has such a token. */
function bytesOf(spelling: string): Uint8Array | undefined {
  const bytes = new Uint8Array(spelling.length)
  for (let at = 0; at < spelling.length; at++) {
    const byte = byteOf.get(spelling[at]!)
    if (byte === undefined) return undefined
    bytes[at] = byte
  }
  return bytes
}
