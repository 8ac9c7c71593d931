import type { FetchOutcome } from '../fetch/fetch-target.ts'
import type { Found } from '../source/found.ts'

/** Why a seed came to nothing. */
export interface Death {
  /** A stable code. */
  cause: string
  /** Where it leads, or an address of those it lists. */
  at?: string | undefined
  /** An answer came and was read, so that "unchanged" means this cause again. */
  isRead: boolean
}

/** What came of asking for a page. `rejection`: why one that was read became no document. */
export type Ending =
  | Pick<Extract<FetchOutcome, { kind: 'unchanged' }>, 'kind'>
  | Pick<Extract<FetchOutcome, { kind: 'moved' }>, 'kind' | 'location'>
  | { kind: 'refused' | 'trouble'; reason: string }
  | (Pick<Extract<FetchOutcome, { kind: 'read' }>, 'kind' | 'found' | 'isPage'> & { rejection?: string | undefined })

/**
 * Whether a seed is dead after this, and why: it became no document and leads to nothing that a source includes.
 * @param at where it leads, when it was not asked itself
 * @param before how it was
 */
export function deathAfter(ending: Ending, at: string | undefined, before: Death | undefined, isWanted: (url: string) => boolean): Death | undefined {
  switch (ending.kind) {
    case 'unchanged':
      return before?.isRead ? before : undefined
    case 'refused':
    case 'trouble':
      return { cause: ending.reason, at, isRead: false }
    case 'moved':
      if (ending.location === undefined) return { cause: 'redirected', at, isRead: true }
      return isWanted(ending.location) ? undefined : { cause: 'moved_outside', at: ending.location, isRead: true }
    case 'read': {
      const { found, isPage, rejection } = ending
      if ((isPage && rejection === undefined) || listsOf(found).some((list) => list.some(({ url }) => isWanted(url)))) return undefined
      if (rejection !== undefined) return { cause: rejection, at, isRead: true }
      const listed = listsOf(found).find((list) => list.length > 0)?.[0]?.url
      return listed === undefined ? { cause: 'lists_nothing', at, isRead: true } : { cause: 'lists_nothing_included', at: listed, isRead: true }
    }
  }
}

const listsOf = ({ pages, sitemaps, feeds }: Found) => [pages, sitemaps, feeds]

/** What a change of the sources' patterns may mend. */
const ofPatterns = new Set(['moved_outside', 'lists_nothing_included', 'no_job'])

/** Whether a source has come to include what the seed died of. */
export const isMended = ({ cause, at }: Death, url: string, isWanted: (url: string) => boolean): boolean => ofPatterns.has(cause) && isWanted(at ?? url)
