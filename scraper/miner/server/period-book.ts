import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { replaceFile } from '#infra/store/replace-file.ts'
import { parsedJson } from '#schemas/parsed-json.ts'

const count = z.int().nonnegative()
const Period = z.object({ since: z.number(), spent: z.object({ index: count, bucket: count, contents: count }) })
/** What a validator has asked for since its first request of an hour (ms since epoch). */
export type Period = z.infer<typeof Period>
const Periods = z.array(z.tuple([z.string(), Period]))

/** What validators have asked for in their hours, by hotkey: of no more than are served. */
export interface PeriodBook {
  readonly periods: Map<string, Period>
  /** Durable when it resolves. */
  keep(): Promise<void>
}

/** In a file, so that a miner that starts again does not answer all of it once more. One that cannot be read is none. */
export async function filePeriods(path: string): Promise<PeriodBook> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const periods = new Map(Periods.safeParse(parsedJson(text)).data ?? [])
  let last: Promise<void> = Promise.resolve()
  return {
    periods,
    keep: () => (last = last.catch(() => undefined).then(() => replaceFile(path, JSON.stringify([...periods])))),
  }
}
