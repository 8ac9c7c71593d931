import { basename, dirname } from 'node:path'
import { z } from 'zod'
import { contentAddress, sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import { byteLevelPattern, digitsPattern, patternOf, type Pattern } from './pattern.ts'
import type { TokenList } from './tables.ts'
import { tokenBytesOf } from './token-bytes.ts'
import type { BpeVocabulary } from './vocabulary.ts'

const Split = z.object({ type: z.literal('Split'), pattern: z.object({ Regex: z.string() }), behavior: z.enum(['Isolated', 'Removed']), invert: z.boolean() })
const Digits = z.object({ type: z.literal('Digits'), individual_digits: z.boolean() })
const ByteLevel = z.object({ type: z.literal('ByteLevel'), add_prefix_space: z.literal(false), use_regex: z.boolean().default(true) })
const steps = [Split, Digits, ByteLevel] as const
const Sequence = z.object({ type: z.literal('Sequence'), pretokenizers: z.array(z.discriminatedUnion('type', steps)).min(1).max(8) })
const Nfc = z.object({ type: z.literal('NFC') })
const Normalizers = z.object({ type: z.literal('Sequence'), normalizers: z.array(Nfc).max(8) })
const tokensMax = 2 ** 21
const none = z.union([z.null(), z.literal('')]).optional()

/** A record of zod would lose the token `__proto__`. */
function isNumbered(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every((id) => Number.isInteger(id) && id >= 0 && id < tokensMax)
}

/** A `tokenizer.json` of byte-level BPE (https://github.com/huggingface/tokenizers), as far as it says what becomes of plain text. */
const TokenizerJson = z.object({
  normalizer: z.discriminatedUnion('type', [Nfc, Normalizers]).nullish(),
  pre_tokenizer: z.discriminatedUnion('type', [Sequence, ...steps]),
  added_tokens: z
    .array(
      z.object({
        id: z
          .int()
          .min(0)
          .max(tokensMax - 1),
        content: z.string(),
        special: z.boolean().default(false),
      }),
    )
    .max(100_000),
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
const endsOfText = ['<|endoftext|>', '<|end_of_text|>', '<｜end▁of▁sentence｜>', '<eos>', '</s>', '<|im_end|>']
const nameCharsMax = 64

export const fingerprintOfTokenizerJson = (file: Uint8Array): string => contentAddress({ tokenizer_json: sha256Hex(file) })

/** @param path says in messages which file it is @throws OrreryError `invalid_config` when it is of another kind, or no such file at all */
export function parseTokenizerJson(file: Buffer, path: string): BpeVocabulary & { list: TokenList } {
  const json = readJson(file, path)
  const { vocab, merges, ignore_merges: takesWhole } = json.model
  const numbers = new Map(Object.entries(vocab))
  if (new Set(numbers.values()).size < numbers.size) throw refusal(path, 'two of its tokens have one number')
  const end = endsOfText.map((content) => json.added_tokens.find((token) => token.content === content)).find((token) => token !== undefined)
  if (!end) throw refusal(path, `it has none of the tokens that end a text (${endsOfText.join(' ')})`)
  const text = json.added_tokens.find(({ content, special }) => !special && isPlainText(content))
  if (text) throw refusal(path, `it has ${JSON.stringify(text.content)} added as a token, which is plain text and would be cut otherwise`)
  let size = end.id + 1
  for (const id of numbers.values()) size = Math.max(size, id + 1)
  return {
    vocabulary: { name: nameOf(path), endOfText: end.id, endSpelling: end.content, size, fingerprint: fingerprintOfTokenizerJson(file) },
    pattern: patternIn(json, path),
    isNfc: json.normalizer?.type === 'NFC' || (json.normalizer?.normalizers.length ?? 0) > 0,
    list: { tokens: tokensOf(numbers, json, size), merges: mergesOf(numbers, merges, path), takesWhole },
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
  const found = issue?.path.reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined), value)
  throw refusal(path, `${issue?.path.join('.') ?? ''} is ${shown(found)}, which is not known here (${issue?.message ?? ''})`)
}

/** So that it can be named in one line. */
const shown = (value: unknown): string => (typeof value === 'object' && value !== null ? 'something else' : String(JSON.stringify(value)).slice(0, 60))

/** What texts are full of, unlike the names of marks. */
const isPlainText = (content: string): boolean => /^[\p{L}\p{N}\s]*$/u.test(content)

const refusal = (path: string, problem: string, cause?: unknown): OrreryError =>
  new OrreryError('invalid_config', `dataset.tokenizer: ${path} is no tokenizer.json of byte-level BPE: ${problem}.`.replaceAll('\n', ' '), { path }, cause)

function patternIn({ pre_tokenizer }: TokenizerJson, path: string): Pattern {
  const before = pre_tokenizer.type === 'Sequence' ? pre_tokenizer.pretokenizers : [pre_tokenizer]
  const last = before.at(-1)
  const cuts = before.slice(0, -1)
  if (last?.type !== 'ByteLevel') throw refusal(path, 'its pre_tokenizer does not end with ByteLevel')
  if (last.use_regex) {
    if (cuts.length === 0) return byteLevelPattern
    if (cuts.length === 1 && cuts[0]?.type === 'Digits') return digitsPattern(cuts[0].individual_digits)
    throw refusal(path, `its pre_tokenizer has ${cuts.map(({ type }) => type).join(', ')} before ByteLevel with use_regex`)
  }
  const sources = cuts.map((cut) => {
    if (cut.type !== 'Split') throw refusal(path, `its pre_tokenizer has ${cut.type} before ByteLevel without use_regex`)
    // What is removed are the places between, of which a pattern that matches all leaves none.
    if (cut.behavior === 'Removed' && !(cut.invert && cuts.length === 1)) throw refusal(path, 'its pre_tokenizer has a Split that removes text')
    return cut.pattern.Regex
  })
  if (sources.length === 0) throw refusal(path, 'it cuts texts nowhere')
  return patternOf(sources, path)
}

/** `tokenizer.json` says nothing; its folder mostly does. */
function nameOf(path: string): string {
  const name = basename(path, '.json')
  return (name === 'tokenizer' ? basename(dirname(path)) : name).slice(0, nameCharsMax) || 'tokenizer'
}

function tokensOf(numbers: ReadonlyMap<string, number>, { added_tokens, model }: TokenizerJson, size: number): TokenList['tokens'] {
  const tokens = Array.from<Uint8Array | undefined>({ length: size })
  // One that was added may stand in the vocabulary too; text becomes it only by merging.
  const added = new Set(added_tokens.map(({ id }) => id))
  if (added.size > 0) for (const merge of model.merges) added.delete(numbers.get(partsOf(merge).join('')) ?? -1)
  for (const [spelling, number] of numbers) if (!added.has(number)) tokens[number] = bytesOf(spelling)
  return tokenBytesOf(tokens)
}

const partsOf = (merge: TokenizerJson['model']['merges'][number]): readonly string[] => (typeof merge === 'string' ? merge.split(' ') : merge)

function mergesOf(numbers: ReadonlyMap<string, number>, merges: TokenizerJson['model']['merges'], path: string): Uint32Array {
  const pairs = new Uint32Array(2 * merges.length)
  for (const [n, merge] of merges.entries()) {
    const [left = '', right = '', ...more] = partsOf(merge)
    const [a, b] = [numbers.get(left), numbers.get(right)]
    if (a === undefined || b === undefined || more.length > 0 || !numbers.has(left + right)) throw refusal(path, `merge ${n} is of what are no tokens`)
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
