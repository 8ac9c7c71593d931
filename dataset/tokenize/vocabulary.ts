import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { CL100K_TOKEN_SPLIT_REGEX, O200K_TOKEN_SPLIT_REGEX } from 'gpt-tokenizer/encodingParams/constants'
import { contentAddress, sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'

export type VocabularyName = 'o200k_base' | 'cl100k_base'

export interface Vocabulary {
  name: VocabularyName
  /** Rank of each token by its bytes, spelled as one Latin-1 character per byte. A rank is the token's number. */
  ranks: ReadonlyMap<string, number>
  /** Longest token, bytes. */
  tokenBytesMax: number
  /** Cuts a text into the pieces that are merged by themselves. Global and Unicode-aware. */
  pattern: RegExp
  /** `<|endoftext|>`, the only special token ever written. */
  endOfText: number
  /** All tokens written are below this. */
  size: number
  /** contentAddress of `{name, pattern, ranks, end_of_text}`: pattern = its source, ranks = sha256 of the `.tiktoken` file. */
  fingerprint: string
}

/** Numbers of `<|endoftext|>` as OpenAI's tiktoken has them (tiktoken_ext/openai_public.py). */
const kinds = {
  o200k_base: { pattern: O200K_TOKEN_SPLIT_REGEX, endOfText: 199_999 },
  cl100k_base: { pattern: CL100K_TOKEN_SPLIT_REGEX, endOfText: 100_257 },
} as const

const loaded = new Map<VocabularyName, Promise<Vocabulary>>()

/**
 * The vocabulary of that name, read once per process from gpt-tokenizer's copy of OpenAI's file.
 * @throws OrreryError `data_unreadable` when the installed package has no such file
 */
export function loadVocabulary(name: VocabularyName): Promise<Vocabulary> {
  const known = loaded.get(name)
  if (known) return known
  const loading = readVocabulary(name)
  loaded.set(name, loading)
  loading.catch(() => loaded.delete(name))
  return loading
}

async function readVocabulary(name: VocabularyName): Promise<Vocabulary> {
  const { pattern, endOfText } = kinds[name]
  const file = await readRanksFile(name)
  const ranks = parseRanks(file)
  return {
    name,
    ranks,
    tokenBytesMax: ranks.keys().reduce((longest, bytes) => Math.max(longest, bytes.length), 0),
    pattern,
    endOfText,
    size: endOfText + 1,
    fingerprint: contentAddress({ name, pattern: pattern.source, ranks: sha256Hex(file), end_of_text: endOfText }),
  }
}

async function readRanksFile(name: VocabularyName): Promise<Buffer> {
  try {
    return await readFile(createRequire(import.meta.url).resolve(`gpt-tokenizer/data/${name}.tiktoken`))
  } catch (cause) {
    throw new OrreryError('data_unreadable', `The vocabulary ${name} of the package gpt-tokenizer cannot be read; run npm ci again.`, { name }, cause)
  }
}

/** One token per line: base64 of its bytes, a space, its rank. */
function parseRanks(file: Buffer): Map<string, number> {
  const ranks = new Map<string, number>()
  for (const line of file.toString('latin1').split('\n')) {
    const space = line.indexOf(' ')
    if (space > 0) ranks.set(atob(line.slice(0, space)), Number(line.slice(space + 1)))
  }
  return ranks
}
