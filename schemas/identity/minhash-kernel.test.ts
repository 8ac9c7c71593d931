import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256Hex } from '../canonical-json.ts'
import { prose } from '#test/golden/documents.ts'
import { openKernel } from './minhash-kernel.ts'
import { plainMinhash } from './minhash-plain.ts'
import { minhash } from './minhash.ts'

const beside = (name: string): string => join(import.meta.dirname, name)
const build = JSON.parse(readFileSync(beside('minhash-kernel.build.json'), 'utf8')) as { source_sha256: string; wasm_sha256: string; compiler: string }
const compiler = spawnSync(beside('minhash-kernel.sh'), ['--compiler'], { encoding: 'utf8' }).stdout?.trim()
const canBuild = compiler === build.compiler
if (!canBuild)
  console.warn(`The kernel is not built again here, only hashes are compared: that needs wasm-ld and ${build.compiler}; there is ${compiler ?? 'none'}.`)

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

  test('was built from the source that stands beside it', () => {
    expect(sha256Hex(readFileSync(beside('minhash-kernel.c')))).toBe(build.source_sha256)
    expect(sha256Hex(readFileSync(beside('minhash-kernel.wasm')))).toBe(build.wasm_sha256)
  })

  test.skipIf(!canBuild)('comes out byte for byte when it is built again', () => {
    const folder = mkdtempSync(join(tmpdir(), 'orrery-kernel-'))
    try {
      const built = join(folder, 'kernel.wasm')
      execFileSync(beside('minhash-kernel.sh'), [built], { stdio: 'inherit' })
      expect(readFileSync(built).equals(readFileSync(beside('minhash-kernel.wasm')))).toBe(true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
