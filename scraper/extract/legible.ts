import { withoutInvisible } from '#schemas/identity/invisible.ts'
import { openRepair } from '../charset/mojibake.ts'

/** What was wrong with a text, as shares of its UTF-16 code units as they came, 0..1; stored in `quality` under these names. */
export interface TextFlaws {
  /** Misread, and right now. */
  mojibake_repaired: number
  /** Look misread but may be meant, or were lost. */
  mojibake_left: number
  /** Taken out, since nobody sees them. */
  invisible_chars: number
}

export interface Legible {
  text: string
  flaws: TextFlaws
  /** Makes another text of the same page legible: a name is too short to tell by itself how it was misread. */
  also(text: string): string
}

/** A page's main text with misread characters repaired (charset/mojibake.ts) and without what nobody sees (identity/invisible.ts). Linear in the length. */
export function legibleText(raw: string): Legible {
  const wellFormed = raw.toWellFormed()
  const repair = openRepair(wellFormed)
  const { text: right, repaired, left } = repair(wellFormed)
  const text = withoutInvisible(right)
  const share = (units: number): number => Math.min(1, units / Math.max(1, wellFormed.length))
  return {
    text,
    flaws: { mojibake_repaired: share(repaired), mojibake_left: share(left), invisible_chars: share(right.length - text.length) },
    also: (other) => withoutInvisible(repair(other.toWellFormed()).text).replaceAll('\xa0', ' '),
  }
}
