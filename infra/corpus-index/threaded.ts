import type { Clock } from '#schemas/clock.ts'
import type { CorpusIndex } from '#schemas/corpus-index.ts'
import { portThread, type PortThread } from '../sqlite/port-thread.ts'

const module = new URL('corpus-index.ts', import.meta.url).href
const methods = { exact: true, near: true, paragraphs: true, rows: true, commit: true, pending: true, stats: true } as const

/** An index of a corpus (corpus-index.ts) in a thread. */
export const threadedCorpusIndex = (
  folder: string,
  { clock, thread = portThread(`the index ${folder}`, clock) }: { clock: Clock; thread?: PortThread },
): CorpusIndex & AsyncDisposable => thread.open<CorpusIndex>({ module, factory: 'folderCorpusIndex', args: [folder] }, methods)
