import { createInterface } from 'node:readline/promises'
import { OrreryError } from '#schemas/errors.ts'

/** Whether the person at the terminal says yes. @throws OrreryError `invalid_argument` with `unasked` where nobody can be asked */
export async function isAgreed({ question, unasked, signal }: { question: string; unasked: string; signal: AbortSignal }): Promise<boolean> {
  if (!process.stdin.isTTY) throw new OrreryError('invalid_argument', unasked)
  const questions = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await questions.question(`${question} [y/N] `, { signal })).trim())
  } finally {
    questions.close()
  }
}
