/** Words for a telephone, its number, or what one does with it. One that is shortened by a dot, or has a colon, names nothing else. */
const nouns = [
  'tel|tele?phones?|phones?|ph|cell(?:phone)?|mobile|mob|fax|telefax|whatsapp|viber|hotline|helpline|landline|toll[ -]?free|freephone|sms',
  'telefon|telefonnummer|fon|mobil|mobiltelefon|mobilnummer|handy|handynummer|rufnummer|festnetz|durchwahl|ruf',
  'téléphone|tél|portable|télécopie|teléfono|teléfonos|tfno|tlfn?o?|móvil|celular|cel|telefono|cellulare|telefone|telefones|telemóvel|fone|tlm',
  'telefoon|telefoonnummer|mobiel|gsm|tlf|tfn|telefonnummer|mobilnr|puh|puhelin|matkapuhelin|sími|farsími|tālrunis|tālr|telefonas|faksas',
  'komórka|kom|faks|telefonszám|telefax|cep|mobitel|telefonul|telepon|telp|hp|điện thoại|đt|sđt|di động|numer telefonu',
  'тел|телефон|телефона|телефону|телефоны|моб|мобильный|мобільний|мобилен|факс|сотовый|ватсап|горячая линия',
  'τηλ|τηλέφωνο|κινητό|φαξ|հեռ|ტელ|هاتف|الهاتف|تلفون|تليفون|جوال|الجوال|موبايل|فاكس|تلفن|موبایل|טלפון|טל|נייד|פקס|फ़ोन|फोन|मोबाइल|दूरभाष|ফোন|মোবাইল|โทร|โทรศัพท์|มือถือ',
].join('|')
/** Where words stand against each other. */
const unspaced = '電話|电话|手机|手機|携帯|座机|传真|傳真|热线|熱線|号码|號碼|番号|ファックス|ファクス|テレフォン|전화|휴대폰|핸드폰|휴대전화|연락처|팩스|โทร'
const signs = '[☎☏✆📞📱📲🕿📠🖷]\\ufe0f?'
const verbs = 'call|dial|text|ring|appelez|llame|llamar|ligue|chiama|chiamare|rufen|anrufen|bel|dzwoń|zadzwoń|звоните|звонить|позвоните|ара'
/** What may stand between a word and its number. */
const link =
  '(?:[ .-]{0,2}(?:numbers?|nos?|nr|num|nummer|numer|número|numéro|numero|номера?|is|lautet|line)(?![\\p{L}\\p{N}])\\.?| ?[#№]){0,2}(?: ?\\([^()\\d\\n]{1,20}\\))?(?: (?:us|me|him|her|them|uns|nous|now|today))?(?: (?:at|on|under|au|al|unter|via|по|to))?(?: (?:the|le|número|número|numéro|номеру))?'
const marks = '[\\s\\u00a0:：|*_"\'`=>.,/–—-]{0,6}[(（]?'

const noun = new RegExp(`(?<![\\p{L}\\p{N}])(?<!windows )(?<word>${nouns})${link}(?<marks>${marks})$`, 'iu')
const verb = new RegExp(`(?<![\\p{L}\\p{N}])(?:${verbs})${link}(?<marks>[\\s\\u00a0:：*_"'(（–—-]{1,3})$`, 'iu')
const certain = new RegExp(`(?:${unspaced}|${signs}|(?:tel|sms):|wa\\.me/|whatsapp[^\\s]{0,40}phone=)(?:号|號)?${marks}$`, 'iu')
/** Another number of a list that began with one. */
const sibling = /\[phone\](?: ?[,;/|&] ?| (?:or|oder|ou|o|und|and|et|y|e|или|и|bzw\.) |或|和|、| ?- ){1,2}$/iu

const lookBackChars = 64

/** How surely what stands in front of a number says that it is one of a telephone. */
export type Cue = 'certain' | 'likely' | 'asked' | 'sibling' | 'none'

/** @param text with placeholders where numbers were replaced */
export function cueBefore(before: string): Cue {
  const near = before.slice(-lookBackChars)
  if (certain.test(near)) return 'certain'
  const { word = '', marks: between = '' } = noun.exec(near)?.groups ?? {}
  if (word !== '') return /[:：.|=\n]/.test(between) ? 'certain' : 'likely'
  if (verb.test(near)) return 'asked'
  return sibling.test(near) ? 'sibling' : 'none'
}
