import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import v8 from 'node:v8'
import vm from 'node:vm'
import { Worker } from 'node:worker_threads'
import { openBpeKernel } from '#infra/tokenizer/bpe-kernel.ts'
import { openEncoders } from '#infra/tokenizer/encoders.ts'
import { packedTables } from '#infra/tokenizer/packed-tables.ts'
import { PlainEncoder } from '#infra/tokenizer/plain-encoder.ts'
import { bpeSource } from '#infra/tokenizer/vocabulary.ts'
import { seededRandom } from '../seeded-random.ts'
import { median, medianRatio, type Bench, type Contestant, type Sample } from './bench.ts'
import { mixedTexts } from './mixed-texts.ts'
import { findPython, runPython } from './python.ts'

/** Tokens of o200k_base of mixed texts, each once behind a part that warms all up; long words against such text; memory over words that never come again; two threads. */
const vocabulary = 'o200k_base'
const folder = join(tmpdir(), 'orrery-tokenizers')
const wordBytes = 2 ** 16
const textsOf = (quick: boolean): Promise<string[]> => mixedTexts(quick ? 3e6 : 15e6)
const bytesOf = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
const tables = () => packedTables(bpeSource(vocabulary), folder)
const kernel = () => {
  const { tables: of, pattern } = tables()
  return openBpeKernel(of, pattern)!
}

function encoding(open: () => Promise<(text: string) => ArrayLike<number>>): Contestant {
  let encode: (text: string) => ArrayLike<number>
  let texts: string[] = []
  return {
    async setUp(quick) {
      const all = await textsOf(quick)
      encode = await open()
      const warm = Math.ceil(all.length / 10)
      for (const text of all.slice(0, warm)) encode(text)
      texts = all.slice(warm)
    },
    async run() {
      let tokens = 0
      for (const text of texts) tokens += encode(text).length
      return { tokens, bytes: bytesOf(texts) }
    },
  }
}

/** A library of Python, which says its own CPU seconds. */
function python(library: string, open: string): Contestant {
  let found: string | undefined
  const path = join(tmpdir(), `orrery-bench-${library}.json`)
  return {
    async setUp(quick) {
      found = await findPython({ packages: [library, 'tiktoken'], install: true })
      await writeFile(path, JSON.stringify(await textsOf(quick)))
    },
    async run() {
      if (!found) return {}
      const ranks = dirname(createRequire(import.meta.url).resolve('gpt-tokenizer/data/o200k_base.tiktoken'))
      return (await runPython(found, `${prelude}\n${open}\n${loop}`, [path, ranks])) as Record<string, number>
    },
  }
}
const prelude = `
import json, os, resource, sys
os.environ['RAYON_NUM_THREADS'] = '1'
texts = json.load(open(sys.argv[1], encoding='utf-8'))
ranks = sys.argv[2] + '/${vocabulary}.tiktoken'
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
`
const loop = `
warm = -(-len(texts) // 10)
for text in texts[:warm]: encode(text)
size = sum(len(text.encode()) for text in texts[warm:])
before = cpu()
tokens = 0
for text in texts[warm:]: tokens += len(encode(text))
print(json.dumps({'cpu': cpu() - before, 'bytes': size, 'tokens': tokens}))
`

const random = seededRandom(1)
const below = (most: number): number => Math.floor(random() * most)
const word = (make: () => string): string => {
  let text = ''
  while (Buffer.byteLength(text) < wordBytes) text += Array.from({ length: 1000 }, make).join('')
  return text
}
/** Pieces of one word, as the pattern has it, each. */
const longWords = (): Record<string, string> => ({
  a: word(() => 'a'),
  space: word(() => ' '),
  dash: word(() => '-'),
  letters: word(() => String.fromCharCode(97 + below(26))),
  dna: word(() => 'acgt'[below(4)]!),
  han: word(() => String.fromCharCode(0x4e00 + below(3000))),
  cyrillic: word(() => String.fromCharCode(0x430 + below(32))),
  marks: word(() => '!#$%&()*+,-.:;<=>?@[]^_{|}~'[below(28)]!),
  emoji: word(() => String.fromCodePoint(0x1f300 + below(700))),
})
const longKinds = Object.keys(longWords())
const rounds = 24

const longWordRuns: Contestant = {
  async run(quick) {
    const { encode } = kernel()
    const ordinary = (await textsOf(quick)).join('\n').slice(0, 3e6)
    const nsPerByte = (texts: readonly string[]): number => {
      for (const text of texts.slice(0, 4)) encode(text)
      const before = process.cpuUsage()
      for (const text of texts) encode(text)
      const { user, system } = process.cpuUsage(before)
      return ((user + system) * 1000) / bytesOf(texts)
    }
    const slices = Array.from({ length: Math.floor(ordinary.length / wordBytes) }, (_, n) => ordinary.slice(n * wordBytes, (n + 1) * wordBytes))
    const counts: Record<string, number> = { ordinary: nsPerByte(slices) }
    for (const [kind, text] of Object.entries(longWords())) counts[kind] = nsPerByte(Array.from({ length: rounds }, () => text))
    return counts
  },
}

