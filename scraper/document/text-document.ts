import { columnTable, cutCell } from '#schemas/document-columns.ts'
import { contentId, normalizeText } from '#schemas/identity/content-id.ts'
import { minhash } from '#schemas/identity/minhash.ts'
import type { ForeignText, ReadText } from '#schemas/import-reader.ts'
import { qualitySettings } from '#schemas/quality.ts'
import { fitsBytes } from '#schemas/text-bytes.ts'
import { licenceByValue } from '#schemas/licence-names.ts'
import type { IdentifyLanguage } from '../extract/language/language.ts'
import { openQuality, type Quality } from '../filter/quality.ts'

/** Makes ready to read texts that come without a page, by the rules in force where no source chooses others. */
export async function openTextReader(languages: Promise<IdentifyLanguage>): Promise<(text: ForeignText) => ReadText | string> {
  const parts = { identifyLanguage: await languages, rules: openQuality(qualitySettings()) }
  return (text) => readText(text, parts)
}

/** As documents have it, or why it becomes none, as a stable code. */
function readText(
  { url, lang: hint, licence, isJudged, ...foreign }: ForeignText,
  { identifyLanguage, rules }: { identifyLanguage: IdentifyLanguage; rules: Quality },
): ReadText | string {
  const whole = normalizeText(foreign.text)
  if (whole === '') return 'empty'
  if (!fitsBytes(whole, columnTable.text.bytesMax)) return 'too_large'
  const { lang, score, shares } = identifyLanguage(whole, hint)
  const { text: kept, quality, refusal } = rules.judge(whole, lang)
  if (isJudged && refusal !== undefined) return refusal
  const { text, counts } = rules.replacePersonalData(kept)
  if (text === '') return 'empty'
  if (!fitsBytes(text, columnTable.text.bytesMax)) return 'too_large'
  const named = (name: 'title' | 'author', value: string): string => cutCell(name, rules.replacePersonalData(value.toWellFormed()).text)
  return {
    id: contentId(text),
    text,
    title: named('title', foreign.title),
    author: foreign.author === null ? null : named('author', foreign.author),
    lang,
    lang_score: score,
    languages: shares,
    text_bytes: Buffer.byteLength(text),
    minhash: minhash(text),
    quality,
    personal_data: counts,
    licence: licence === undefined ? null : (licenceByValue(licence, url) ?? null),
  }
}
