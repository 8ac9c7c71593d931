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

test.each([
  ['no JSON', '{"model":'],
  ['a WordPiece model', tinyTokenizer({}, { type: 'WordPiece' })],
  ['bytes that fall back', tinyTokenizer({}, { byte_fallback: true })],
  ['another normalizer', tinyTokenizer({ normalizer: { type: 'Lowercase' } })],
  ['a prefix that is added', tinyTokenizer({ pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true } })],
  ['nothing that ends a text', tinyTokenizer({ added_tokens: [] })],
  ['merges of what are no tokens', tinyTokenizer({}, { merges: ['q q'] })],
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
