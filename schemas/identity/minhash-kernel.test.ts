import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { testsWasmBuild } from '#test/conformance/wasm-build.ts'
import { prose } from '#test/golden/documents.ts'
import { openKernel } from './minhash-kernel.ts'
import { plainMinhash } from './minhash-plain.ts'
import { minhash } from './minhash.ts'

describe('the WebAssembly kernel', () => {
  test('is here, and fast', () => {
    expect(openKernel()).toBeDefined()
  })

  const pieces = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.string({
      unit: fc.constantFrom(
        ...'aZ9 \t\n\r.-_\u0085\u00A0\u00AD\u0000\u001F\u007F\u0301\u0130ΣςÅ漢かไ가ᄀ\u1161\u2028\u200B\u200D\uFEFF\uD83D\uDE00\uD800\uDC00'.split(''),
      ),
    }),
  )

  test('gives the bytes of the plain loop for any text', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join(' ')
        expect(Buffer.compare(minhash(text), plainMinhash(text))).toBe(0)
      }),
      { numRuns: 1000 },
    )
  })

  test('gives the same for a text of many pieces, wherever a piece ends', () => {
    const text = `${prose(1, 5000)} ${'漢字かな '.repeat(3000)}${'x'.repeat(40_000)} \u{1F600}${prose(2, 3000)}`
    for (const cut of [0, 1, 2, 3, 16_383, 16_384, 16_385, 32_768, 49_151]) {
      expect(Buffer.compare(minhash(text.slice(cut)), plainMinhash(text.slice(cut)))).toBe(0)
      expect(Buffer.compare(minhash(text.slice(0, cut)), plainMinhash(text.slice(0, cut)))).toBe(0)
    }
  })

  test('works in a worker thread', async () => {
    const source = `import { parentPort, workerData } from 'node:worker_threads'
      const { minhash } = await import(workerData.path)
      parentPort.postMessage(Buffer.from(minhash(workerData.text)).toString('hex'))`
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
      workerData: { path: new URL('minhash.ts', import.meta.url).href, text: 'Ünïcode in another thread, five words and more' },
    })
    const answer = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    await worker.terminate()
    expect(answer).toBe(Buffer.from(minhash('Ünïcode in another thread, five words and more')).toString('hex'))
  })

  testsWasmBuild(join(import.meta.dirname, 'minhash-kernel'))
})
