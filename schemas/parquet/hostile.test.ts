import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { testDocuments } from '#test/golden/documents.ts'
import { decodeDocuments } from './decode.ts'
import { encodeDocuments } from './encode.ts'
import { inspectParquet } from './inspect.ts'

describe('hostile bytes', () => {
  const bytes = encodeDocuments(testDocuments(12), { codec: 'zstd' })
  const refused = { code: 'invalid_record' }

  test.each([
    ['nothing', new Uint8Array()],
    ['a header only', bytes.slice(0, 4)],
    ['magic without a footer', new TextEncoder().encode('PAR1\0\0\0\0PAR1')],
    ['a truncated file', bytes.slice(0, bytes.length - 100)],
    ['a file without its head', bytes.slice(50)],
    ['text', new TextEncoder().encode('this is no parquet file at all')],
  ])('refuses %s', async (_, hostile) => {
    expect(() => inspectParquet(hostile)).toThrow(expect.objectContaining(refused))
    await expect(decodeDocuments(hostile)).rejects.toMatchObject(refused)
  })

  test('refuses or reads a file with flipped bytes, in bounded time, with a coded error', async () => {
    expect.hasAssertions()
    const flips = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(flips, async (places) => {
        const flipped = bytes.slice()
        for (const [at, mask] of places) flipped[at] = (flipped[at] as number) ^ mask
        const outcome = await decodeDocuments(flipped).then(
          (read) => read.length,
          (error: { code?: string }) => error.code,
        )
        expect([12, 'invalid_record']).toContain(outcome)
      }),
      { numRuns: 600 },
    )
  })

  test('refuses or reads a file with a flipped footer', () => {
    expect.hasAssertions()
    const footerBytes = new DataView(bytes.buffer).getUint32(bytes.length - 8, true)
    fc.assert(
      fc.property(fc.nat(footerBytes + 7), fc.integer({ min: 1, max: 255 }), (place, mask) => {
        const flipped = bytes.slice()
        const at = bytes.length - 1 - place
        flipped[at] = (flipped[at] as number) ^ mask
        let outcome: unknown
        try {
          outcome = typeof inspectParquet(flipped).rows
        } catch (error) {
          outcome = (error as { code?: string }).code
        }
        expect(['number', 'invalid_record']).toContain(outcome)
      }),
      { numRuns: 1500 },
    )
  })
})
