import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { compileCache } from '#infra/compile-cache.ts'
import type { Found } from '../source/found.ts'
import { FrameReader, framed, readerFd } from './frame.ts'
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

/** What a reader made, and what it found. */
export interface Made {
  made: unknown
  parts: readonly Found[]
}

/** A process that reads pages, one at a time. It keeps this process alive only while it reads. */
export interface ReaderProcess {
  /**
   * What it makes of a body.
   * @throws ReaderDied, and what reading threw
   */
  run(job: ReaderJob, body: Uint8Array): Promise<Made>
  isGone(): boolean
  /** Resolves when it is gone, for whatever reason. */
  readonly gone: Promise<void>
  kill(): void
}

interface Running extends PromiseWithResolvers<Made> {
  parts: Found[]
}

const program = fileURLToPath(new URL('./page-reader.ts', import.meta.url))
/** Of what its watch allows in all, so that garbage is collected before it counts. */
const heapMegabytesMax = 512
const errorChars = 2000

/** @param cpuMsMax most CPU time of one page, ms */
export function openReader(cpuMsMax: number): ReaderProcess {
  const child = spawn(process.execPath, [`--max-old-space-size=${heapMegabytesMax}`, '--expose-gc', program, String(cpuMsMax)], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    // Not of this process's terminal group: Ctrl-C is for us to hear, and what is read then is read to its end.
    detached: true,
    // What reads the bytes of strangers has no need for keys and passwords.
    env: { TZ: process.env['TZ'] ?? '', ...compileCache() },
  })
  let errors = ''
  child.on('error', ({ message }) => (errors = message))
  // Out of file descriptors there is not even a child without life.
  if (child.stdio === undefined) throw new ReaderDied(undefined, 'No process that reads pages can be started: there are too many open files.')
  const stderr = child.stderr as Socket
  const wire = child.stdio[readerFd] as Socket
  const frames = new FrameReader()
  let waiting: Running | undefined
  let isEnding = false
  const hold = (isHeld: boolean): void => [child, wire, stderr].forEach((handle) => (isHeld ? handle.ref() : handle.unref()))
  const end = (): Running | undefined => {
    const running = waiting
    waiting = undefined
    hold(isEnding)
    return running
  }
  wire.on('data', (chunk: Buffer) => {
    for (const { value } of frames.push(chunk)) {
      const answer = value as ReaderAnswer
      if ('part' in answer) waiting?.parts.push(answer.part)
      else if ('made' in answer) {
        const running = end()
        running?.resolve({ made: answer.made, parts: running.parts })
      } else end()?.reject(Object.assign(new Error(answer.thrown.message), { stack: answer.thrown.stack }))
    }
  })
  stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-errorChars)))
  wire.on('error', () => undefined)
  const gone = Promise.withResolvers<void>()
  let isGone = false
  child.on('close', (_, signal) => {
    isGone = true
    hold(false)
    end()?.reject(new ReaderDied(signal ?? undefined, `The reader of pages ended (${signal ?? errors.trim()}).`))
    gone.resolve()
  })
  hold(false)
  return {
    gone: gone.promise,
    isGone: () => isGone,
    run(job, body) {
      // What cannot be framed throws here, before anything waits for its answer.
      const parts = framed(job, body)
      waiting = { ...Promise.withResolvers<Made>(), parts: [] }
      hold(true)
      for (const part of parts) wire.write(part)
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
