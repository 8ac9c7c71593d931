import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { referenceHash, referencePython } from './reference-tokens.ts'
import { goldenTexts } from './token-texts.ts'

/** Writes what tiktoken makes of the golden texts: `PYARROW_PYTHON=… node test/golden/write-token-ids.ts`, with a Python that has tiktoken and tokenizers. */
const python = await referencePython()
if (!python) throw new Error('There is no Python with tiktoken and tokenizers; name one in PYARROW_PYTHON.')
const hashes: Record<string, string> = {}
for (const name of ['r50k_base', 'p50k_base', 'cl100k_base', 'o200k_base']) hashes[name] = await referenceHash(python, name, goldenTexts())
await writeFile(resolve(import.meta.dirname, '../../infra/tokenizer/token-ids.json'), `${JSON.stringify(hashes, null, 2)}\n`)
