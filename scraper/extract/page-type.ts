import type { PageType } from '#schemas/document.ts'
import type { PageBlocks } from './content-blocks.ts'

/** One observation and what it added to the type's log-odds. */
export interface PageTypeReason {
  sign: string
  logOdds: number
}

export function decidePageType(_page: PageBlocks, _url: string): { pageType: PageType; why: () => PageTypeReason[] } {
  return { pageType: 'article', why: () => [] }
}
