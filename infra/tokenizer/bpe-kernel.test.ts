import { join } from 'node:path'
import { testsWasmBuild } from '#test/conformance/wasm-build.ts'

testsWasmBuild(join(import.meta.dirname, 'bpe-kernel'))
