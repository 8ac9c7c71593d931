import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { FrameReader, framed } from './frame.ts'
import type { ReaderAnswer, ReaderJob } from './page-reader.ts'

/** A reader ended before its answer. */
export class ReaderDied extends Error {
  /** undefined: it ended by itself, so it is at fault and not what it read. */
  readonly signal: NodeJS.Signals | undefined

  constructor(signal: NodeJS.Signals | undefined, message: string) {
    super(message)
    this.signal = signal
  }
}

/** A process that reads pages, one at a time. It keeps this process alive only while it reads. */
export interface ReaderProcess {
  /**
   * What it makes of a body.
   * @throws ReaderDied, and what reading threw
   */
  run(job: ReaderJob, body: Uint8Array): Promise<unknown>
  isGone(): boolean
  /** Resolves when it is gone, for whatever reason. */
  readonly gone: Promise<void>
  kill(): void
}

const program = fileURLToPath(new URL('./page-reader.ts', import.meta.url))
/** Above what its watch allows in all: that ends a page without a core dump. */
const heapMegabytesMax = 768
const errorChars = 2000

/** @param cpuMsMax most CPU time of one page, ms */
export function openReader(cpuMsMax: number): ReaderProcess {
  const child = spawn(process.execPath, [`--max-old-space-size=${heapMegabytesMax}`, program, String(cpuMsMax)], {
    stdio: 'pipe',
    // Not of this process's terminal group: Ctrl-C is for us to hear, and what is read then is read to its end.
    detached: true,
    // What reads the bytes of strangers has no need for keys and passwords.
    env: { TZ: process.env['TZ'] ?? '' },
  })
  const { stdin, stdout, stderr } = child
  const frames = new FrameReader()
  let waiting: PromiseWithResolvers<unknown> | undefined
  let errors = ''
  let isEnding = false
  const handles = [child, stdin, stdout, stderr] as { ref(): void; unref(): void }[]
  const hold = (isHeld: boolean): void => handles.forEach((handle) => (isHeld ? handle.ref() : handle.unref()))
  const settle = (act: (job: PromiseWithResolvers<unknown>) => void): void => {
    const job = waiting
    waiting = undefined
    hold(isEnding)
    if (job) act(job)
  }
  stdout.on('data', (chunk: Buffer) => {
    for (const { value } of frames.push(chunk)) settle(answered(value as ReaderAnswer))
  })
  stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-errorChars)))
  stdin.on('error', () => undefined)
  child.on('error', ({ message }) => (errors = message))
  const gone = Promise.withResolvers<void>()
  let isGone = false
  child.on('close', (_, signal) => {
    isGone = true
    hold(false)
    settle((job) => job.reject(new ReaderDied(signal ?? undefined, `The reader of pages ended (${signal ?? errors.trim()}).`)))
    gone.resolve()
  })
  hold(false)
  return {
    gone: gone.promise,
    isGone: () => isGone,
    run(job, body) {
      waiting = Promise.withResolvers()
      hold(true)
      for (const part of framed(job, body)) stdin.write(part)
      return waiting.promise
    },
    kill() {
      // Whoever ends it may wait until it is gone.
      isEnding = true
      hold(true)
      child.kill('SIGKILL')
    },
  }
}

const answered =
  (answer: ReaderAnswer) =>
  ({ resolve, reject }: PromiseWithResolvers<unknown>): void => {
    if ('made' in answer) return resolve(answer.made)
    reject(Object.assign(new Error(answer.thrown.message), { stack: answer.thrown.stack }))
  }
