import { seededRandom } from '../seeded-random.ts'

/** Every code point in places where patterns look at what stands beside it: inside a word, after a space, before one, before a contraction. */
export function codePointTexts(end = 0x110000): string[] {
  const texts: string[] = []
  for (let first = 0; first < end; first += 256) {
    if (first >= 0xd800 && first < 0xe000) continue
    const points = Array.from({ length: 256 }, (_, n) => String.fromCodePoint(first + n))
    texts.push(points.map((c) => `a${c}b ${c} x${c} ${c}'s${c}`).join('\n'))
  }
  return texts
}

const atoms = [
  "the¦ Quick¦BROWN¦'s¦'LL¦'ſ¦'¦ ¦  ¦\n¦\r\n\r\n¦\r¦\t¦1234567¦ 42¦...¦-----¦()[]{}¦//¦/¦_¦naïve¦Straße¦中文¦かな¦한국어¦ไทย¦العربية¦हिन्दी¦😀¦👩‍👩‍👧¦e\u0301",
  '\u0301¦A\u0301BC¦ǅ¦ʰ¦ª¦²¦Ⅷ¦／¦’s¦\u00a0¦\u0085¦\u2028¦\u3000¦\u180e¦\ufeff¦\0¦<|endoftext|>¦<|im_start|>¦ABCdef¦iPhone',
  'x'.repeat(40),
  'lorem'.repeat(30),
].flatMap((some) => some.split('¦'))

/** Texts of pieces that patterns treat differently, and words without end. */
export function fuzzedTexts(count: number, seed: number): string[] {
  const random = seededRandom(seed)
  const below = (most: number): number => Math.floor(random() * most)
  const many = (make: () => string, most: number): string => Array.from({ length: 1 + below(most) }, make).join('')
  const ranges = [
    [0x20, 0x7f],
    [0x80, 0x800],
    [0x800, 0xd800],
    [0xe000, 0x20000],
  ] as const
  const kinds = [
    () => many(() => atoms[below(atoms.length)]!, 30),
    () => many(() => String.fromCodePoint(ranges[below(4)]![0] + below(0x80)), 60),
    () => {
      const [first, end] = ranges[below(4)]!
      return many(() => String.fromCodePoint(first + below(end - first)), 120)
    },
    () => many(() => 'abe'[below(3)]!, 700),
    () => many(() => String.fromCharCode(0x61 + below(26)), 700),
    () => (atoms[below(atoms.length)] ?? '').repeat(1 + below(300)),
  ]
  return Array.from({ length: count }, (_, n) => kinds[n % kinds.length]!())
}

/** A sample that is quick: the planes that have letters, and 600 others. */
export const goldenTexts = (): string[] => [...codePointTexts(0x32400), ...fuzzedTexts(600, 12)]
