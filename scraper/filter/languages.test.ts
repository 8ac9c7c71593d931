import { describe, expect, test } from 'vitest'
import { qualitySettings, type QualityChoice } from '#schemas/quality.ts'
import { endsInPunctuation } from './line-end.ts'
import { openQuality } from './quality.ts'

const judge = (text: string, lang: string, choice: QualityChoice = {}) => openQuality(qualitySettings(choice)).judge(text, lang)
const refusalOf = (text: string, lang: string) => judge(text, lang).refusal
const numbered = (count: number, word: (n: number) => string): string => Array.from({ length: count }, (_, n) => word(n)).join(' ')
const letters = (n: number): string => String.fromCharCode(97 + (n % 26), 97 + (Math.floor(n / 26) % 26))

const only = (set: QualityChoice): QualityChoice => ({ gopher_quality: { enabled: false }, gopher_repetition: { enabled: false }, ...set })

describe('stop words', () => {
  test.each([
    ['en', 'the', 'of'],
    ['de', 'und', 'die'],
    ['ru', 'и', 'в'],
    ['ar', 'في', 'من'],
    ['el', 'και', 'το'],
    ['hi', 'के', 'में'],
    ['tr', 've', 'bir'],
    ['sr', 'и', 'je'],
  ])('are those of the language: %s', (lang, one, two) => {
    const names = numbered(80, (n) => `abcd${letters(n)}`)
    expect(refusalOf(names, lang)).toBe('gopher_no_stop_words')
    expect(refusalOf(`${names} ${one}`, lang)).toBe('gopher_no_stop_words')
    expect(refusalOf(`${names} ${one} ${two.toUpperCase()}`, lang)).toBeUndefined()
  })
  test('are cut out by dictionaries where a script has no spaces', () => {
    const chinese =
      '潮水退去之后磨坊主打开了闸门，水轮在水的重量下转动起来，村里的人都听到了石磨的声音，孩子们跑到堤坝上去看，老人们坐在门前谈论今年的收成和海上的风浪，谁也不急着回家。从前这里有十几座这样的磨坊，如今只剩下这一座还在工作，每逢周末都有志愿者来照看它。'
    const thai =
      'เมื่อน้ำลงคนโรงสีก็เปิดประตูน้ำและกังหันก็ค่อยๆ หมุนไปตามน้ำหนักของน้ำ เด็กๆ วิ่งไปที่เขื่อนเพื่อดู ส่วนคนแก่นั่งคุยกันเรื่องการเก็บเกี่ยวในปีนี้ และไม่มีใครรีบกลับบ้าน เพราะเสียงของหินโม่นั้นไพเราะและเย็นสบายใจ'
    expect(judge(chinese, 'zh').refusal).toBeUndefined()
    expect(judge(thai, 'th').refusal).toBeUndefined()
    expect(judge(thai, 'th').quality['stop_words']).toBeGreaterThan(3)
  })
  test.each(['ko', 'eu', 'kl', 'und'])('are not asked of a language without a list: %s', (lang) => {
    expect(
      refusalOf(
        numbered(80, (n) => `abcd${letters(n)}`),
        lang,
      ),
    ).toBeUndefined()
  })
})

describe('the mean length of words', () => {
  const choice: QualityChoice = { gopher_quality: { stop_words_min: false, alphabetic_words_min: false } }
  const refusal = (text: string, lang: string) => judge(text, lang, choice).refusal
  test('is that of an alphabet, by what is written and not by the name of the language', () => {
    const code = numbered(30, (n) => `a${n % 10}`)
    const japanese = '粉屋が水門を開けると水車はゆっくりと回り始めた。子供たちは土手に走り、老人たちは家の前で今年の収穫について話していた。'.repeat(2)
    const korean = numbered(60, (n) => `물${String.fromCodePoint(0xac00 + n * 28)}`)
    const amharic = numbered(60, (n) => `ው${String.fromCodePoint(0x1208 + n)}`)
    for (const lang of ['ja', 'und'])
      expect(
        judge(`${japanese} ${code}`, lang, { gopher_quality: { stop_words_min: false, alphabetic_words_min: false }, gopher_repetition: { enabled: false } })
          .refusal,
      ).toBeUndefined()
    for (const text of [korean, amharic]) expect(refusal(text, 'und')).toBeUndefined()
    expect(refusal(`${numbered(60, (n) => `a${letters(n)[0]}`)} 日本語 日本`, 'und')).toBe('gopher_word_length')
    expect(refusal(`${numbered(60, (n) => `a${letters(n)[0]}`)} 日本語 日本`, 'ja')).toBe('gopher_word_length')
  })
  test('may be more in other languages than in English', () => {
    const long = numbered(60, (n) => `${letters(n)}sananlaskuiss`)
    expect(['en', 'und', 'fi', 'kl'].map((lang) => refusal(long, lang))).toEqual(['gopher_word_length', 'gopher_word_length', undefined, undefined])
    expect(
      refusalOf(
        numbered(60, (n) => `sananlaskuissammekin${letters(n)}`),
        'fi',
      ),
    ).toBe('gopher_word_length')
  })
  test('of Tibetan is that of its syllables, which are words enough', () => {
    const text = Array.from({ length: 20 }, (_, n) => `བོད་ཀྱི་སྐད་ཡིག་${String.fromCodePoint(0xf49 + (n % 10))}་ནི།`).join(' ')
    expect(judge(text, 'bo', { gopher_repetition: { enabled: false } })).toMatchObject({ refusal: undefined, quality: { word_count: 120 } })
  })
})

describe('sentences end', () => {
  test.each(['end.', 'end?', 'かった。', '好！', 'है।', 'है॥', 'ہے۔', 'هل؟', 'ነው።', 'ነው፧', 'ជាង។', 'တယ်။', 'է։', 'བོད།', 'ܐܢܐ܀', 'τι;', '“end.”', '「終」'])(
    'with %s',
    (line) => expect(endsInPunctuation(line)).toBe(true),
  )
  test.each(['end', 'end,', 'x = 1;', 'end:', '終', 'हम'])('not with %s', (line) => expect(endsInPunctuation(line)).toBe(false))
  test('as C4 and FineWeb ask; where a script writes no mark, with its line', () => {
    const hindi = Array.from({ length: 6 }, (_, n) => `चक्की वाले ने फाटक खोला और पहिया ${n} बार घूमने लगा।`).join('\n')
    const thai = Array.from({ length: 3 }, (_, n) => `คนโรงสีเปิดประตูน้ำครั้งที่ ${n} แล้ว กังหันก็ค่อยๆ หมุน เด็กๆ วิ่งไปดู`).join('\n')
    for (const text of [hindi, thai])
      for (const choice of [
        only({ c4: { enabled: true } }),
        only({ fineweb: { enabled: true, new_lines_per_word_max: false, duplicate_line_chars_max: false, short_lines_max: false } }),
      ])
        expect(judge(text, 'und', choice)).toMatchObject({ text, refusal: undefined })
  })
})
