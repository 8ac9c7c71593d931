import { z } from 'zod'

/** Of a wallet or a dataset. */
export const Name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'lower-case letters, digits and "-", at most 32')
export const seconds = z.number().positive().max(86_400)
