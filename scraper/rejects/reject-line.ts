import { z } from 'zod'
import { canonicalJson } from '#schemas/canonical-json.ts'
import type { RejectRow } from './rejects-file.ts'

const Line = z.object({
  n: z.int().positive(),
  subject: z.string(),
  reason: z.string(),
  stage: z.string(),
  label: z.string().nullable().default(null),
  at: z.iso.datetime().transform((text) => new Date(text)),
  details: z
    .json()
    .optional()
    .transform((details) => (details === undefined ? null : canonicalJson(details))),
  title: z.string().nullable().default(null),
  text: z.string().nullable().default(null),
})

/** A reject as a line of JSON: `{n, subject, reason, stage, at, label?, title?, text?, details?}`. */
export function lineOf({ details, ...row }: RejectRow): string {
  const plain = JSON.stringify(Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)))
  // The details are JSON already.
  return `${details === null ? plain : `${plain.slice(0, -1)},"details":${details}}`}\n`
}

/** Undefined: it is torn, or no line of ours. */
export function rowOf(line: string): RejectRow | undefined {
  try {
    return Line.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}
