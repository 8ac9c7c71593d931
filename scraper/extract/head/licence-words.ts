import type { LicenceSubject } from './licence-place.ts'

/** What a sentence that names a licence says of it. */
export interface LicenceSentence {
  /** What is under the licence, by the nearest noun that may be it; undefined when no such noun stands there. */
  subject: LicenceSubject | undefined
  /** It says that this page, or all there is on it, is under the licence, and not only that something is. */
  isNotice: boolean
  /** `Licensed under …`, without a word of what: where the page speaks of itself, that is the page. */
  isElliptic: boolean
  /** It denies it, or speaks of what may be one day. */
  isDenied: boolean
}

/** Nouns of what a licence may be of, in the languages of most licensed pages; a page's are those of its text. */
const pageNouns =
  'pages?|websites?|web ?sites?|sites?|webpages?|blogs?|weblogs?|wikis?|articles?|(?:blog ?)?posts?|texts?|contents?|documentation|docs|documents?|works?|books?|chapters?|tutorials?|stor(?:y|ies)|lessons?|courses?|materials?|reports?|papers?|publications?|essays?|guides?|handbooks?|manuals?|translations?|entr(?:y|ies)|answers?|questions?|contributions?|notes|transcripts?|' +
  'seiten?|webseiten?|artikel[ns]?|beitr[aä]ge?s?|inhalte?n?s?|werke?s?|texte?n?|dokumente?|' +
  'contenus?|œuvres?|textes?|billets?|' +
  'obras?|art[íi]culos?|textos?|contenidos?|entradas?|sitios?|p[áa]ginas?|' +
  'opera|opere|articol[oi]|test[oi]|contenut[oi]|pagin[ae]|sito|' +
  'artigos?|conte[úu]dos?|publica(?:ção|ções)|' +
  "pagina's|teksten?|inhoud|werk(?:en)?|berichten|" +
  'utw[oó]r\\p{L}*|tekst\\p{L}*|artyku[łl]\\p{L}*|tre[śs][ćc]\\p{L}*|stron\\p{L}*|serwis\\p{L}*|' +
  'произведени\\p{L}*|текст\\p{L}*|стать\\p{L}*|материал\\p{L}*|содерж\\p{L}*|страниц\\p{L}*|сайт\\p{L}*|контент\\p{L}*'
const pictureNouns =
  'photos?|photographs?|photographers?|photography|pictures?|pics?|images?|illustrations?|drawings?|paintings?|figures?|fig\\.|covers?|banners?|headers?|icons?|emojis?|avatars?|badges?|thumbnails?|textures?|logos?|artworks?|art|infographics?|diagrams?|screenshots?|videos?|films?|audio|recordings?|music|songs?|sounds?|podcasts?|flickr|unsplash|wikimedia commons|credits?|courtesy|' +
  'fotos?|fotografien?|bild(?:er|es)?|bildnachweis|titelbild|abbildung(?:en)?|grafik(?:en)?|aufnahmen?|' +
  'photographies?|im[aá]gen(?:es)?|fotograf[íi]as?|immagin[ei]|imagens?|afbeelding(?:en)?|foto.s|zdj[ęe]ci\\p{L}*|grafik[ai]|obraz\\p{L}*|фото\\p{L}*|изображени\\p{L}*|иллюстраци\\p{L}*|снимк?\\p{L}*'
const softwareNouns =
  'software(?! foundation)|programs?|programme|source|code|codes|scripts?|librar(?:y|ies)|plugins?|plug-ins?|themes?|templates?|apps?|applications?|packages?|frameworks?|engines?|tools?|crates?|modules?|apis?|binar(?:y|ies)|kernel|compilers?|powered by|runs on|built (?:with|on)|generated (?:by|with)|' +
  'programm(?:e|s)?|quellcodes?|quelltexte?|logiciels?|c[óo]digos?|programas?|codice|sorgente|broncode|programma.?s?|oprogramowani\\p{L}*|kod\\p{L}*|программ\\p{L}*|код\\p{L}*'
const otherNouns =
  'data|datasets?|data sets?|databases?|corpus|corpora|maps?|map data|fonts?|typefaces?|models?|weights|standards?|specifications?|openstreetmap|comments?|statistics|' +
  'daten|datens[aä]tz\\p{L}*|schriftart\\p{L}*|karten?|données|datos|mapas?|dati|dados|gegevens|dane|данны\\p{L}*|карт\\p{L}*'
const joined = String.raw`(?:,| and| &| und| et| y| e| en| i| и| или| or| oder)+ (?:all |the |alle |les |las |os |le )?`

