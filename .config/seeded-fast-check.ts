import { createRequire } from 'node:module'
import type FastCheck from 'fast-check'

/** fast-check for `npm test`: properties try the same cases in each run, so that none fails by chance; a test may still name a seed of its own. */
const { default: fc } = createRequire(import.meta.url)('fast-check') as { default: typeof FastCheck }
fc.configureGlobal({ seed: 20_261_129 })

export default fc
