import { describe, expect, test } from 'vitest'
import { qualitySettings, type QualityChoice } from '#schemas/quality.ts'
import { qualityScore } from '#schemas/quality-score.ts'
import { story } from '#test/site/story.ts'
import { openQuality } from './quality.ts'

const judge = (text: string, choice: QualityChoice = {}, lang = 'en') => openQuality(qualitySettings(choice)).judge(text, lang)
const only = (set: QualityChoice): QualityChoice => ({ gopher_quality: { enabled: false }, gopher_repetition: { enabled: false }, ...set })
const sentences = (count: number) => story(1, count).split(/(?<=\.) /)
const prose = story(1)

describe('a text is kept', () => {
  test('when it is prose, and what was measured is stored', () => {
    const { refusal, quality, text } = judge(prose)
    expect(refusal).toBeUndefined()
    expect(text).toBe(prose)
    expect(quality).toMatchObject({
      word_count: 264,
      symbols_per_word: 0,
      stop_words: 5,
      alphabetic_words: 1,
      bullet_lines: 0,
      c4_sentences: 12,
      c4_kept_chars: 1,
    })
    expect(Object.values(quality).every((measure) => Number.isFinite(measure))).toBe(true)
  })
  test('and each rule with a published threshold counts for its one figure', () => {
    const { quality } = judge(prose)
    const uncounted = Object.keys(quality).filter((name) => qualityScore({ [name]: quality[name] ?? 0 }) !== 1)
    expect(uncounted).toEqual(['c4_bad_words', 'c4_kept_chars'])
  })
  test('whatever rules that are not in force measure', () => {
    const code = `${prose}\n\nfunction f() { return 1 }`
    const { refusal, quality } = judge(code)
    expect(refusal).toBeUndefined()
    expect(quality).toMatchObject({ c4_curly_braces: 1 })
    expect(judge(code, { c4: { enabled: true } }).text).toBe(prose)
  })
  test('with code, however much that repeats itself', () => {
    const code = `\`\`\`js\n${'  x = { a: 1 } // ### ...\n  y = 2\n'.repeat(60)}\`\`\``
    const { refusal, quality } = judge(`${prose}\n\n${code}\n\n${story(2, 2)}`)
    expect(refusal).toBeUndefined()
    expect(quality).toMatchObject({ duplicate_lines: 0, symbols_per_word: 0, alphabetic_words: 1, c4_curly_braces: 60 })
    expect(judge(code.replaceAll('`', '')).refusal).toBe('gopher_word_length')
    expect(judge(code).refusal).toBe('gopher_word_length')
    const unclosed = `${prose}\n\n\`\`\`\n${'Read more of it here.\n'.repeat(60)}`
    expect(judge(unclosed.trim()).refusal).toBe('gopher_duplicate_lines')
  })
  test('when the threshold it would miss is switched off or moved', () => {
    expect(judge(sentences(1).join(''), { gopher_quality: { words_min: false } }).refusal).toBeUndefined()
    expect(judge(sentences(1).join(''), { gopher_quality: { words_min: 10 } }).refusal).toBeUndefined()
  })
  test('in a language that a rule was not made for', () => {
    const basque = Array.from({ length: 80 }, (_, n) => `hitza${String.fromCharCode(97 + (n % 26))}${n}`).join(' ')
    expect(judge(basque, {}, 'eu').refusal).toBeUndefined()
    const chinese = Array.from({ length: 60 }, (_, n) => String.fromCodePoint(0x4e00 + n * 37)).join(' ')
    expect(judge(chinese, {}, 'und').refusal).toBeUndefined()
  })
})