const cue = new RegExp(
  [
    String.raw`(?<!\p{L})(?:(?<text>(?:${pageNouns})${joined}(?:${pictureNouns})|(?:${pictureNouns})${joined}(?:${pageNouns})|${pageNouns})|(?<image>${pictureNouns})|(?<software>${softwareNouns})|(?<other>${otherNouns}))(?!\p{L})`,
    String.raw`(?<cjkText>(?:本|当|此|该|該|この|全)(?:作品|文章|文|站|网站|網站|博客|页面?|頁面?|文档|文檔|书|書|教程|内容|サイト|ページ|記事|文書|ブログ|コンテンツ|著作|部落格)|文章|内容|內容|文字|テキスト|コンテンツ|記事|文書)`,
    String.raw`(?<cjkImage>图片|照片|圖片|图像|摄影|插图|写真|画像|イラスト|撮影|사진)`,
    String.raw`(?<cjkSoftware>软件|軟體|程序|程式|代码|代碼|源码|主题|ソフトウェア|ソース|コード|プログラム|テーマ)`,
    String.raw`(?<cjkOther>数据|數據|資料庫|データ|字体|フォント|评论|評論|コメント)`,
  ].join('|'),
  'giu',
)
/** `photos on this site` are photos. */
const placeBefore =
  /(?<!\p{L})(?:on|of|in|from|at|by|für|auf|von|aus|im|dans|sur|du|de la|de este|de esta|en|del|della|di|su|no|na|do|da|op|van|z|w|на|в|из|с)(?: (?:this|the|our|her|his|their|that|its|my|dieser|diesem|der|dem|ce|cette|cet|la|le|el|este|esta|il|deze|dit|tej|tym|этом|этой))?\s*$/iu
const determined = new RegExp(
  String.raw`(?<!\p{L})(?:this|these|our|my|diese[rsm]?|unsere|alle|mein|ce|cet|cette|ces|tous les|toutes les|est[ea]|estos|estas|todos los|todas las|tod[oa]s? [oa]s?|quest[oaie]|tutti i|tutte le|o presente|la presente|el presente|il presente|dit|deze|al(?:le)? de|ten|ta|to|te|niniejsz\p{L}*|wszystkie|эт[оаи]т?|данн\p{L}*|все)\s+(?:(?:blog|web|wiki|entire|whole|original|eigenen)\s+)?$|(?<!\p{L})quest['’]$|(?<!\p{L})this is an?\s+(?:[\p{L}-]+\s+){0,3}$|(?<!\p{L})(?:all|the|der|die|das|le|la|les|el|il|lo|i|o|os|de|het)\s+(?:(?:of|the|our|this|other|original|textual|written)\s+){0,2}$`,
  'iu',
)
/** Of another work, `the` and `all` may be said as well. */
const ownAlways = /^(?:this|these|our|my|die|cet?|est|quest|dit|deze|ten|ta|to|te|эт|данн|unser|mein|niniejsz)/iu
const wide =
  /^(?:pages?|websites?|sites?|blogs?|wikis?|articles?|(?:blog ?)?posts?|texts?|contents?|inhalte?n?|seiten?|artikel|beiträge|texte?n?|contenus?|textes?|contenidos?|textos?|artículos?|contenut[oi]|test[oi]|conteúdos?|artigos?|inhoud|teksten?|treś\p{L}+|tekst\p{L}*|текст\p{L}*|материал\p{L}*|содерж\p{L}*|контент\p{L}*|documentation|user contributions|contributions)/iu
const grant =
  /(?<!\p{L})(?:under|licen[sc]\p{L}*|released|dedicated|waived|republish\p{L}*|unter|lizenz\p{L}*|sous|licenci\p{L}*|bajo|licenza|distribuit\p{L}*|rilasciat\p{L}*|sob|licenciad\p{L}*|gelicen[sc]eerd|onder|licencj\p{L}*|на условиях|лиценз\p{L}*)(?!\p{L})|ライセンス|許諾|提供|许可|許可|授权|授權|协议|協議|条款|條款/iu
/** Between what is spoken of and a licence, where the licence is spoken of as well. */
const mention =
  /(?<!\p{L})(?:about|expla\p{L}+|compar\p{L}+|discuss\p{L}*|describ\p{L}+|how|why|whether|cho(?:ose|osing|ice|se)|such as|examples?|e\.g|unlike|quot\p{L}+|uses?|using|used|rel(?:y|ies)|based|adapted|deriv\p{L}+|includ\p{L}+|contains?|incorporates?|reproduc\p{L}+|introduc\p{L}+|from(?! this| our| the)|über|erklärt|sur|sobre|про|о том)(?!\p{L})/iu
const denied =
  /(?<!\p{L})(?:not|never|once|no longer|neither|nor|no|is ?n.t|are ?n.t|was ?n.t|does ?n.t|do ?n.t|can ?n?.t|cannot|without|instead of|rather than|unlike|formerly|previously|will be|would be|might be|could be|should be|used to be|plans? to|wants? to|intends? to|hopes? to|considers?|nicht|keine[rnsm]?|niemals|statt|n.est|ne sont|jamais|non|nunca|mai|não|nem|sin|senza|sem|sans|niet|geen|nie|не|без|ni)(?![\p{L}-])[^.;,:–—]{0,60}$|(?:不|未|没有|沒有|并非|非)(?:是|采用|採用|适用|適用|使用|以|在)?[^，。；、]{0,12}$/iu
