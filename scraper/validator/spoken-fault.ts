import type { Document } from '#schemas/document.ts'
import { ownerRefusal } from '#schemas/rights.ts'

/** From here on a language is no guess: another version of the program may find another for what is below. */
const langSure = 0.8

type Spoken = Pick<Document, 'lang' | 'lang_score' | 'rights'>

/**
 * How a row says something else than our own code of what the page says: another language, a licence that the page does not give, or that its owner did not
 * reserve what is reserved. What a row says less than the page is no fault.
 */
export function spokenFault(row: Spoken, page: Spoken): 'lang' | 'licence' | 'rights' | undefined {
  if (row.lang !== page.lang && row.lang_score >= langSure && page.lang_score >= langSure) return 'lang'
  if (row.rights.licence !== null && row.rights.licence !== page.rights.licence) return 'licence'
  return ownerRefusal(page.rights) !== undefined && ownerRefusal(row.rights) === undefined ? 'rights' : undefined
}
