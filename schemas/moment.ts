import { z } from 'zod'

/** ISO 8601 spells other years with a sign, which nobody reads. */
const [first, last] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')]

/** A time as people write it (ISO 8601), of the years 1 to 9999 in UTC; one without a zone is one of UTC, as Python writes it. */
export const MomentDate = z.iso
  .datetime({ offset: true, local: true })
  .transform((given) => new Date(/(?:Z|[+-]\d\d:?\d\d)$/i.test(given) ? given : `${given}Z`))
  .refine((at) => at.getTime() >= first && at.getTime() <= last, 'no time of the years 1 to 9999')

/** The same, written in UTC. */
export const Moment = MomentDate.transform((at) => at.toISOString())
