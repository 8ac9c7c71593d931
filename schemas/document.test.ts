import { expect, test } from 'vitest'
import { ZodError } from 'zod'
import { testDocuments } from '#test/golden/documents.ts'
import { canonicalJson } from './canonical-json.ts'
import { decodeDocument, encodeDocument } from './document.ts'

test('a document survives JSON, also the canonical one', () => {
  for (const document of testDocuments(20)) {
    const encoded = encodeDocument(document)
    expect(decodeDocument(JSON.parse(JSON.stringify(encoded)))).toEqual(document)
    expect(decodeDocument(JSON.parse(canonicalJson(encoded)))).toEqual(document)
  }
})

test('what is no document is refused', () => {
  const [document] = testDocuments(1).map(encodeDocument)
  for (const broken of [
    null,
    7,
    {},
    { ...document, extra: 1 },
    { ...document, minhash: 'AAAA' },
    { ...document, text: '' },
    { ...document, datetime: 'soon' },
  ]) {
    expect(() => decodeDocument(broken)).toThrow(ZodError)
  }
})
