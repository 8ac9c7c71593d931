import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { openTextEncoder } from './text-encoder.ts'

const field = (number: number, bytes: Uint8Array): Buffer => Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), bytes])
/** An entry of a model: a piece, its score, its type. */
const entry = (piece: string, type: number): Buffer =>
  field(1, Buffer.concat([field(1, Buffer.from(piece)), Buffer.of((2 << 3) | 5, 0, 0, 0, 0), Buffer.of(3 << 3, type)]))
const refusalOf = async (content: Uint8Array): Promise<unknown> => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'spiece.model'), content)
  return openTextEncoder(join(folder, 'spiece.model'), folder).then(
    () => undefined,
    (error: unknown) => error,
  )
}

test('without its library a SentencePiece model is refused, and it is said what to install', async () => {
  expect(await refusalOf(Buffer.concat([entry('<unk>', 2), entry('</s>', 3), entry('a', 1)]))).toMatchObject({
    code: 'invalid_config',
    message: expect.stringMatching(/^[^\n]*npm install --no-save @sctg\/sentencepiece-js[^\n]*$/),
  })
})

test.each([
  ['is none', Buffer.from('{"model": {}}')],
  ['is torn', entry('</s>', 3).subarray(0, -3)],
  ['is empty', Buffer.alloc(0)],
  ['ends no text', Buffer.concat([entry('<unk>', 2), entry('</s>', 1)])],
])('so is what %s', async (_what, content) => {
  expect(await refusalOf(content)).toMatchObject({ code: 'invalid_config', message: expect.stringMatching(/^[^\n]*is no SentencePiece model[^\n]*$/) })
})
