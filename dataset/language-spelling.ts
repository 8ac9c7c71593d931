const english = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' })

/** Whether a text means the language of a code, as people write it: `en-US`, `EN_gb`, `deu`, `ger`, `iw`, `English`, `Deutsch`. @param code as documents have it, like en */
export function spellsLanguage(text: string, code: string): boolean {
  const asked = text.trim().toLowerCase()
  return asked.split(/[-_]/, 1)[0] === code || languageOf(asked) === code || namesOf(code).includes(asked)
}

/** Of a tag of BCP 47, whichever code of ISO 639 it begins with. */
function languageOf(tag: string): string | undefined {
  try {
    return new Intl.Locale(tag.replaceAll('_', '-')).language
  } catch {
    return undefined
  }
}

/** In English and in itself, in small letters. */
function namesOf(code: string): string[] {
  try {
    const own = new Intl.DisplayNames([code], { type: 'language', fallback: 'none' })
    return [english, own].flatMap((names) => names.of(code)?.toLowerCase() ?? [])
  } catch {
    // It has no form of a code.
    return []
  }
}
