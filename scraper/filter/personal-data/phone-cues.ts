/** Words for a telephone or its number. One with a colon or the dot of a shortened word names nothing else. */
const nouns = [
  'tel|tele?phone|phone|telephones|mobile|fax|telefax|whatsapp|viber|hotline|helpline|landline|toll[ -]?free|freephone|sms',
  'telefon|telefonnummer|mobil|mobiltelefon|mobilnummer|handy|handynummer|rufnummer|festnetz|durchwahl',
  'téléphone|tél|portable|télécopie|teléfono|teléfonos|tfno|tlfn?o?|móvil|celular|telefono|cellulare|telefone|telefones|telemóvel|fone|tlm',
  'telefoon|telefoonnummer|mobiel|tlf|tfn|telefonnummer|mobilnr|puhelin|matkapuhelin|sími|farsími|tālrunis|tālr|telefonas|faksas',
  'komórka|faks|telefonszám|mobitel|telefonul|telepon|telp|điện thoại|đt|sđt|di động|numer telefonu',
  'тел|телефон|телефона|телефону|телефоны|моб|мобильный|мобільний|мобилен|факс|сотовый|ватсап|горячая линия',
  'τηλ|τηλέφωνο|κινητό|φαξ|հեռ|ტელ|هاتف|الهاتف|تلفون|تليفون|جوال|الجوال|موبايل|فاكس|تلفن|موبایل|טלפון|טל|נייד|פקס|फ़ोन|फोन|मोबाइल|दूरभाष|ফোন|মোবাইল|โทร|โทรศัพท์|มือถือ',
].join('|')
/** Words that are others, too, where no mark stands behind them. */
const markedNouns = 'phones|cell(?:phone)?|ph|mob|fon|ruf|cel|gsm|puh|kom|cep|hp'
/** Where words stand against each other. */
const unspaced =
  '联系方式|聯絡方式|連絡先|電話|电话|手机|手機|携帯|座机|传真|傳真|专线|專線|热线|熱線|总机|總機|ファックス|ファクス|テレフォン|전화|휴대폰|핸드폰|휴대전화|연락처|팩스|โทร'
const signs = '[☎☏✆📞📱📲🕿📠🖷]\\ufe0f?'
const verbs =
  'call|dial|text|ring|appelez(?:[- ]nous)?|contactez(?:[- ]nous)?|joignable|llame|llamar|llámenos|llámanos|contáctenos|ligue|chiama|chiamare|chiamaci|contattaci|rufen|anrufen|bel|dzwoń|zadzwoń|звоните|звонить|позвоните|(?:my|our|your|his|her) number|reach|contact|kontakt|contacto|contato|контакты?'
const purposes =
  'support|sales|service|enquiries|inquiries|reservations?|bookings?|orders?|office|home|work|reception|main|direct|general|emergency|free|zentrale|büro|privat|centralino|standard|горячей линии|центр|редакции|для справок|κέντρο'
/** What may stand between a word and its number. */
const link =
  `(?: (?:${purposes})(?![\\p{L}\\p{N}]))?` +
  '(?:[ .-]{0,2}(?:numbers?|nos?|nr|num|nummer|numer|número|numéro|numero|номера?|is|lautet|line)(?![\\p{L}\\p{N}])\\.?| ?[#№]){0,2}(?: ?\\([^()\\d\\n]{1,20}\\))?(?: (?:us|me|him|her|them|sie|uns|an|ons|nous|now|today)){0,3}(?: (?:at|on|au|al|unter|op|via|pod|по|to))?(?: (?:the|le|numer|número|numéro|номеру))?'
const marks = '[\\s\\u00a0:：|*_"\'`=>.,/–—-]{0,6}[(（]?'

const noun = new RegExp(`(?<![\\p{L}\\p{N}])(?<!windows )(?:(?<word>${nouns})|${markedNouns})${link}(?<marks>${marks})$`, 'iu')
const verb = new RegExp(`(?<![\\p{L}\\p{N}])(?:${verbs})${link}[\\s\\u00a0:：*_"'(（–—-]{1,3}$`, 'iu')
const certain = new RegExp(
  `(?:(?:${signs}|(?:tel|sms):|wa\\.me/|whatsapp[^\\s]{0,40}phone=)${marks}|(?:${unspaced})(?:号码|號碼|番号|[号號])?(?<marks>${marks}))$`,
  'iu',
)
/** Another number of a list that began with one. */
const sibling = /\[phone\](?: ?[,;/|&] ?| (?:or|oder|ou|o|und|and|et|y|e|или|и|bzw\.) |或|和|、| ?--? ){1,2}$/iu

const lookBackChars = 64

/**
 * How surely what stands in front of a number says that it is one of a telephone: a word with a mark, a word, one that asks to call, the number before it
 * in a list.
 */
export type Cue = 'certain' | 'likely' | 'asked' | 'sibling' | 'none'

/** @param text with `[phone]` where numbers were replaced */
export function cueBefore(text: string): Cue {
  const near = text.slice(-lookBackChars)
  const sure = certain.exec(near)
  if (sure !== null) return surenessOf(sure.groups?.['marks'] ?? ':')
  const named = noun.exec(near)?.groups
  if (named !== undefined && isMarked(named['marks'] ?? '')) return 'certain'
  if (named?.['word'] !== undefined) return 'likely'
  if (verb.test(near)) return 'asked'
  return sibling.test(near) ? 'sibling' : 'none'
}

/** Behind a word of a script without spaces: on the next line may stand anything. */
const surenessOf = (between: string): Cue => (isMarked(between) ? 'certain' : between.includes('\n') ? 'asked' : 'likely')

const isMarked = (between: string): boolean => /[:：.|=]/.test(between)
