import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { decodeCharset, guessCharset } from './charset-kernel.ts'

/** What TextEncoder does not do: the bytes of a text in a legacy encoding, found by decoding all one- and two-byte sequences. */
function encoder(charset: string): (text: string) => Uint8Array {
  const decode = (...bytes: number[]) => decodeCharset(charset, Uint8Array.from(bytes))
  const bytesOf = new Map<string, number[]>()
  for (let first = 0x80; first < 0x100; first++) {
    for (let second = 0x40; second < 0x100; second++) {
      const pair = decode(first, second)
      if ([...pair].length === 1 && !bytesOf.has(pair)) bytesOf.set(pair, [first, second])
    }
  }
  for (let byte = 0; byte < 0x100; byte++) bytesOf.set(decode(byte), [byte])
  return (text) => Uint8Array.from([...text].flatMap((character) => bytesOf.get(character) ?? [0x3f]))
}

const russian =
  'Съешь же ещё этих мягких французских булок, да выпей чаю. Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.'
const japanese = '吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。'
const korean =
  '모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로 이성과 양심을 부여받았으며 서로 형제애의 정신으로 행동하여야 한다.'
const simplified = '人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。'
const traditional = '人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心，並應以兄弟關係的精神相對待。這是我們的世界。'

const human = {
  russian: 'Все люди рождаются свободными и равными в своём достоинстве и правах. Они наделены разумом и совестью.',
  ukrainian: 'Всі люди народжуються вільними і рівними у своїй гідності та правах. Вони наділені розумом і совістю.',
  polish: 'Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni rozumem i sumieniem.',
  czech: 'Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Jsou nadáni rozumem a svědomím.',
  greek: 'Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. Είναι προικισμένοι με λογική.',
  hebrew: 'כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם חוננו בתבונה ובמצפון.',
  arabic: 'يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا وعليهم أن يعامل بعضهم بعضا بروح الإخاء.',
  turkish:
    'Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana sahiptirler ve birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler.',
  latvian: 'Visi cilvēki piedzimst brīvi un vienlīdzīgi savā pašcieņā un tiesībās. Viņi ir apveltīti ar saprātu un sirdsapziņu.',
  thai: 'มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม',
}

test.each<[string, string]>([
  ['windows-1252', 'Déjà vu à Noël: le cœur a ses raisons que la raison ne connaît point. Voilà l’été.'],
  ['windows-1252', 'Falsches Üben von Xylophonmusik quält jeden größeren Zwerg. Schöne Grüße aus Köln!'],
  ['windows-1252', 'El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia y frío; añoraba a su querido cachorro.'],
  ['windows-1252', 'A short one © 2026, 20 °C'],
  ['windows-1251', russian],
  ['koi8-u', russian],
  ['shift_jis', japanese],
  ['euc-jp', japanese],
  ['euc-kr', korean],
  ['gbk', simplified],
  ['big5', traditional],
  ['koi8-u', human.ukrainian],
  ['ibm866', human.russian],
  ['iso-8859-5', human.russian],
  ['windows-1250', human.polish],
  ['iso-8859-2', human.czech],
  ['windows-1253', human.greek],
  ['iso-8859-7', human.greek],
  ['windows-1255', human.hebrew],
  ['windows-1256', human.arabic],
  ['windows-1254', human.turkish],
  ['windows-1257', human.latvian],
  ['windows-874', human.thai],
])('%s is told by its text: %s', (charset, text) => {
  const bytes = encoder(charset)(`<!doctype html><title>x</title><p class="a">${text}</p>`)
  expect(decodeCharset(guessCharset(bytes), bytes)).toContain(text.slice(0, 10))
})

test('what is no text in any of them is read as windows-1252', () => {
  expect(guessCharset(Uint8Array.of(0xff, 0xfe, 0x81, 0x8d))).toBe('windows-1252')
  expect(guessCharset(new Uint8Array())).toBe('windows-1252')
})

test('what says it lies behind a long script, and the sample ends within a character', () => {
  const bytes = Buffer.concat([Buffer.from('x'.repeat(100_001)), encoder('gbk')(simplified.repeat(2000))])
  expect(guessCharset(bytes)).toBe('gbk')
  expect(guessCharset(bytes.subarray(1))).toBe('gbk')
})

describe('the decoders of browsers', () => {
  test('know the characters that Node’s do not', () => {
    expect(decodeCharset('euc-kr', Uint8Array.of(0x8c, 0x63))).toBe('똠')
    expect(decodeCharset('big5', Uint8Array.of(0x87, 0xc4, 0x88, 0x62))).toBe('䤯Ê̄')
  })
  test('give what the standard says for half a character, wherever a piece of it ends', () => {
    const pairs = Buffer.from('똠'.repeat(40_000)).length / 3
    for (const start of ['', 'x']) {
      const bytes = Buffer.concat([Buffer.from(start), Buffer.alloc(2 * pairs, Buffer.of(0x8c, 0x63)), Buffer.of(0x8c)])
      expect(decodeCharset('euc-kr', bytes)).toBe(`${start}${'똠'.repeat(pairs)}\ufffd`)
    }
    expect(decodeCharset('euc-kr', new Uint8Array())).toBe('')
  })
  test('agree with Node’s on any bytes of the encodings that it knows whole', () => {
    const charsets = ['windows-1252', 'windows-874', 'koi8-u', 'iso-8859-8', 'gb18030', 'utf-8']
    fc.assert(
      fc.property(fc.constantFrom(...charsets), fc.uint8Array({ maxLength: 300 }), (charset, bytes) => {
        expect(decodeCharset(charset, bytes)).toBe(new TextDecoder(charset, { ignoreBOM: true }).decode(bytes))
      }),
    )
  })
  test('are not there for what is no encoding', () => expect(() => decodeCharset('x-none', new Uint8Array())).toThrow(RangeError))
})

describe('the binary', () => {
  const folder = join(import.meta.dirname, 'kernel')
  const build = JSON.parse(readFileSync(join(folder, 'kernel.build.json'), 'utf8')) as Record<string, string>
  const compiler = spawnSync(join(folder, 'build.sh'), ['--compiler'], { encoding: 'utf8' }).stdout?.trim()
  if (compiler !== build['compiler'])
    console.warn(`kernel.rs is not built again here: that needs wasm32-unknown-unknown of ${build['compiler']}; there is ${compiler || 'none'}.`)

  test('was built from the source and the crates that stand beside it', () => {
    for (const [name, file] of Object.entries({ source: 'kernel.rs', crates: 'Cargo.lock', wasm: 'kernel.wasm' }))
      expect([name, sha256Hex(readFileSync(join(folder, file)))]).toEqual([name, build[`${name}_sha256`]])
  })
  // Another compiler may give other bytes, which say nothing.
  test.skipIf(compiler !== build['compiler'])('comes out byte for byte when it is built again', () => {
    const built = mkdtempSync(join(tmpdir(), 'orrery-wasm-'))
    try {
      execFileSync(join(folder, 'build.sh'), [join(built, 'built.wasm')], { stdio: 'inherit' })
      expect(readFileSync(join(built, 'built.wasm')).equals(readFileSync(join(folder, 'kernel.wasm')))).toBe(true)
    } finally {
      rmSync(built, { recursive: true })
    }
  })
})
