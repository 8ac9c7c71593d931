import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { sha256Hex } from '#schemas/canonical-json.ts'

const script = fileURLToPath(new URL('../../schemas/build-wasm.sh', import.meta.url))
const compiler = spawnSync(script, ['--compiler'], { encoding: 'utf8' }).stdout?.trim()

/** A binary that is kept with its C source agrees with it. @param path of the source, without `.c` */
export function testsWasmBuild(path: string): void {
  const build = JSON.parse(readFileSync(`${path}.build.json`, 'utf8')) as { source_sha256: string; wasm_sha256: string; compiler: string }

  if (compiler !== build.compiler) console.warn(`${path}.c is not built again here: that needs wasm-ld and ${build.compiler}; there is ${compiler ?? 'none'}.`)

  test('the binary was built from the source that stands beside it', () => {
    expect(sha256Hex(readFileSync(`${path}.c`))).toBe(build.source_sha256)
    expect(sha256Hex(readFileSync(`${path}.wasm`))).toBe(build.wasm_sha256)
  })

  // Another compiler may give other bytes, which say nothing.
  test.skipIf(compiler !== build.compiler)('the binary comes out byte for byte when it is built again', () => {
    const folder = mkdtempSync(join(tmpdir(), 'orrery-wasm-'))
    try {
      const built = join(folder, 'built.wasm')
      execFileSync(script, [`${path}.c`, built], { stdio: 'inherit' })
      expect(readFileSync(built).equals(readFileSync(`${path}.wasm`))).toBe(true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
}
