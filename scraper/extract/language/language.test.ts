import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { openLanguages, type Language } from './language.ts'
import { words } from '../text/words.ts'

const samples = {
  en: 'The committee met on Tuesday to decide how the new library should be paid for, and nobody could agree.',
  de: 'Der Ausschuss traf sich am Dienstag, um zu entscheiden, wie die neue Bibliothek bezahlt werden soll.',
  fr: 'Le comité s’est réuni mardi pour décider comment payer la nouvelle bibliothèque de la ville.',
  es: 'El comité se reunió el martes para decidir cómo se debe pagar la nueva biblioteca de la ciudad.',
  it: 'Il comitato si è riunito martedì per decidere come pagare la nuova biblioteca della città.',
  pt: 'A comissão reuniu-se na terça-feira para decidir como pagar a nova biblioteca da cidade.',
  nl: 'De commissie kwam dinsdag bijeen om te beslissen hoe de nieuwe bibliotheek betaald moet worden.',
  sv: 'Kommittén träffades i tisdags för att besluta hur det nya biblioteket ska betalas.',
  fi: 'Valiokunta kokoontui tiistaina päättämään, miten uusi kirjasto pitäisi maksaa.',
  pl: 'Komitet spotkał się we wtorek, aby zdecydować, jak zapłacić za nową bibliotekę.',
  cs: 'Výbor se sešel v úterý, aby rozhodl, jak bude zaplacena nová knihovna ve městě.',
  hu: 'A bizottság kedden ült össze, hogy eldöntse, hogyan fizessék ki az új könyvtárat.',
  ro: 'Comitetul s-a întâlnit marți pentru a decide cum va fi plătită noua bibliotecă a orașului.',
  tr: 'Komite salı günü yeni kütüphanenin parasının nasıl ödeneceğine karar vermek için toplandı.',
  vi: 'Ủy ban đã họp vào thứ Ba để quyết định cách thanh toán cho thư viện mới của thành phố.',
  ru: 'Комитет собрался во вторник, чтобы решить, как оплатить новую городскую библиотеку.',
  uk: 'Комітет зібрався у вівторок, щоб вирішити, як оплатити нову міську бібліотеку.',
  el: 'Η επιτροπή συνεδρίασε την Τρίτη για να αποφασίσει πώς θα πληρωθεί η νέα βιβλιοθήκη.',
  ar: 'اجتمعت اللجنة يوم الثلاثاء لتقرر كيف سيتم دفع تكاليف المكتبة الجديدة في المدينة.',
  fa: 'کمیته روز سه‌شنبه تشکیل جلسه داد تا تصمیم بگیرد هزینه کتابخانه جدید چگونه پرداخت شود.',
  he: 'הוועדה התכנסה ביום שלישי כדי להחליט איך ישולם על הספרייה החדשה בעיר.',
  hi: 'समिति की बैठक मंगलवार को हुई ताकि यह तय किया जा सके कि नए पुस्तकालय का भुगतान कैसे हो।',
  th: 'คณะกรรมการประชุมกันในวันอังคารเพื่อตัดสินใจว่าจะจ่ายค่าห้องสมุดใหม่ของเมืองอย่างไร',
  ja: '委員会は火曜日に集まり、新しい図書館の費用をどのように支払うかを決めた。',
  ko: '위원회는 화요일에 모여 새 도서관의 비용을 어떻게 지불할지 결정했다.',
  zh: '委员会星期二开会，决定新图书馆的费用应该如何支付，但是没有人同意。',
}

const identify = await openLanguages()