describe("Gopher's rules refuse", () => {
  test.each([
    ['gopher_too_short', sentences(1).join(' ')],
    ['gopher_too_long', `${prose}\n`.repeat(400)],
    ['gopher_word_length', 'the and a b c d e f g of '.repeat(20)],
    ['gopher_symbols', `${prose} ${'# '.repeat(40)}`],
    [
      'gopher_bullet_lines',
      `${sentences(12)
        .map((line) => `- ${line}`)
        .join('\n')}`,
    ],
    [
      'gopher_ellipsis_lines',
      sentences(12)
        .map((line, n) => (n % 2 === 0 ? `${line.slice(0, -1)}...` : line))
        .join('\n'),
    ],
    ['gopher_alphabetic_words', `${prose} ${Array.from({ length: 100 }, (_, n) => 1000 + n).join(' ')}`],
    ['gopher_no_stop_words', Array.from({ length: 60 }, (_, n) => `alpha${n}`).join(' ')],
    ['gopher_duplicate_lines', [...sentences(12), ...Array<string>(8).fill('Read more')].join('\n')],
    ['gopher_duplicate_paragraphs', [prose, ...Array<string>(3).fill('Read more\nor less')].join('\n\n')],
    ['gopher_top_2_gram', `${sentences(4).join(' ')} ${Array.from({ length: 30 }, (_, n) => `read more w${n}`).join(' ')}`],
    ['gopher_duplicate_5_grams', Array.from({ length: 12 }, (_, n) => `${sentences(12)[n]} And that is all there is to say of it.`).join(' ')],
  ])('%s', (reason, text) => {
    const rest = reason === 'gopher_duplicate_paragraphs' ? { duplicate_lines_max: false as const } : {}
    expect(judge(text, { gopher_repetition: rest }).refusal).toBe(reason)
  })
})

describe('C4', () => {
  const c4 = only({ c4: { enabled: true } })
  test('cuts lines that are no sentences, and keeps the paragraphs', () => {
    const [a = '', b = '', c = '', d = '', e = ''] = sentences(5)
    const page = [
      'A heading',
      '',
      a,
      'Two words.',
      b,
      'You need JavaScript to see all of this page.',
      '',
      `${c} [12]${d}`,
      'We use cookies on this site.',
      'and so on and on ...',
      e,
    ]
    expect(judge(page.join('\n'), c4)).toMatchObject({ text: `${a}\n${b}\n\n${c} ${d}\n${e}`, refusal: undefined, quality: { c4_sentences: 5 } })
  })
  test.each([
    ['c4_too_few_sentences', sentences(4).join(' ')],
    ['c4_lorem_ipsum', `${prose} Lorem ipsum dolor sit amet.`],
    ['c4_curly_brace', `${prose} It is {so}.`],
  ])('refuses: %s', (reason, text) => expect(judge(text, c4).refusal).toBe(reason))
  test('refuses words and phrases of a list that is given, whole ones', () => {
    const withWords = only({ c4: { enabled: true, bad_words: ['Darn', 'rude phrase', '坏'] } })
    const refusal = (end: string) => judge(`${prose} ${end}`, withWords).refusal
    expect([
      refusal('Darned if not.'),
      refusal('Well, darn it.'),
      refusal('A rude  phrase it was.'),
      refusal('A phrase so rude.'),
      refusal('这是坏的句子。'),
    ]).toEqual([undefined, 'c4_bad_words', 'c4_bad_words', undefined, 'c4_bad_words'])
  })
})

describe('FineWeb refuses', () => {
  const list = sentences(12).map((line) => line.slice(0, -1))
  test.each([
    ['fineweb_line_punctuation', [...list, ...list.map((line) => `${line} again`), 'One ends here.'].join('\n')],
    ['fineweb_short_lines', [prose, ...Array.from({ length: 8 }, (_, n) => `This is a line ${n}.`)].join('\n')],
    ['fineweb_duplicate_characters', [...sentences(12), sentences(1)[0]].join('\n')],
    ['fineweb_new_lines', Array.from({ length: 40 }, (_, n) => `Abcdefghijklmnopqrstuvwxyz${n}, abcdefghij${n}.`).join('\n')],
  ])('%s', (reason, text) => expect(judge(text, only({ fineweb: { enabled: true } })).refusal).toBe(reason))
})

