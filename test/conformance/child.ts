import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import type { Place } from './place.ts'

/** One job of one child program, on a backend's place. */
export interface ChildJob {
  /** File name in `child/`, without its ending. */
  program: string
  job: string
  place: Place
  input?: unknown
}

/** What the child said until it ended by itself. */
export async function runChild<Said>(job: ChildJob): Promise<Said[]> {
  const child = start(job)
  const said = await listen<Said>(child, () => undefined)
  if (child.exitCode !== 0) throw new Error(`The child ${job.program}/${job.job} ended with ${child.exitCode ?? child.signalCode}.`)
  return said
}

/** Kills the child (SIGKILL) when it has said `count` things, and gives all that it said until it was dead. */
export function killAfter<Said>(count: number, job: ChildJob): Promise<Said[]> {
  const child = start(job)
  return listen<Said>(child, (heard) => heard === count && child.kill('SIGKILL'))
}

/** As `killAfter`, but that many milliseconds after it was said: in the middle of what the child does then. */
export function killWithin<Said>(count: number, afterMs: number, job: ChildJob): Promise<Said[]> {
  const child = start(job)
  return listen<Said>(child, (heard) => heard === count && setTimeout(() => child.kill('SIGKILL'), afterMs))
}

function start({ program, job, place, input }: ChildJob): ChildProcess {
  const path = new URL(`child/${program}.ts`, import.meta.url).pathname
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path, JSON.stringify({ job, place, input })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function listen<Said>(child: ChildProcess, heard: (count: number) => unknown): Promise<Said[]> {
  const said: Said[] = []
  const ended = new Promise((resolve, reject) => child.once('close', resolve).once('error', reject))
  if (child.stdout)
    for await (const line of createInterface({ input: child.stdout })) {
      // A dying child may leave half a line: it was not acknowledged.
      if (!line.endsWith('}')) continue
      said.push(JSON.parse(line) as Said)
      heard(said.length)
    }
  await ended
  return said
}

/** `rounds` moments to kill at, in things said: the same for the same seed. */
export function killMoments(seed: number, rounds: number, most: number): number[] {
  let state = seed
  return Array.from({ length: rounds }, () => {
    // Numerical Recipes' linear congruence: chance enough to pick a moment.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return 1 + Math.floor((state / 2 ** 32) * most)
  })
}