const deniedAfter =
  /^(?:[^.;,:。]|\.(?=\d)){0,60}?(?<!\p{L})(?:(?:does|do|is|are) ?(?:not|n.t) (?:apply|cover|the licen|used|valid)|gilt nicht|no se aplica|ne s.applique pas)|^[^。；;]{0,40}?(?:ではありません|ではない|されていません|適用されません|不适用|不適用)/iu
/** What a licence does not cover, and `unless otherwise noted`, speak of neither what is covered nor against it. */
const exception =
  /(?<!\p{L})(?:except\p{L}*|unless|excluding|other than|apart from|but not|where otherwise|if not otherwise|save (?:where|for)|(?:sofern|soweit|wenn|falls|wo) nicht anders|außer|ausgenommen|sauf|hormis|excepto|salvo|a menos que|mientras no|eccetto|ove non|exceto|behalve|tenzij|o ile|z wyjątkiem|кроме|если не)(?!\p{L})[^,.:;()，。]{0,100}[,，]?|(?:除|若)[^，。]{0,20}(?:外|声明|聲明)[，,]?|特に[^、。]{0,20}(?:限り|場合)[、,]?/giu
const clauseChars = 400
const borders = /[|·•\n]|(?<=\p{L}{3}["”’)\]]{0,3})[.!?]\s+(?=["“(\p{Lu}])|[。！？；;]|,? (?:while|whereas|but) /gu

/**
 * @param before what stands in the block before the name of the licence, newest last
 * @param after what stands behind it
 */
export function licenceSentence(before: string, after: string): LicenceSentence {
  const clause = lastPiece(before.slice(-clauseChars))
  const rest = firstPiece(after.slice(0, clauseChars))
  const plain = clause.replace(exception, ' ')
  const cues = cuesIn(plain).filter(({ at, subject }) => subject !== 'software' || !/\s[–—-]\s/.test(plain.slice(at)))
  const [applied] = cuesIn(appliesTo.exec(rest)?.[1] ?? '')
  const nearest = applied ?? cues.at(-1) ?? cuesIn(rest.slice(0, afterChars))[0]
  const own = cues.findLast(({ isOwn }, i) => isOwn && cues.slice(i).every(({ subject }) => subject === 'page'))
  const between = own ? plain.slice(own.at) : ''
  const isNotice = own !== undefined && nearest?.subject === 'page' && between.length < noticeChars && grant.test(`${plain} ${rest}`) && !mention.test(between)
  const isElliptic = elliptic.test(plain) && cuesIn(before.slice(-clauseChars)).every(({ subject }) => subject === 'page')
  return { subject: nearest?.subject, isNotice, isElliptic, isDenied: denied.test(plain) || deniedAfter.test(rest) }
}
const noticeChars = 200
/** `… applies to the data`: what a licence is said to apply to goes before whatever stands before its name. */
const appliesTo = /(?<!\p{L})appl(?:y|ies) (?:only )?to ([^.;]{1,60})/iu
const elliptic =
  /^\P{L}*(?:licen[sc]ed|released|published|distributed|available|lizenziert|veröffentlicht|distribué|publié|publicado|distribuido|rilasciato)(?!\p{L})/iu
/** Of `CC BY photos by …`; what stands farther away is another matter. */
const afterChars = 25

interface Cue {
  at: number
  subject: LicenceSubject
  isOwn: boolean
}

function cuesIn(text: string): Cue[] {
  const cues: Cue[] = []
  for (const found of text.matchAll(cue)) {
    const { text: page, image, software, cjkText, cjkImage, cjkSoftware } = found.groups ?? {}
    const subject = page || cjkText ? 'page' : image || cjkImage ? 'image' : software || cjkSoftware ? 'software' : 'other'
    const before = text.slice(Math.max(0, found.index - 40), found.index)
    const isPlace = subject === 'page' && placeBefore.test(before) && cues.length > 0
    if (!isPlace) cues.push({ at: found.index, subject, isOwn: subject === 'page' && isOwn(found[0], before) })
  }
  return cues
}

/** `this book`, `all text`, `Content is`; `the book` may be another one. */
function isOwn(noun: string, before: string): boolean {
  if (/^[本当此该該こ全]/u.test(noun)) return true
  if (before.trim() === '') return wide.test(noun) || /^(?:文章|内容|內容|文字|テキスト|コンテンツ)/u.test(noun)
  const determiner = determined.exec(before)?.[0].trim()
  return determiner !== undefined && (ownAlways.test(determiner) || wide.test(noun))
}

function lastPiece(text: string): string {
  let start = 0
  for (const border of text.matchAll(borders)) start = border.index + border[0].length
  return text.slice(start)
}

function firstPiece(text: string): string {
  const end = text.search(borders)
  return end < 0 ? text : text.slice(0, end)
}
