import { describe, expect, test } from 'vitest'
import { isDoubtful } from './charset-doubt.ts'

const declared = { charset: 'utf-8', isGuessed: false }
const guessed = (charset: string) => ({ charset, isGuessed: true })
/** The text that comes out when bytes of one encoding are read in another. */
const misread = (text: string, charset: string) => new TextDecoder(charset).decode(Buffer.from(text))

const french = 'Déjà vu à Noël, l’été « où » le cœur a ses raisons que la raison ne connaît point – voilà.'
const russian = 'Все люди рождаются свободными и равными в своём достоинстве и правах.'
const turkish = 'Cehennemin savaşçısı kim? Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar.'
const greek = 'Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια.'

describe('a text is kept', () => {
  test.each([
    ['that was declared, whatever it says', 'своЯ землЯ и хорошаЯ погода стоЯт', declared, { ru: 1 }],
    ['with a character that is lost', `${'some text '.repeat(30)}\ufffd`, declared, {}],
    ['in French', french, guessed('windows-1252'), { fr: 1 }],
    ['in Turkish', turkish, guessed('windows-1254'), { tr: 1 }],
    ['in Russian', russian, guessed('windows-1251'), { ru: 0.9 }],
    ['in Greek that has English in it', greek, guessed('windows-1253'), { en: 0.7, el: 0.2 }],
    ['in Russian, with names in capitals', `Банк ВТБ и СберБанк ${'дают кредиты на покупку домов '.repeat(6)}`, guessed('windows-1251'), { ru: 1 }],
    ['in ASCII', 'plain text', guessed('windows-1252'), { en: 1 }],
    ['too short for its language to be told', 'Σίσυφος', guessed('windows-1253'), {}],
    ['in ASCII, of a page that is UTF-8 whatever it declares', 'plain text', { ...declared, isContradicted: true }, { en: 1 }],
    ['that is no word', '', guessed('windows-1252'), {}],
  ])('%s', (_, text, decoded, shares) => expect(isDoubtful(text, decoded, shares)).toBe(false))
})

describe('a text is doubtful', () => {
  test.each([
    ['of whose characters too many are lost', 'fran\ufffdais et d\ufffdj\ufffd', declared, { fr: 1 }],
    ['full of control characters', 'a\0b\0c\0', declared, {}],
    ['of a page that is UTF-8 and declares another', misread('Déjà', 'windows-1252'), { ...declared, isContradicted: true }, { fr: 1 }],
    ['that is Russian read as Western', misread(russian, 'windows-1252'), guessed('windows-1252'), {}],
    ['that is of a Macintosh', 'Le fran‡ais, dŽcidŽment, est prŽfŽrŽ', guessed('windows-1252'), { fr: 1 }],
    ['that is Cyrillic of a Macintosh', 'своЯ землЯ и хорошаЯ погода стоЯт', guessed('windows-1251'), { ru: 1 }],
    [
      'that is Cyrillic of a Macintosh, with few letters that differ',
      `‚се люди рождаютсЯ свободными и равными в ${'своих '.repeat(20)}`,
      guessed('windows-1251'),
      { ru: 1 },
    ],
    ['in a script that its language has not', `${greek} and so on`, guessed('windows-1253'), { en: 0.8 }],
    ['in letters that its language has not', 'õt hûtõházból kértünk színhúst', guessed('windows-1252'), { hu: 1 }],
    ['long, and of no language at all', '人'.repeat(500), guessed('gbk'), {}],
  ])('%s', (_, text, decoded, shares) => expect(isDoubtful(text, decoded, shares)).toBe(true))
})

test('no text makes it slow', () => {
  for (const unit of ['é', 'aÉ', '\ufffd', 'яЯ', 'Я'])
    for (const charset of ['windows-1252', 'windows-1251']) expect(isDoubtful(unit.repeat(500_000), guessed(charset), {})).toBeTypeOf('boolean')
})
