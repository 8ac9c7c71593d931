import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { openTextEncoder } from './text-encoder.ts'
import { tinyTokenizer } from './tokenizer-json.fixture.ts'

/** In a folder of its name. */
async function written(content: string): Promise<{ path: string; folder: string }> {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'tiny'))
  const path = join(folder, 'tiny', 'tokenizer.json')
  await writeFile(path, content)
  return { path, folder }
}
const encoded = async (text: string, ...parts: Parameters<typeof tinyTokenizer>): Promise<number[]> => {
  const { path, folder } = await written(tinyTokenizer(...parts))
  return [...(await openTextEncoder(path, folder)).encode(text)]
}
const addedTokens: unknown[] = JSON.parse(tinyTokenizer()).added_tokens
const byte = (character: string): number => character.charCodeAt(0)

test('it has the name of its folder, its own size, and the token that ends a text', async () => {
  const { path, folder } = await written(tinyTokenizer())
  expect((await openTextEncoder(path, folder)).vocabulary).toMatchObject({ name: 'tiny', endOfText: 261, size: 262 })
})

test('merges come in their order, texts in normalization form C, and added tokens are text', async () => {
  expect(await encoded('abc')).toEqual([257])
  expect(await encoded('xbc')).toEqual([byte('x'), 258])
  expect(await encoded('e\u0301')).toEqual([260])
  expect(await encoded('e\u0301', { normalizer: null })).toEqual([byte('e'), 0xcc, 0x81])
  expect(await encoded('<|endoftext|>')).toHaveLength(13)
})

test('a whole piece that no merging makes is a token where merges are ignored for it', async () => {
  const vocab = { ...JSON.parse(tinyTokenizer()).model.vocab, xyz: 262, ['__proto__']: 263 }
  expect(await encoded('xyz', {}, { vocab })).toHaveLength(3)
  expect(await encoded('xyz', {}, { vocab, ignore_merges: true })).toEqual([262])
  expect(await encoded('xyzx xyz', {}, { vocab, ignore_merges: true })).toHaveLength(8)
})

test('a pair whose part is merged later is merged when it stands there', async () => {
  // As Llama 3 has some: the part of a token comes after it.
  const vocab = { ...JSON.parse(tinyTokenizer()).model.vocab, xy: 262, xyz: 263 }
  const { model } = JSON.parse(tinyTokenizer())
  expect(await encoded('xyz xy', {}, { vocab, merges: ['xy z', ...model.merges, 'x y'] })).toEqual([263, byte(' '), 262])
})

test('what two bytes become is not made before its turn where something of it comes first', async () => {
  const vocab = { ...JSON.parse(tinyTokenizer()).model.vocab, xy: 262, zxy: 263, wz: 264 }
  expect(await encoded('wzxy', {}, { vocab, merges: ['z xy', 'w z', 'x y'] })).toEqual([264, 262])
})

test('of a merge that stands twice the last counts', async () => {
  const vocab = { ...JSON.parse(tinyTokenizer()).model.vocab }
  expect(await encoded('abc', {}, { vocab, merges: ['a b', 'b c', 'ab c'] })).toEqual([257])
  expect(await encoded('abcx', {}, { vocab, merges: ['a b', 'b c', 'a b'] })).toEqual([byte('a'), 258, byte('x')])
})

test('a token that was added is merged to where a merge makes it', async () => {
  expect(await encoded('ab', { added_tokens: [...addedTokens, { id: 256, content: 'ab', special: true }] })).toEqual([256])
})

const split = JSON.parse(tinyTokenizer()).pre_tokenizer.pretokenizers[0]
const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false }
const sequence = (...pretokenizers: unknown[]) => ({ pre_tokenizer: { type: 'Sequence', pretokenizers } })

