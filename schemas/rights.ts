import { z } from 'zod'

/** What is longer is no URL here (identity/canonical-url.ts). */
export const rightsUrlChars = 2048

/** Of a JSON cell: where JavaScript has half a character, other engines have no JSON, and one such cell would end each of their scans of the column. */
export const jsonText = (charsMax: number) =>
  z
    .string()
    .max(charsMax)
    .refine((text) => text.isWellFormed(), 'text without half a character')

/** What the page's owner allows, as found at the fetch. */
export const Rights = z.strictObject({
  /** `not_asked`: the page comes from an archive, whose crawler asked. */
  robots: z.enum(['allowed', 'absent', 'not_asked']),
  /** Directives of `X-Robots-Tag` and meta robots, lower-case, sorted. */
  meta_robots: z.array(jsonText(128)).max(64),
  /** TDM Reservation Protocol, by header, markup or `/.well-known/tdmrep.json`: true when any of them reserves. */
  tdm_reservation: z.boolean().nullable(),
  /** URL of the policy that goes with it. Absent when none is named. */
  tdm_policy: jsonText(rightsUrlChars).optional(),
  /** What the host's `ai.txt` says of text here. Absent when it says nothing. */
  ai_txt: z.enum(['allowed', 'disallowed']).optional(),
  /** Whether models may be trained on it, by `Content-Usage` (IETF AI Preferences) and `Content-Signal`: disallowed when any of them says so. Absent when none says anything. */
  ai_train: z.enum(['allowed', 'disallowed']).optional(),
  /** Which of them: a header of the page or a rule of robots.txt. */
  ai_train_by: z.enum(['header-content-usage', 'header-content-signal', 'robots-content-usage', 'robots-content-signal']).optional(),
  /** SPDX id or URL, of the page itself. */
  licence: jsonText(rightsUrlChars).nullable(),
  /**
   * What the licence that was found is given for: only that of the `page` is its `licence`, of another the scope alone is kept. `page` without a licence: it names
   * none that is known, or two that contradict each other. null when none was found.
   */
  licence_scope: z.enum(['page', 'image', 'software', 'unknown']).nullable(),
})
export type Rights = z.infer<typeof Rights>
/** What a licence is given for. */
export type LicenceScope = NonNullable<Rights['licence_scope']>

/** Whether robots directives (lower-case) ask that a page is not kept. */
export const forbidsIndex = (directives: readonly string[]): boolean => directives.includes('noindex') || directives.includes('none')

/** Whether they ask that it is not learnt from (`noai`, `noml`). `noimageai` speaks of its images, `noarchive` of copies shown to others: recorded. */
export const forbidsLearning = (directives: readonly string[]): boolean => directives.includes('noai') || directives.includes('noml')

/** Why a page must not become part of what models are trained on, by what its owner said, in the order in which they count. */
export const ownerRefusals = {
  noindex: 'robots directives `noindex` or `none`',
  noai: 'robots directives `noai` or `noml`',
  tdm_reserved: 'a reservation by the TDM Reservation Protocol',
  ai_txt_disallowed: 'an `ai.txt` that disallows text',
  ai_train_disallowed: '`Content-Usage` or `Content-Signal` that disallow training',
} as const

/** Why a page must not become part of what models are trained on, by what its owner said when it was fetched and nothing else. undefined = it may. */
export function ownerRefusal({
  meta_robots: directives,
  tdm_reservation: reserved,
  ai_txt: aiTxt,
  ai_train: training,
}: Rights): keyof typeof ownerRefusals | undefined {
  if (forbidsIndex(directives)) return 'noindex'
  if (forbidsLearning(directives)) return 'noai'
  if (reserved === true) return 'tdm_reserved'
  if (aiTxt === 'disallowed') return 'ai_txt_disallowed'
  return training === 'disallowed' ? 'ai_train_disallowed' : undefined
}
