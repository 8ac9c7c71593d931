import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#infra/clock.ts'
import type { Config } from '#infra/config/schema.ts'
import { portThread } from '#infra/sqlite/port-thread.ts'
import type { EncoderThread, TokenizedTexts } from './encoder-thread.ts'
import type { Vocabulary } from './vocabulary.ts'

/** Threads that make tokens of texts, with a kernel of some 25 MB each. None runs before the first call, and none keeps the process alive. */
export interface Encoders extends AsyncDisposable {
  /** @throws OrreryError `invalid_config` when the tokenizer is none that is known here, `data_unreadable` when its file is damaged */
  vocabulary(): Promise<Vocabulary>
  /**
   * Tokens of each text, in their order, with what it came with. Some texts more than are taken are read ahead.
   * @throws as `vocabulary`; the signal's reason
   */
  encode<Item extends { text: string }>(items: AsyncIterable<Item>, signal: AbortSignal): AsyncGenerator<{ item: Item; tokens: Uint32Array }>
  /** UTF-8 of a text that begins with the first `wanted` of the tokens (token-text.ts); undefined: there is none. @throws as `vocabulary` */
  textOf(tokens: Uint32Array, wanted: number): Promise<Uint8Array | undefined>
}

export interface EncodersOptions {
  /** As `dataset.tokenizer` has it. */
  tokenizer: string
  /** What is made of vocabularies is kept there. */
  folder: string
  /** Absent: one less than there are cores, between 1 and 8. */
  threads?: number
}

/** Of a data folder. */
export const encodersOf = ({ config, dataDir }: { config: { dataset: Pick<Config['dataset'], 'tokenizer'> }; dataDir: string }): Encoders =>
  openEncoders({ tokenizer: config.dataset.tokenizer, folder: join(dataDir, 'tokenizers') })

/** Texts that go over together: some 5 ms of work. */
const batchChars = 2 ** 17
const methods = { vocabulary: true, encode: true, textOf: true } as const
const module = new URL('encoder-thread.ts', import.meta.url).href

export function openEncoders({ tokenizer, folder, threads = Math.min(8, Math.max(1, availableParallelism() - 1)) }: EncodersOptions): Encoders {
  const stack = new AsyncDisposableStack()
  const opened: { thread: EncoderThread; waiting: number }[] = []
  const open = () => {
    // Each in a thread of its own.
    const place = { module, factory: 'openEncoderThread', args: [tokenizer, folder] }
    const thread = stack.use(portThread('the tokenizer', systemClock()).open<EncoderThread>(place, methods))
    const made = { thread, waiting: 0 }
    opened.push(made)
    return made
  }
  let first: Promise<Vocabulary> | undefined
  const vocabulary = (): Promise<Vocabulary> => (first ??= (opened[0] ?? open()).thread.vocabulary())
  const inThread = async <T>(work: (thread: EncoderThread) => Promise<T>): Promise<T> => {
    // The first packs what the others read.
    await vocabulary()
    const idle = opened.find(({ waiting }) => waiting === 0) ?? (opened.length < threads ? open() : undefined)
    const least = idle ?? opened.reduce((a, b) => (b.waiting < a.waiting ? b : a))
    least.waiting++
    try {
      return await work(least.thread)
    } finally {
      least.waiting--
    }
  }

  return {
    vocabulary,
    textOf: (tokens, wanted) => inThread((thread) => thread.textOf(tokens, wanted)),
    async *encode(items, signal) {
      const underWay: { batch: readonly (typeof items extends AsyncIterable<infer Item> ? Item : never)[]; made: Promise<TokenizedTexts> }[] = []
      for await (const batch of batches(items)) {
        signal.throwIfAborted()
        const texts = batch.map(({ text }) => text)
        const made = inThread((thread) => thread.encode(texts))
        // It is awaited when its turn comes.
        made.catch(() => undefined)
        underWay.push({ batch, made })
        if (underWay.length > 2 * threads) yield* tokensOf(underWay.shift()!)
      }
      for (const each of underWay) {
        signal.throwIfAborted()
        yield* tokensOf(each)
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function* batches<Item extends { text: string }>(items: AsyncIterable<Item>): AsyncGenerator<readonly Item[]> {
  let batch: Item[] = []
  let chars = 0
  for await (const item of items) {
    batch.push(item)
    chars += item.text.length
    if (chars < batchChars) continue
    yield batch
    batch = []
    chars = 0
  }
  if (batch.length > 0) yield batch
}

async function* tokensOf<Item>({
  batch,
  made,
}: {
  batch: readonly Item[]
  made: Promise<TokenizedTexts>
}): AsyncGenerator<{ item: Item; tokens: Uint32Array }> {
  const { tokens, ends } = await made
  for (const [n, item] of batch.entries()) yield { item, tokens: tokens.subarray(ends[n - 1] ?? 0, ends[n]) }
}