describe('the language of a text', () => {
  test.each(Object.entries(samples))('%s is told by one sentence', (lang, text) => {
    const found = identify(text, undefined)
    expect(found).toMatchObject({ lang, shares: { [lang]: 1 } })
    expect(found.score).toSatisfy((score: number) => score > 0.4 && score <= 1)
  })
  test('is not what the page says of itself against the text', () => expect(identify(samples.en, 'de-DE').lang).toBe('en'))
  describe('of close relatives', () => {
    const serbian =
      'Seoski mlin je radio celu noć, a ujutru su žene iz obližnjih kuća došle po brašno i donele vruć hleb, mleko i sir.\n\nReka je te godine bila niska, pa je vodenica stajala nedeljama i niko nije znao kada će opet da krene.'
    const bosnian =
      'Mlinar je cijelu noć radio, a ujutro su žene iz obližnjih kuća došle po brašno i donijele vruć hljeb, mlijeko i sir.\n\nRijeka je te godine bila niska, pa je mlin stajao sedmicama i niko nije znao kad će opet krenuti.'
    const malay =
      'Pengisar itu membuka pintu air apabila air pasang surut, lalu roda mula berputar perlahan-lahan. Kanak-kanak berlari ke tebing untuk melihatnya, dan orang tua duduk di hadapan rumah sambil bercerita.'
    const nynorsk =
      'Møllaren opna luka då tidvatnet snudde, og hjulet byrja å gå rundt medan borna sprang ned til elva for å sjå på. Dei gamle sat framfor husa sine og snakka om korleis det hadde vore før.'
    const asturian =
      'El molineru abrió la compuerta cuando baxó la marea y la rueda entamó a dar vueltes adulces. Los neños corrieron pa la oriella a velo, y los vieyos taben sentaos delantre de les cases falando de la collecha.'
    const galician =
      'O muiñeiro abriu a comporta cando baixou a marea e a roda comezou a xirar amodo. Os nenos correron á beira para velo, e os vellos sentaban diante das casas falando da colleita deste ano.'
    test.each([
      ['sr', serbian],
      ['sr-Latn-RS', serbian],
      ['cnr', serbian],
      ['bs', bosnian],
      ['hr', bosnian],
      ['ms-MY', malay],
      ['nn', nynorsk],
      ['nb-NO', nynorsk],
      ['ast', asturian],
      ['gl', galician],
    ])('is what the page says: %s', (hint, text) => {
      const lang = { cnr: 'sr', 'nb-NO': 'no' }[hint] ?? hint.split('-')[0]
      const found = identify(text, hint)
      expect(found).toMatchObject({ lang, shares: { [String(lang)]: expect.closeTo(1, 0) } })
      expect(found.score).toBeGreaterThan(0.4)
    })
    test('is one of them where it says nothing', () => {
      expect(['hr', 'sr', 'bs']).toContain(identify(serbian, undefined).lang)
      expect(['hr', 'sr', 'bs']).toContain(identify(bosnian, 'sh').lang)
      expect(['id', 'ms']).toContain(identify(malay, undefined).lang)
    })
    test('is what the text says where they are told apart', () => {
      expect(identify(samples.cs, 'sk').lang).toBe('cs')
      expect(identify(samples.nl, 'af').lang).toBe('nl')
      expect(identify(samples.uk, 'ru').lang).toBe('uk')
      expect(identify(samples.es, 'ast').lang).toBe('es')
    })
  })
  test('tells what the page said', () => {
    expect([undefined, 'en-GB', 'de', 'xx', '', '<b>'].map((hint) => identify(samples.en, hint).hint)).toEqual([
      'none',
      'agrees',
      'refuted',
      'refuted',
      'none',
      'none',
    ])
    expect(identify('Odbor se sastao u utorak kako bi odlučio kako će biti plaćena nova zgrada u gradu.', 'sr').hint).toBe('chose')
  })
  test.each([
    ['iw', samples.he, 'he'],
    ['eng', samples.en, 'en'],
    ['zh-Hant-TW', samples.zh, 'zh'],
    ['cmn', samples.zh, 'zh'],
    ['no', 'Møllaren opna luka då tidvatnet snudde, og hjulet byrja å gå rundt.', 'no'],
  ])('is named as the model names it: %s', (hint, text, lang) => expect(identify(text, hint).lang).toBe(lang))
  test('is the same in capitals', () => expect(identify(samples.en.toUpperCase(), undefined).lang).toBe('en'))
  test('does not depend on code and figures between', () => {
    const code = 'const x = foo(bar, 12); if (x > y) return baz[qux];\n'.repeat(4)
    expect(identify(`${samples.de}\n\n${code}\n\n${samples.de}\n\n| 12 | 14 | 99.5 |`, undefined).lang).toBe('de')
  })
  test.each([
    ['short', 'Hello there'],
    ['code', 'const x = foo(bar, 12); if (x > y) return baz[qux]; let w = x + y * z - foo(w); export default { a, b, c, d, e, f };'],
    ['figures', '12 14 16 | 18 20 22 | 1,000,000.00 | 2024-01-01 | 99.9 %'],
    ['nothing', ''],
  ])('is und: %s', (_, text) => expect(identify(text, undefined)).toEqual({ lang: 'und', score: 0, shares: {}, hint: 'none' }))
  test('is und where two are mixed, with the share of each', () => {
    expect(identify(`${samples.en}\n\n${samples.de}`, undefined)).toEqual({ lang: 'und', score: 0, shares: { de: 0.5, en: 0.5 }, hint: 'none' })
  })
  test('is that of the greater part, with the share of the smaller', () => {
    const { lang, shares } = identify([samples.ru, samples.ru, samples.ru, samples.ru, samples.en].join('\n\n'), undefined)
    expect(lang).toBe('ru')
    expect(shares['en']).toBeGreaterThan(0.1)
  })
  test('takes places all over a long text', () => {
    const { shares } = identify(`${`${samples.en}\n`.repeat(5000)}${`${samples.fr}\n`.repeat(5000)}`, undefined)
    expect(shares).toMatchObject({ en: expect.closeTo(0.5, 1), fr: expect.closeTo(0.5, 1) })
  })
  test('is the same in another thread', async () => {
    const code = `import { parentPort } from 'node:worker_threads'
      const { openLanguages } = await import(${JSON.stringify(new URL('./language.ts', import.meta.url).href)})
      const identify = await openLanguages()
      parentPort.postMessage(${JSON.stringify(Object.values(samples))}.map((text) => identify(text, undefined)))`
    const { promise, resolve, reject } = Promise.withResolvers<Language[]>()
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`)).on('message', resolve).on('error', reject)
    const found = await promise.finally(() => worker.terminate())
    expect(found).toEqual(Object.values(samples).map((text) => identify(text, undefined)))
  })
})

test('words are cut by white space, and by dictionaries where a script has none', () => {
  expect(words(' one  two\nthree-four ')).toEqual(['one', 'two', 'three-four'])
  expect(words(samples.zh).length).toBeGreaterThan(10)
  expect(words(samples.th).length).toBeGreaterThan(10)
})
test('a text without end costs no more dictionary than a long one', () => expect(words('图书馆'.repeat(100_000)).length).toBeGreaterThan(100_000))
