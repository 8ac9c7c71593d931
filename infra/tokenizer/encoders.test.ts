import { expect, test } from 'vitest'
import { prose } from '#test/golden/documents.ts'
import { goldenTokenizers } from '#test/golden/tokenizers.ts'
import { openEncoders } from './encoders.ts'
import { openTextEncoder } from './text-encoder.ts'

const { signal } = new AbortController()
const texts = [...Array.from({ length: 40 }, (_, n) => prose(n, 3000)), 'x'.repeat(300_000), '']
async function* items() {
  for (const [n, text] of texts.entries()) yield { n, text }
}

test('several threads give each text its tokens, in their order', async () => {
  await using encoders = openEncoders({ tokenizer: 'o200k_base', folder: goldenTokenizers, threads: 2 })
  const { vocabulary, encode } = await openTextEncoder('o200k_base', goldenTokenizers)
  const made = await Array.fromAsync(encoders.encode(items(), signal))
  expect(made.map(({ item, tokens }) => [item.n, tokens])).toEqual(texts.map((text, n) => [n, encode(text)]))
  expect(await encoders.vocabulary()).toEqual(vocabulary)
})

test('the signal ends it, and what the texts throw', async () => {
  await using encoders = openEncoders({ tokenizer: 'o200k_base', folder: goldenTokenizers, threads: 1 })
  await expect(Array.fromAsync(encoders.encode(items(), AbortSignal.abort(new Error('stop'))))).rejects.toThrow('stop')
  const torn = async function* () {
    yield* items()
    throw new Error('no more')
  }
  await expect(Array.fromAsync(encoders.encode(torn(), signal))).rejects.toThrow('no more')
  expect(await Array.fromAsync(encoders.encode(items(), signal))).toHaveLength(texts.length)
})

test('a tokenizer that is none is refused each time, in one line', async () => {
  await using encoders = openEncoders({ tokenizer: '/nowhere/tokenizer.json', folder: goldenTokenizers, threads: 1 })
  for (let time = 0; time < 2; time++)
    await expect(encoders.vocabulary()).rejects.toMatchObject({ code: 'invalid_config', message: expect.stringContaining('/nowhere/tokenizer.json') })
  await expect(Array.fromAsync(encoders.encode(items(), signal))).rejects.toMatchObject({ code: 'invalid_config' })
})
