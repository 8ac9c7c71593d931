import { join } from 'node:path'

/** What is packed of a vocabulary is packed once for all tests, and kept beside the code that was compiled for them. */
export const goldenTokenizers = join(import.meta.dirname, '../../node_modules/.cache/orrery-tokenizers')