test('a split is the same that keeps what matches and takes away the rest, and a normalizer in a list', async () => {
  const normalizer = { type: 'Sequence', normalizers: [{ type: 'NFC' }] }
  expect(await encoded('abc e\u0301', { normalizer, ...sequence({ ...split, behavior: 'Removed', invert: true }, byteLevel) })).toEqual([257, byte(' '), 260])
  expect(await encoded('e\u0301', { normalizer: { type: 'Sequence', normalizers: [] } })).toEqual([byte('e'), 0xcc, 0x81])
})

test('DeepSeek has a mark of its own that ends a text', async () => {
  const { path, folder } = await written(tinyTokenizer({ added_tokens: [{ id: 261, content: '<｜end▁of▁sentence｜>', special: true }] }))
  expect((await openTextEncoder(path, folder)).vocabulary).toMatchObject({ endOfText: 261, endSpelling: '<｜end▁of▁sentence｜>' })
})

test.each([
  ['"NFKC"', { normalizer: { type: 'NFKC' } }],
  ['"Metaspace"', { pre_tokenizer: { type: 'Metaspace', replacement: '▁' } }],
  ['"Punctuation"', sequence({ type: 'Punctuation', behavior: 'Isolated' }, byteLevel)],
  ['"MergedWithPrevious"', sequence({ ...split, behavior: 'MergedWithPrevious' }, byteLevel)],
  ['Split that removes text', sequence({ ...split, behavior: 'Removed' }, byteLevel)],
  ['Digits before ByteLevel without use_regex', sequence({ type: 'Digits', individual_digits: true }, byteLevel)],
  ['Split before ByteLevel with use_regex', sequence(split, { ...byteLevel, use_regex: true })],
  ['does not end with ByteLevel', sequence(byteLevel, split)],
  ['cuts texts nowhere', sequence(byteLevel)],
  ['add_prefix_space is true', sequence(split, { ...byteLevel, add_prefix_space: true })],
  ['"  " added', { added_tokens: [...addedTokens, { id: 300, content: '  ', special: false }] }],
])('%s is named where it is refused', async (named, parts) => {
  const { path, folder } = await written(tinyTokenizer(parts))
  await expect(openTextEncoder(path, folder)).rejects.toMatchObject({ code: 'invalid_config', message: expect.stringContaining(named) })
})

test.each([
  ['no JSON', '{"model":'],
  ['a WordPiece model', tinyTokenizer({}, { type: 'WordPiece' })],
  ['bytes that fall back', tinyTokenizer({}, { byte_fallback: true })],
  ['another normalizer', tinyTokenizer({ normalizer: { type: 'Lowercase' } })],
  ['a prefix that is added', tinyTokenizer({ pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true } })],
  ['nothing that ends a text', tinyTokenizer({ added_tokens: [] })],
  ['merges of what are no tokens', tinyTokenizer({}, { merges: ['q q'] })],
  ['a merge of three', tinyTokenizer({}, { merges: ['a b c'] })],
  ['two tokens of one number', tinyTokenizer({}, { vocab: { ...JSON.parse(tinyTokenizer()).model.vocab, xyz: 257 } })],
  ['a pattern that is not known', tinyTokenizer().replace('\\\\p{N}|', '\\\\p{N}{1,2}|')],
])('%s is refused in one line', async (_what, content) => {
  const { path, folder } = await written(content)
  await expect(openTextEncoder(path, folder)).rejects.toMatchObject({ code: 'invalid_config', message: expect.stringMatching(/^[^\n]+$/) })
})

test('so is a vocabulary that lacks a byte, and a file that is not there', async () => {
  const vocab = JSON.parse(tinyTokenizer()).model.vocab
  delete vocab.x
  const { path, folder } = await written(tinyTokenizer({}, { vocab }))
  await expect(openTextEncoder(path, folder)).rejects.toMatchObject({ code: 'data_unreadable', message: expect.stringContaining('120') })
  await expect(openTextEncoder(join(folder, 'other.json'), folder)).rejects.toMatchObject({ code: 'invalid_config' })
})
