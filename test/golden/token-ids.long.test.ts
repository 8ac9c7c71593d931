import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { hashOfTokens, referenceHash, referencePython } from '#test/golden/reference-tokens.ts'
import { codePointTexts, fuzzedTexts } from '#test/golden/token-texts.ts'
import { goldenTokenizers } from '#test/golden/tokenizers.ts'
import { mixedTexts } from '#test/bench/mixed-texts.ts'
import { openTextEncoder } from '#infra/tokenizer/text-encoder.ts'

/** Files of Llama 3 and Qwen, as paths with colons between: they are no part of the project. */
const files = (process.env['TOKENIZER_JSONS'] ?? '').split(':').filter((path) => path !== '')
const python = await referencePython()
if (!python) console.warn('tokens are not held against the reference libraries: that needs a Python with tiktoken and tokenizers, named in PYARROW_PYTHON')
if (files.length === 0) console.warn('tokens of Llama 3 and Qwen are not held against Hugging Face: name their tokenizer.json in TOKENIZER_JSONS')

/** 50 MB and more: real texts, every code point in four places, fuzzed strings. */
const texts = python ? [...codePointTexts(), ...fuzzedTexts(20_000, 99), ...(await mixedTexts(20 * 2 ** 20))] : []

describe.skipIf(!python)('ids are those of the reference libraries', { timeout: 900_000 }, () => {
  test('on 50 MB', () => {
    expect(texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)).toBeGreaterThan(50e6)
  })

  test.each(['r50k_base', 'p50k_base', 'cl100k_base', 'o200k_base', ...files])('%s', async (tokenizer) => {
    expect(files.every((path) => existsSync(path))).toBe(true)
    const { encode } = await openTextEncoder(tokenizer, goldenTokenizers)
    const hashes: Promise<string>[] = []
    const own: string[] = []
    // So that neither side holds all tokens at once.
    for (let at = 0; at < texts.length; at += 8000) {
      const some = texts.slice(at, at + 8000)
      own.push(hashOfTokens(some.map((text) => encode(text))))
      hashes.push(referenceHash(python!, tokenizer, some))
      await hashes.at(-1)
    }
    expect(own).toEqual(await Promise.all(hashes))
  })
})
