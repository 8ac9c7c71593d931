import { describe, expect, test } from 'vitest'
import { openRepair } from './mojibake.ts'

const repaired = (text: string): string => openRepair(text)(text).text
/** The text as it comes out when its UTF-8 is read in another charset, that many times. */
const misread = (text: string, charset: string, times = 1): string =>
  times === 0 ? text : misread(new TextDecoder(charset).decode(Buffer.from(text)), charset, times - 1)

const sentences = {
  french: 'Le meunier a levé la vanne à marée haute ; « il est déjà tôt », dit l’enfant émerveillé.',
  german: 'Die Mühle läuft, sobald das Wasser fällt – größer als früher, sagt der Müller Jörg.',
  polish: 'Młynarz otworzył śluzę, gdy nadeszła noc, a koło zaczęło się kręcić — bardzo powoli.',
  turkish: 'Değirmenci kapağı açtı, çark yavaşça dönmeye başladı ve köylüler şarkı söyledi.',
  russian: 'Мельник открыл заслонку, и колесо медленно повернулось под тяжестью воды.',
  greek: 'Ο μυλωνάς άνοιξε τη θύρα και ο τροχός άρχισε να γυρίζει αργά.',
  hebrew: 'הטוחן פתח את הסכר והגלגל התחיל להסתובב לאט.',
  arabic: 'فتح الطحان البوابة فبدأت العجلة تدور ببطء.',
  hindi: 'चक्की वाले ने फाटक खोला और पहिया धीरे धीरे घूमने लगा।',
  thai: 'คนโรงสีเปิดประตูน้ำ แล้วกังหันก็ค่อยๆ หมุน',
  japanese: '粉屋が水門を開けると、水車はゆっくりと回り始めた。',
  korean: '방앗간 주인이 수문을 열자 물레방아가 천천히 돌기 시작했다.',
  vietnamese: 'Người thợ xay mở cửa cống và bánh xe bắt đầu quay chậm rãi.',
  emoji: 'The tide turned 🌊🙂 and ❤️ it did – “slowly”…',
}

describe('a text is right again that was misread', () => {
  test.each(Object.entries(sentences))('once, in windows-1252: %s', (_, text) => expect(repaired(misread(text, 'windows-1252'))).toBe(text))
  test.each(Object.entries(sentences))('twice: %s', (_, text) => expect(repaired(misread(text, 'windows-1252', 2))).toBe(text))
  test.each([
    ['windows-1251', 'french'],
    ['windows-1251', 'russian'],
    ['windows-1250', 'polish'],
    ['windows-1250', 'german'],
    ['windows-1254', 'turkish'],
    ['windows-1253', 'greek'],
    ['windows-1257', 'german'],
    ['macintosh', 'french'],
    ['koi8-r', 'russian'],
    ['ibm866', 'russian'],
  ] as const)('in %s: %s', (charset, name) => expect(repaired(misread(sentences[name], charset))).toBe(sentences[name]))
  test.each([
    ['doesnâ€™t', 'doesn’t'],
    ['doesnÃ¢â‚¬â„¢t', 'doesn’t'],
    ['doesnÂ’t', 'doesn’t'],
    ['doesn\x92t', 'doesn’t'],
    ['NicolÃ¡s', 'Nicolás'],
    ['Ã–sterreich', 'Österreich'],
    ['ZURÃœCK', 'ZURÜCK'],
    ['Ä°stanbul', 'İstanbul'],
    ['20Â°C for Â£5', '20°C for £5'],
    ['âœ” done', '✔ done'],
    ['10Î¼m', '10μm'],
    ['Ningboï¼ŒChina', 'Ningbo，China'],
    ['í\xa0½í¸\x80', '😀'],
    ['Le mГ©dicament', 'Le médicament'],
    ['the wei√ües', 'the weißes'],
    ['caf├⌐s', 'cafés'],
    ['twiceÂ or thrice,Â and', 'twice or thrice, and'],
    ['voilÃ le moulin', 'voilà le moulin'],
    ['ï»¿The mill', '\ufeffThe mill'],
  ])('%s', (text, right) => expect(repaired(text)).toBe(right))
  test('beside text that is right', () => expect(repaired('Déjà vu\nCafÃ© crème\nMARQUÉ…')).toBe('Déjà vu\nCafé crème\nMARQUÉ…'))
  test('beside certain ones, where it might be meant', () => {
    expect(repaired('jusquâ€™Ã€ lâ€™Ã©tÃ© OÃ™ lâ€™on va Ã la mer')).toBe('jusqu’À l’été OÙ l’on va à la mer')
    expect(repaired('OÃ™ ON VA')).toBe('OÃ™ ON VA')
  })
  test('as a whole, where all of a line but its ASCII is made of such sequences', () => {
    const [words, wrong] = ['Wò mɛn nun bɔ, ɛ yo fɛ mò', misread('Wò mɛn nun bɔ, ɛ yo fɛ mò', 'windows-1252')]
    expect(repaired(wrong)).toBe(words)
    expect(repaired(`${wrong}\nÉ… MARQUÉ” – câ€™est`)).toBe(`${words}\nÉ… MARQUÉ” – c’est`)
  })
  test('in a name, by what the page says', () => {
    expect(openRepair(misread(sentences.french, 'windows-1252'))('IRMÃ™').text).toBe('IRMÙ')
    expect(openRepair('plain')('IRMÃ™').text).toBe('IRMÃ™')
  })
})

