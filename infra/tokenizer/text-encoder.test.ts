import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { hashOfTokens } from '#test/golden/reference-tokens.ts'
import { fuzzedTexts, goldenTexts } from '#test/golden/token-texts.ts'
import { goldenTokenizers } from '#test/golden/tokenizers.ts'
import { openBpeKernel } from './bpe-kernel.ts'
import { packedTables } from './packed-tables.ts'
import { PlainEncoder } from './plain-encoder.ts'
import { openTextEncoder } from './text-encoder.ts'
import { tinyTokenizer } from './tokenizer-json.fixture.ts'
import { bpeSource } from './vocabulary.ts'
import tokenIds from './token-ids.json' with { type: 'json' }

const both = (tokenizer: string, folder = goldenTokenizers) => {
  const { tables, pattern } = packedTables(bpeSource(tokenizer), folder)
  return { kernel: openBpeKernel(tables, pattern)!, plain: new PlainEncoder(tables, pattern) }
}

describe.each(['r50k_base', 'p50k_base', 'cl100k_base', 'o200k_base'] as const)('%s', (name) => {
  test('ids of every letter in four places, and of fuzzed texts, are those of tiktoken', () => {
    const { kernel } = both(name)
    expect(hashOfTokens(goldenTexts().map((text) => kernel.encode(text)))).toBe(tokenIds[name])
  })

  test('where there is no kernel they are the same', () => {
    const { kernel, plain } = both(name)
    const texts = [...fuzzedTexts(300, 5), 'lone \ud800 surrogates \udfff\ud83d', '']
    expect(texts.map((text) => plain.encode(text))).toEqual(texts.map((text) => kernel.encode(text)))
  })
})

test('U+FEFF is no white space, U+0085 is; a long s ends a contraction', async () => {
  const o200k = await openTextEncoder('o200k_base', goldenTokenizers)
  const cl100k = await openTextEncoder('cl100k_base', goldenTokenizers)
  expect([...o200k.encode(' \ufeffx')]).toEqual([71280, 87])
  expect([...cl100k.encode(' \ufeffx')]).toEqual([76880, 87])
  expect([...o200k.encode("it's 'ſ a'ſ \u0345\u0085x")]).toEqual([64190, 461, 70067, 261, 6, 70067, 220, 137, 227, 126, 227, 87])
})

test('no text becomes a special token', async () => {
  for (const name of ['r50k_base', 'o200k_base']) {
    const { vocabulary, encode } = await openTextEncoder(name, goldenTokenizers)
    const tokens = encode('<|endoftext|> <|fim_prefix|><|endofprompt|>')
    expect(tokens.length).toBeGreaterThan(10)
    expect(tokens).not.toContain(vocabulary.endOfText)
    expect(tokens.every((token) => token < vocabulary.size)).toBe(true)
  }
})

test('fingerprints tell vocabularies apart and never change by themselves', async () => {
  const names = ['o200k_base', 'cl100k_base', 'p50k_base', 'r50k_base']
  const fingerprints = names.map((name) => bpeSource(name).fingerprint)
  expect(new Set(fingerprints).size).toBe(4)
  expect(fingerprints[0]).toBe('b91ef7038ca918ebde1f2e8b80f321b25682c9d96ba5511edbecdac4d14a3f74')
})

// Square cost would take hours for each of these; that they end is the assertion.
test.each([
  ['a letter', 'a', 125_000],
  ['a space', ' ', 7813],
  ['a line feed', '\n', 62_500],
  ['a dash', '-', 15_625],
])('an endless run of %s ends in time, in both', (_what, character, tokens) => {
  const { kernel, plain } = both('o200k_base')
  expect(kernel.encode(character.repeat(1_000_000))).toHaveLength(tokens)
  expect(plain.encode(character.repeat(100_000))).toEqual(kernel.encode(character.repeat(100_000)))
})

test('tokens that are longer than what is merged at a time are found, in both', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'runs.json')
  const runs = Array.from({ length: 12 }, (_, n) => 'a'.repeat(2 ** n))
  const { model } = JSON.parse(tinyTokenizer())
  const vocab = { ...model.vocab, ...Object.fromEntries(runs.map((run, n) => [run + run, 300 + n])) }
  await writeFile(path, tinyTokenizer({}, { vocab, merges: runs.map((run) => `${run} ${run}`) }))
  const { kernel, plain } = both(path, folder)
  // 10,000 = 2 × 4096 + 1024 + 512 + 256 + 16.
  const tokens = Uint32Array.of(311, 311, 309, 308, 307, 303)
  expect([kernel, plain].map((encoder) => encoder.encode('a'.repeat(10_000)))).toEqual([tokens, tokens])
  expect([kernel, plain].map((encoder) => encoder.encode(`${'a'.repeat(10_000)} b`).length)).toEqual([8, 8])
})

test('a text that was large leaves the next as it is', () => {
  const { kernel, plain } = both('cl100k_base')
  for (const text of ['a b c', 'many words '.repeat(200_000), 'a b c', `${'x'.repeat(1_100_000)} y`, 'd e f'])
    expect(kernel.encode(text)).toEqual(plain.encode(text))
})

describe('what is packed', () => {
  test('is read again, and made anew when it is damaged', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'tiny.json')
    await writeFile(path, tinyTokenizer())
    const made = packedTables(bpeSource(path), folder)
    const file = join(folder, `${made.vocabulary.fingerprint}.5.bpe`)
    const bytes = await readFile(file)
    // Other bytes are another layout: raise its number.
    expect(sha256Hex(bytes)).toBe('e18e758044951c7c7468bb57a754376265b9ead3c6fa0a16f62e91f4ee3d7782')
    expect(packedTables(bpeSource(path), folder)).toEqual(made)
    for (const damaged of [bytes.subarray(0, 100), Buffer.from([...bytes.subarray(0, -1), bytes.at(-1)! ^ 1]), Buffer.alloc(0)]) {
      await writeFile(file, damaged)
      expect(packedTables(bpeSource(path), folder)).toEqual(made)
      expect(await readFile(file)).toEqual(bytes)
    }
  })

  test('is not needed: where nothing can be written it is made each time', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'tokenizer.json')
    await writeFile(path, tinyTokenizer())
    await mkdir(join(folder, 'no'))
    await writeFile(join(folder, 'no', 'folder'), '')
    expect(packedTables(bpeSource(path), join(folder, 'no', 'folder'))).toEqual(packedTables(bpeSource(path), folder))
  })
})
