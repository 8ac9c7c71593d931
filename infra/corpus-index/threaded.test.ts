import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { corpusIndexSuite } from '#test/conformance/corpus-index.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { systemClock } from '../clock.ts'
import { threadedCorpusIndex } from './threaded.ts'
import { lockFolder } from './writer-lock.ts'

const module = new URL('threaded.ts', import.meta.url).href

describe('threadedCorpusIndex', () => {
  corpusIndexSuite(async () => ({ module, factory: 'threadedCorpusIndex', args: [join(await temporaryFolder(), 'index')] }))
})

test('an index that another process had is opened with the first call after that ended', async () => {
  const folder = join(await temporaryFolder(), 'index')
  const lock = lockFolder(folder)
  await using index = threadedCorpusIndex(folder, { clock: systemClock() })
  await using never = threadedCorpusIndex(folder, { clock: systemClock() })
  for (let call = 0; call < 2; call++) await expect(Promise.all([index.stats(), index.pending()])).rejects.toMatchObject({ code: 'conflict' })
  await expect(never.stats()).rejects.toMatchObject({ code: 'conflict' })
  lock[Symbol.dispose]()
  await expect(Promise.all([index.pending(), index.stats()])).resolves.toMatchObject([undefined, {}])
})
