import type { DateClaim } from './date-claims.ts'

/** Words, or their beginnings of seven letters, that stand before the date of a text, in the languages of date-months.ts. */
const publishedWords =
  'published publishing publication publicado publicada publicado publicación publicat publicerad publicerat publicatie publié publiée publicato pubblicato pubblicata pubblicazione publisert publiseret publiceret publikováno publikowano publikacja publiziert objavljeno objavleno posted postado postato written submitted released issued created added uploaded issue filed dated ' +
  'veröffentlicht veröffentlichung erschienen erstellt geschrieben eingestellt verfasst stand datum vom geplaatst gepubliceerd opublikowane opublikowano dodano dodane zveřejněno vydáno vloženo přidáno megjelent közzétéve létrehozva feltöltve ' +
  'julkaistu udgivet oprettet offentliggjort opprettet skrevet skapad yayınlanma yayınlandı yayın eklenme tarih tarihi опубликовано опубликована опубликован размещено размещена добавлено дата создано опубліковано публикувано објављено δημοσιεύτηκε δημοσίευση ' +
  'date fecha data dátum paru parution pubblicato creato inserito caricato postat adăugat ngày diterbitkan dipublikasikan dibuat objavljena opublikowany'
const updatedWords =
  'updated update updates modified revised edited reviewed changed aktualisiert aktualisierung geändert änderung bearbeitet überarbeitet modifié modifiée modification mise maj actualizado actualizada actualización modificado aggiornato aggiornata aggiornamento modificato modifica editó editada editado edytowano bewerkt redigerades atualizado atualizada atualização ' +
  'bijgewerkt gewijzigd laatst zuletzt zaktualizowano aktualizacja aktualizováno aktualizace upraveno frissítve módosítva frissítés päivitetty muokattu oppdatert endret opdateret ændret uppdaterad uppdaterat ändrad обновлено обновлена обновлен отредактирована отредактировано изменена изменено изменён оновлено güncelleme güncellendi güncellenme actualizat diperbarui ažurirano'
/** Of the visit, of a copy, of something that the page is about. */
const otherWords =
  'generated generiert généré generato generado printed gedruckt rendered built retrieved accessed abgerufen consulté consultado consultato downloaded archived cached visited today heute aujourd hoy oggi hoje сегодня vandaag dziś bugün idag dnes now jetzt expires expiry until bis valid gültig born geboren née nacido died gestorben since seit starts begins ends license licence version example examples beispiel exemple ejemplo esempio exemplo returns ergibt renvoie devuelve deadline'
/** They name a date, and leave open which. */
const nouns = new Set(['date', 'datum', 'fecha', 'data', 'dátum', 'tarih', 'tarihi', 'дата', 'ngày', 'stand', 'vom', 'on', 'am', 'le', 'den'])
const stemChars = 7
const cjk =
  /(?:(公開|投稿|発表|掲載|配信|作成|发布|發布|发表|發表|刊登|日期|(?<!\p{L})时间|(?<!\p{L})時間|게시|등록|입력|작성|발행)|(更新|修正|修订|修訂|改訂|修改|수정|변경|최종))[^\p{L}\p{N}]{0,3}(?:日時|日期|时间|時間|日|于|於|일시|일)?$/u
const kinds = new Map<string, DateLabel['kind']>()
for (const word of publishedWords.split(' ')) kinds.set(word.slice(0, stemChars), 'published')
for (const word of updatedWords.split(' ')) kinds.set(word.slice(0, stemChars), 'modified')
for (const word of otherWords.split(' ')) kinds.set(word.slice(0, stemChars), 'other')

export interface DateLabel {
  /** `other`: of the visit, or of something else than the page. */
  kind: DateClaim['kind'] | 'other'
  /** As they stand before the date. */
  words: string
  /** Whether they can only speak of the page: `this page was last edited on`. */
  isOfPage: boolean
  /** Whether they may as well speak of a thing that the page is about: a book, a game. */
  isOfThing: boolean
  /** Whether it stands right before the date, as labels do that begin with a capital. */
  isNear: boolean
}

/** Words before a date that are looked at, and of a phrase that can only speak of the page. */
const wordsMax = 3
const phraseMax = 8
const wordPattern = /[\p{L}\p{M}]+/gu
/** `this article`, `last`, `originally`: what tells a date of the page from one that the page tells of. */
const ofPage =
  /(?<!\p{L})(?:(?:this|the) (?:web ?)?(?:page|article|post|story|document|entry|file)|dies(?:e|er|es) (?:(?:web)?seite|artikel|beitrag|text|dokument)|(?:cette|cet|esta|este|questa|questo|deze|dit|denna|denne|ta|tę|ten|эта|этот|ця) \p{L}{4,12}|last|latest|originally|zuletzt|letzte[nrs]?|ursprünglich|derni[eè]re?|[uú]ltim[ao]|laatst|senast|sidst|sist|viimeksi|ostatni\p{L}{0,3}|posledn\p{L}{1,2}|utolsó|utoljára|последн\p{L}{2}|остан\p{L}{2,3}|τελευταία|son|terakhir)(?!\p{L})|最終|最后|最後|마지막|최종/iu
const thingStem = 'release'
const nearLabel = /(?<![\p{L}\p{M}])\p{Lu}[\p{L}\p{M}]{3,20}\s?(?:on|am|le|el|il|em|op|den|dne)?\s?:?\s{0,2}$/u

/**
 * What the words before a date say it is, the nearest first; undefined when they say nothing.
 * @param isLeading whether other words may stand between: then a noun like `date` says nothing
 */
export function dateLabel(before: string, isLeading = false): DateLabel | undefined {
  const words = before.match(wordPattern)
  if (!words) return undefined
  const said = words.join(' ')
  const isOfPage = ofPage.test(said)
  const isNear = nearLabel.test(before)
  const label = (kind: DateLabel['kind'], stem = ''): DateLabel => ({
    kind,
    words: said,
    isOfPage: isOfPage && kind !== 'other',
    isOfThing: stem === thingStem,
    isNear: isNear && stem !== '' && stem !== thingStem,
  })
  let noun: DateLabel | undefined
  for (const word of words.slice(isOfPage ? -phraseMax : -wordsMax).toReversed()) {
    const lower = word.toLowerCase()
    const stem = lower.length > stemChars ? lower.slice(0, stemChars) : lower
    const kind = kinds.get(stem)
    if (kind && !nouns.has(lower)) return label(kind, stem)
    // Between it and the date there is a day of the week at most.
    if (kind && !isLeading && words.indexOf(word) >= words.length - 2) noun ??= label(kind)
  }
  if (noun) return noun
  const match = cjk.exec(before.trimEnd())
  return match ? label(match[2] === undefined ? 'published' : 'modified') : undefined
}