describe('a text stays as it is', () => {
  test.each([
    ...Object.values(sentences),
    'PARCE QU’IL Y A MARQUÉ… NESTLÉ® ET CITRÖN™',
    'Charlotte Brontë…” she said',
    'ESSE CARA É¿ NÃO, MANHÃ–TARDE, IRMÃ’S',
    'a lot of Ã’s',
    'C O N C L U S Ã O',
    'YN GYDRADD Â’I GILYDD, Â RHESWM',
    'CÂ\xa0A, JUDÂ ',
    '4×£35, 4288×…, 2012—∞, a radius of 10 Å—',
    'SELKÄ\xa0EDELLÄ\xa0MAAHAN',
    'HÅØYA ER BLÅØYD; MÄ£ÄM',
    'ВІКІ, лінії, змії, РІСІ',
    'ПоздравЂаво, њишљење',
    'В\xa0начале «В» было',
    '√π, x ± √2, ∆° and ¬´',
    '├┤a┼┐a┼┐a ─── ┌─┐',
    'o¬ô `¬´ lá´´ Õ… Ôôô',
    'Η ¨ανατροφή¨ Ξένος…',
    'Con lo spirito ammaccato,\xa0è come',
    'Åse „Zürich“ à–b',
  ])('%s', (text) => expect(openRepair(text)(text)).toEqual({ text, repaired: 0, left: 0 }))
  test('that speaks of charsets and shows what becomes of them', () => {
    const page = `${'How mojibake comes about is soon told, when the words are read in another way than they were written. '.repeat(4)}Thus é becomes Ã© in it.`
    expect(openRepair(page)(page)).toEqual({ text: page, repaired: 0, left: 2 })
  })
})

test('what was misread is counted, and what is lost', () => {
  expect(openRepair('Ã©tÃ© \ufffd')('Ã©tÃ© \ufffd')).toEqual({ text: 'été \ufffd', repaired: 4, left: 1 })
  expect(openRepair('锟斤拷')('锟斤拷').left).toBe(3)
})

test('no text makes it slow', () => {
  for (const piece of ['Ã', 'Ã©', 'â€', 'Ð', 'Ð¿', 'ÃƒÂ', 'п', 'рџ', 'í\xa0½', ' Ã ', 'Ã©\n', '\x80', 'â€\ufffd']) {
    const text = piece.repeat(300_000 / piece.length)
    expect(openRepair(text)(text).text.length).toBeLessThanOrEqual(text.length)
  }
})
