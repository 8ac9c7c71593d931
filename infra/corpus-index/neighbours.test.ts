import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { addedRow } from '#test/golden/corpus-rows.ts'
import { prose } from '#test/golden/documents.ts'
import { fingerprint } from '#test/golden/fingerprints.ts'
import { folderCorpusIndex } from './corpus-index.ts'
import { neighboursIn } from './neighbours.ts'

const signatureOf = (text: string): Uint8Array => fingerprint('', text).signature

test('tells what is near, most similar first, of one uri the most similar, beside the process that writes', async () => {
  const folder = join(await temporaryFolder(), 'index')
  const text = prose(1)
  const texts = [`${text} and a tail`, text, text, `${text} ${prose(3, 15)}`]
  await using index = folderCorpusIndex(folder)
  await index.commit({
    add: [
      ...texts.map((each, n) => addedRow(n, { signature: signatureOf(each), facts: { uri: `https://example.org/${n % 3}`, publishedAt: n } })),
      addedRow(9, { signature: signatureOf(prose(9)) }),
    ],
  })
  const near = await neighboursIn(folder, signatureOf(text), 10)
  expect(near.map(({ ordinal, similarity }) => [ordinal, similarity])).toEqual([
    [1, 1],
    [2, 1],
    [0, expect.closeTo(0.96, 1)],
  ])
  expect(await neighboursIn(folder, signatureOf(text), 1)).toMatchObject([{ ordinal: 1, publishedAt: 1 }])
  expect(await neighboursIn(folder, signatureOf(prose(7)), 10)).toEqual([])
  // The writer is not disturbed, and what it does is seen.
  await index.commit({ forget: [1], add: [addedRow(20, { signature: signatureOf(prose(7)), state: 'remembered' })] })
  expect(await neighboursIn(folder, signatureOf(text), 1)).toMatchObject([{ ordinal: 2 }])
  expect(await neighboursIn(folder, signatureOf(prose(7)), 10)).toMatchObject([{ state: 'remembered', similarity: 1 }])
})

test('makes nothing where there is no index', async () => {
  const folder = join(await temporaryFolder(), 'none')
  expect(await neighboursIn(folder, signatureOf('text'), 10)).toEqual([])
  expect(existsSync(folder)).toBe(false)
  await expect(neighboursIn(folder, new Uint8Array(1), 10)).rejects.toMatchObject({ code: 'invalid_argument' })
})
