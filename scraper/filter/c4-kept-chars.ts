import type { Filter } from './filter.ts'

/** Share of the characters that C4's line rules (c4-lines.ts) leave, 0..1: of the page as it came, also where they are in force. Never a reason. */
export const c4KeptChars = (kept: number): Filter => ({ name: 'c4_kept_chars', measure: () => kept, judge: () => true })
