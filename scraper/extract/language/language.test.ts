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
  test('is what the page says where relatives are close', () => {
    const text = 'Odbor se sastao u utorak kako bi odlučio kako će biti plaćena nova zgrada u gradu.'
    expect(['hr', 'sr-Latn-RS', undefined].map((hint) => identify(text, hint).lang)).toEqual(['hr', 'sr', 'hr'])
  })
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
  ])('is und: %s', (_, text) => expect(identify(text, undefined)).toEqual({ lang: 'und', score: 0, shares: {} }))
  test('is und where two are mixed, with the share of each', () => {
    expect(identify(`${samples.en}\n\n${samples.de}`, undefined)).toEqual({ lang: 'und', score: 0, shares: { de: 0.5, en: 0.5 } })
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
