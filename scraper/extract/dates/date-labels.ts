import type { DateClaim } from './date-claims.ts'

/** Words, or their beginnings of seven letters, that stand before the date of a text, in the languages of date-months.ts. */
const publishedWords =
  'published publishing publication publicado publicada publicado publicación publicat publicerad publicerat publicatie publié publiée publicato pubblicato pubblicata pubblicazione publisert publiseret publiceret publikováno publikowano publikacja publiziert objavljeno objavleno posted postado postato written submitted released issued created added uploaded issue filed dated ' +
  'veröffentlicht veröffentlichung erschienen erstellt geschrieben eingestellt verfasst stand datum vom geplaatst gepubliceerd opublikowane opublikowano dodano dodane zveřejněno vydáno vloženo přidáno megjelent közzétéve létrehozva feltöltve ' +
  'julkaistu udgivet oprettet offentliggjort opprettet skrevet skapad yayınlanma yayınlandı yayın eklenme tarih tarihi опубликовано опубликована опубликован размещено размещена добавлено дата создано опубліковано публикувано објављено δημοσιεύτηκε δημοσίευση ' +
  'date fecha data dátum paru parution pubblicato creato inserito caricato postat adăugat ngày diterbitkan dipublikasikan dibuat objavljena opublikowany'
const updatedWords =
  'updated update updates modified revised edited reviewed changed aktualisiert aktualisierung geändert änderung bearbeitet überarbeitet modifié modifiée mise maj actualizado actualizada actualización modificado aggiornato aggiornata aggiornamento modificato modifica atualizado atualizada atualização ' +
  'bijgewerkt gewijzigd laatst zuletzt zaktualizowano aktualizacja aktualizováno aktualizace upraveno frissítve módosítva frissítés päivitetty muokattu oppdatert endret opdateret ændret uppdaterad uppdaterat ändrad обновлено обновлена обновлен изменено изменён оновлено güncelleme güncellendi güncellenme actualizat diperbarui ažurirano'
const stemChars = 7
const cjk =
  /(?:(公開|投稿|発表|掲載|配信|作成|发布|發布|发表|發表|刊登|日期|时间|時間|게시|등록|입력|작성|발행)|(更新|修正|改訂|修改|수정|변경|최종))[^\p{L}\p{N}]{0,3}(?:日時|日期|时间|時間|日|于|於|일시|일)?$/u
const kinds = new Map<string, DateClaim['kind']>()
for (const word of publishedWords.split(' ')) kinds.set(word.slice(0, stemChars), 'published')
for (const word of updatedWords.split(' ')) kinds.set(word.slice(0, stemChars), 'modified')

export interface DateLabel {
  kind: DateClaim['kind']
  /** As they stand before the date. */
  words: string
  /** Whether they can only speak of the page: `this page was last edited on`. */
  isOfPage: boolean
  /** Whether they may as well speak of a thing that the page is about: a book, a game. */
  isOfThing: boolean
}

const wordsMax = 3
const wordPattern = /[\p{L}\p{M}]+/gu
/** `this article`, `last`, `originally`: what tells a date of the page from one that the page tells of. */
const ofPage =
  /(?<!\p{L})(?:(?:this|the) (?:web ?)?(?:page|article|post|story|document|entry|site|website|file)|dies(?:e|er|es) (?:(?:web)?seite|artikel|beitrag|text|dokument)|(?:cette|cet|esta|este|questa|questo|deze|dit|denna|denne|ta|ten|эта|этот|ця) \p{L}{4,12}|last|latest|originally|zuletzt|letzte[nrs]?|ursprünglich|derni[eè]re?|[uú]ltim[ao]|laatst|senast|sidst|sist|viimeksi|ostatni\p{L}{0,3}|posledn\p{L}{1,2}|utolsó|utoljára|последн\p{L}{2}|остан\p{L}{2,3}|τελευταία|son|terakhir)(?!\p{L})|最終|最后|最後|마지막|최종/iu
const thingStem = 'release'

/** What the words before a date say it is, the nearest first; undefined when they say nothing. */
export function dateLabel(before: string): DateLabel | undefined {
  const words = before.match(wordPattern)
  if (!words) return undefined
  const said = words.join(' ')
  const label = (kind: DateClaim['kind'], stem = ''): DateLabel => ({ kind, words: said, isOfPage: ofPage.test(said), isOfThing: stem === thingStem })
  for (let i = words.length - 1; i >= Math.max(0, words.length - wordsMax); i--) {
    const word = words[i]?.toLowerCase() ?? ''
    const stem = word.length > stemChars ? word.slice(0, stemChars) : word
    const kind = kinds.get(stem)
    if (kind) return label(kind, stem)
  }
  const match = cjk.exec(before.trimEnd())
  return match ? label(match[2] === undefined ? 'published' : 'modified') : undefined
}
