import { bankAccounts, paymentCards } from './account-numbers.ts'
import { emailAddresses } from './email-addresses.ts'
import { ipAddresses } from './ip-addresses.ts'
import { phoneNumbers } from './phone-numbers.ts'

/** Gives the text with every find replaced by what `placeholder` gives for it. */
export type Replace = (text: string, placeholder: () => string) => string

/** What is looked for, by its name, in this order: what one takes the next does not see. */
const kinds: readonly (readonly [name: string, replace: Replace])[] = [
  ['email', emailAddresses],
  ['ip', ipAddresses],
  ['iban', bankAccounts],
  ['card', paymentCards],
  ['phone', phoneNumbers],
]

export interface PersonalDataReport {
  text: string
  /** How often each kind was replaced: `email`, `ip`, `iban`, `card`, `phone`. Those that were not are missing. */
  counts: Record<string, number>
}

/** One that was replaced may have hidden another that it stood against; more than two rounds take a text made for it. */
const roundsMax = 8

/**
 * Puts `[email]`, `[ip]`, `[phone]`, `[iban]`, `[card]` in place of what could reach or charge a person, in prose, Markdown and code alike. What is reserved
 * for examples and private networks stays, and what only looks like one: versions, sections, ZIP codes, draws of a lottery, numbers in URLs and of things.
 * No language is asked for: a word in front says that digits are a telephone number, and where none does, the plans of all countries. Square brackets, since
 * `<email>` is a tag in Markdown and HTML, a bar ends the cell of a table, and an invented address (as datatrove puts) cannot be told from a real one: the
 * next run would count it again, and a model would learn it. What was replaced changes nothing in a second run. Linear in the length of the text.
 */
export function replacePersonalData(text: string): PersonalDataReport {
  const counts: Record<string, number> = {}
  let clean = text
  for (let round = 0; round < roundsMax; round++) {
    const before = clean
    for (const [name, replace] of kinds) clean = replace(clean, () => ((counts[name] = (counts[name] ?? 0) + 1), `[${name}]`))
    if (clean === before) break
  }
  return { text: clean, counts }
}