const unrepeated: Contestant = {
  async run(quick) {
    const { encode } = kernel()
    let words = 0
    // Letters of a number that is another for each word, put in place: what making the texts leaves behind would be measured too.
    const letters = Buffer.alloc(2 ** 16, ' ')
    const text = (): string => {
      for (let at = 1; at + 8 <= letters.length; at += 8) {
        let number = Math.imul(++words, 2_654_435_761) >>> 0
        for (let n = 0; n < 7; n++) {
          letters[at + n] = 97 + (number % 26)
          number = Math.floor(number / 26)
        }
      }
      return letters.toString('latin1')
    }
    const total = quick ? 20e6 : 200e6
    let bytes = 0
    const until = (end: number): void => {
      while (bytes < end) bytes += encode(text()).length > 0 ? 2 ** 16 : 0
    }
    until(total / 10)
    // What nobody holds any more is no part of it.
    v8.setFlagsFromString('--expose-gc')
    const collect = vm.runInNewContext('gc') as () => void
    collect()
    const before = process.memoryUsage.rss()
    until(total)
    collect()
    return { grown: (process.memoryUsage.rss() - before) / 1e6 }
  },
}

async function* items(texts: readonly string[]) {
  for (const text of texts) yield { text }
}

function threads(count: number): Contestant {
  let texts: string[] = []
  const encoders = openEncoders({ tokenizer: vocabulary, folder, threads: count })
  const { signal } = new AbortController()
  const encodeAll = async (some: readonly string[]): Promise<number> => {
    let tokens = 0
    for await (const { tokens: made } of encoders.encode(items(some), signal)) tokens += made.length
    return tokens
  }
  return {
    async setUp(quick) {
      texts = await textsOf(quick)
      texts = [...texts, ...texts]
      await encodeAll(texts.slice(0, Math.ceil(texts.length / 4)))
    },
    run: async () => ({ tokens: await encodeAll(texts), bytes: bytesOf(texts) }),
    tearDown: async () => encoders[Symbol.asyncDispose](),
  }
}

/** What the machine itself gives to so many threads beside all else that runs on it: each does the same arithmetic. */
function spinning(count: number): Contestant {
  const script = 'let x = 1; for (let n = 0; n < 4e8; n++) x = Math.imul(x, 48271) ^ n; require("node:worker_threads").parentPort.postMessage(x)'
  return {
    async run() {
      await Promise.all(Array.from({ length: count }, () => once(new Worker(script, { eval: true }), 'exit')))
      return { threads: count }
    },
  }
}

export const bench: Bench = {
  contestants: {
    kernel: encoding(async () => kernel().encode),
    plain: encoding(async () => {
      const { tables: of, pattern } = tables()
      const encoder = new PlainEncoder(of, pattern)
      return (text) => encoder.encode(text)
    }),
    tiktoken_wasm: encoding(async () => {
      const { get_encoding } = await import('tiktoken')
      const encoder = get_encoding(vocabulary)
      return (text) => encoder.encode_ordinary(text)
    }),
    gigatoken: python('gigatoken', 'import gigatoken\nencode = gigatoken.Tokenizer.from_tiktoken(ranks).encode'),
    tiktoken: python(
      'tiktoken',
      `import tiktoken, tiktoken.load, tiktoken_ext.openai_public as known\nknown.load_tiktoken_bpe = lambda url, expected_hash=None: tiktoken.load.load_tiktoken_bpe(ranks, expected_hash)\nencode = tiktoken.Encoding(**known.${vocabulary}()).encode_ordinary`,
    ),
    long_words: longWordRuns,
    unrepeated,
    one_thread: threads(1),
    two_threads: threads(2),
    one_spins: spinning(1),
    two_spin: spinning(2),
  },
  summarize({
    kernel: own = [],
    plain = [],
    tiktoken_wasm = [],
    gigatoken = [],
    tiktoken = [],
    long_words = [],
    unrepeated: memory = [],
    one_thread = [],
    two_threads = [],
    one_spins = [],
    two_spin = [],
  }) {
    const ratios = longKinds.map((kind) => [kind, median(long_words.map(({ counts }) => (counts[kind] ?? 0) / (counts['ordinary'] ?? 1)))] as const)
    return {
      figures: {
        wasm_vs_tiktoken_wasm: medianRatio(own, tiktoken_wasm, mbPerCpuSecond),
        ts_vs_tiktoken_wasm: medianRatio(plain, tiktoken_wasm, mbPerCpuSecond),
        vs_gigatoken: medianRatio(own, gigatoken, mbPerCpuSecond),
        vs_tiktoken: medianRatio(own, tiktoken, mbPerCpuSecond),
        wasm_mb_per_cpu_s: median(own.map(mbPerCpuSecond)),
        ts_mb_per_cpu_s: median(plain.map(mbPerCpuSecond)),
        tiktoken_wasm_mb_per_cpu_s: median(tiktoken_wasm.map(mbPerCpuSecond)),
        gigatoken_mb_per_cpu_s: median(gigatoken.map(mbPerCpuSecond)),
        tiktoken_mb_per_cpu_s: median(tiktoken.map(mbPerCpuSecond)),
        long_word_ratio: ratios.reduce((most, [, ratio]) => Math.max(most, ratio ?? 0), 0),
        rss_growth_mb: median(memory.map(({ counts }) => counts['grown'] ?? 0)),
        two_workers: medianRatio(one_thread, two_threads, ({ wallSeconds }) => wallSeconds),
        two_spinning: medianRatio(two_spin, one_spins, perWallSecond),
      },
      tables: [`long words, of what ordinary text costs: ${ratios.map(([kind, ratio]) => `${kind} ${ratio?.toFixed(2)}`).join(', ')}`],
    }
  },
}

const perWallSecond = ({ wallSeconds, counts }: Sample): number => (counts['threads'] ?? 0) / wallSeconds
const mbPerCpuSecond = ({ cpuSeconds, counts }: Sample): number => (counts['bytes'] ?? 0) / 1e6 / (counts['cpu'] ?? cpuSeconds)