const numbers = (count: number) => Array.from({ length: count }, (_, n) => String(1000 + n))
const line = (n: number) => `This is line ${String(n).padStart(4, '0')}, and none of the others says so.`
const lines = (count: number, make = line) => Array.from({ length: count }, (_, n) => make(n))
const alone = (rule: QualityChoice): QualityChoice => ({ ...only({}), ...rule })
const fineweb = (set: QualityChoice['fineweb']): QualityChoice =>
  alone({
    fineweb: { enabled: true, punctuated_lines_min: false, short_lines_max: false, duplicate_line_chars_max: false, new_lines_per_word_max: false, ...set },
  })
const gopher = (set: QualityChoice['gopher_repetition']): QualityChoice => ({
  gopher_quality: { enabled: false },
  gopher_repetition: { ...Object.fromEntries(Object.keys(qualitySettings().gopher_repetition).map((rule) => [rule, false])), enabled: true, ...set },
})
const alphabetic = { words_max: false, word_chars_min: false, stop_words_min: false } as const
const short = (n: number) => `short ${n}`

describe('a rule judges by what it measures, not by what is stored of it', () => {
  test.each<[what: string, text: string, choice: QualityChoice, rule: string, stored: number, refusal: string | undefined]>([
    [
      '79.95 % of the words',
      [...Array<string>(1599).fill('word'), ...numbers(401)].join(' '),
      alone({ gopher_quality: alphabetic }),
      'alphabetic_words',
      0.8,
      'gopher_alphabetic_words',
    ],
    [
      '80 % of the words',
      [...Array<string>(1600).fill('word'), ...numbers(400)].join(' '),
      alone({ gopher_quality: alphabetic }),
      'alphabetic_words',
      0.8,
      undefined,
    ],
    [
      '30.04 % of the lines',
      [...lines(1749), ...Array<string>(751).fill(line(0))].join('\n'),
      gopher({ duplicate_lines_max: 0.3 }),
      'duplicate_lines',
      0.3,
      'gopher_duplicate_lines',
    ],
    [
      '30 % of the lines',
      [...lines(1750), ...Array<string>(750).fill(line(0))].join('\n'),
      gopher({ duplicate_lines_max: 0.3 }),
      'duplicate_lines',
      0.3,
      undefined,
    ],
    ['0.98 % of the characters', [...lines(101), line(0)].join('\n'), fineweb({ duplicate_line_chars_max: 0.01 }), 'line_duplicate_chars', 0.01, undefined],
    [
      '1.01 % of the characters',
      [...lines(98), line(0)].join('\n'),
      fineweb({ duplicate_line_chars_max: 0.01 }),
      'line_duplicate_chars',
      0.01,
      'fineweb_duplicate_characters',
    ],
    ['1 % of the characters', [...lines(99), line(0)].join('\n'), fineweb({ duplicate_line_chars_max: 0.01 }), 'line_duplicate_chars', 0.01, undefined],
    ['67 % of the lines', [...lines(33), ...lines(67, short)].join('\n'), fineweb({ short_lines_max: 0.67 }), 'short_lines', 0.67, undefined],
    ['67.04 % of the lines', [...lines(824), ...lines(1676, short)].join('\n'), fineweb({ short_lines_max: 0.67 }), 'short_lines', 0.67, 'fineweb_short_lines'],
    ['12 % of the lines', [...lines(12), ...lines(88, short)].join('\n'), fineweb({ punctuated_lines_min: 0.12 }), 'punctuated_lines', 0.12, undefined],
    [
      '11.96 % of the lines',
      [...lines(299), ...lines(2201, short)].join('\n'),
      fineweb({ punctuated_lines_min: 0.12 }),
      'punctuated_lines',
      0.12,
      'fineweb_line_punctuation',
    ],
  ])('%s', (_, text, choice, rule, stored, refusal) => {
    const verdict = judge(text, choice)
    expect(verdict.quality[rule]).toBe(stored)
    expect(verdict.refusal).toBe(refusal)
    expect(verdict.refused[rule]?.score).not.toBe(stored)
  })
})
