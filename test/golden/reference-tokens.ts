import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { findPython, runPython } from '../bench/python.ts'

/** Tokens of texts in one hash: of each text their number and they themselves, as u32. */
export function hashOfTokens(all: Iterable<Uint32Array>): string {
  const parts: Uint8Array[] = []
  for (const tokens of all) parts.push(new Uint8Array(Uint32Array.of(tokens.length).buffer), new Uint8Array(Uint32Array.from(tokens).buffer))
  return sha256Hex(Buffer.concat(parts))
}

const script = `
import array, hashlib, json, sys
tokenizer, ranks, path = sys.argv[1:]
texts = json.load(open(path, encoding='utf-8'))
if tokenizer.endswith('.json'):
    import tokenizers
    content = json.load(open(tokenizer, encoding='utf-8'))
    # Text that spells a special token is text.
    content['added_tokens'] = []
    encode = lambda text, of=tokenizers.Tokenizer.from_str(json.dumps(content)): of.encode(text, add_special_tokens=False).ids
else:
    import tiktoken, tiktoken.load, tiktoken_ext.openai_public as known
    known.load_tiktoken_bpe = lambda url, expected_hash=None: tiktoken.load.load_tiktoken_bpe(ranks + '/' + url.split('/')[-1], expected_hash)
    encode = tiktoken.Encoding(**getattr(known, tokenizer)()).encode_ordinary
every = hashlib.sha256()
for text in texts:
    tokens = encode(text)
    every.update(array.array('I', [len(tokens), *tokens]).tobytes())
print(json.dumps(every.hexdigest()))
`

/** A Python with tiktoken and Hugging Face's tokenizers; undefined where there is none. */
export const referencePython = (): Promise<string | undefined> => findPython({ packages: ['tiktoken', 'tokenizers'], install: false })

/** `hashOfTokens` of tiktoken, or for the path of a tokenizer.json of Hugging Face's tokenizers without the tokens that were added. */
export async function referenceHash(python: string, tokenizer: string, texts: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-texts-'))
  try {
    const path = join(folder, 'texts.json')
    await writeFile(path, JSON.stringify(texts))
    const ranks = dirname(createRequire(import.meta.url).resolve('gpt-tokenizer/data/o200k_base.tiktoken'))
    return (await runPython(python, script, [tokenizer, ranks, path])) as string
  } finally {
    await rm(folder, { recursive: true })
  }
}
