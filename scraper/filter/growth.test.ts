import { describe, expect, test } from 'vitest'
import { qualitySettings } from '#schemas/quality.ts'
import { replacePersonalData } from './personal-data/personal-data.ts'
import { openQuality } from './quality.ts'

/** Pieces of text that rules look for, and such as are nearly what they look for. */
const pieces = {
  numbers: ['1', '1 ', '1-', '1.', '0 ', '0\n', '1 2-', '(', '((', '(0', ') (0', '+', '+1 ', '+1 2 2 2 ', '00', '0049 30 ', '1,', '٠١ ', '０－', '—1 '],
  phones: ['+49 30 901820 ', '+12 345 678 ', '020 7946 0959 ', '012 345 6789\n', '01 42 68 53 00 ', '212-736-5000 / ', '8 800 ', '(11) 2345-6789 '],
  cues: ['Tel. ', 'Tel. 1 ', 'Phone: 12345 ', 'call me at ', 'tel:', '(office) ', '[phone] ', '[phone] / ', 'x12 ', 'ext. ', '電話', '手机：1'],
  addresses: ['@', 'a@', 'a@b.', 'a@b.co ', 'a.', '..', 'a-', "'", '%40', 'a(at)b', ' at a dot ', 'A AT b DOT ', '[at]', 'https://x/', 'a/', '=', 'id=', '"'],
  hosts: ['1.2.3.4 ', '93.184.215.', '93.184.215.14 ', 'Chrome 93.184.215.14', 'version ', 'version: 9', '2001:', '2:', '2606:2800:220:1:248:1893:25c8:1946 '],
  accounts: ['DE89', 'DE89 ', 'de89-', 'DE89 3704 0044 0532 0130 01 ', '4111 ', '4111111111111112 ', '4111 1111 1111 1111 ', '4111-1111-'],
  marks: ['#', '# ', '## a\n', '-', '-\n', '- \n', '>', '> ', '>\n', '...', '…', '{', '`', '```\n', '```\na\n', '.)', ".'", '!"', '。', '*', '|', '_'],
  lines: ['\n', ' \n', '\n \n', '\n\n', '\t', '\u00a0', ' ', 'a\n', 'a. ', 'a.\n\n', 'javascript\n', 'lorem ipsum ', '[1]', '[edit', 'bad word ', 'bad '],
  scripts: ['ก ', '; ', '།', '的', 'ア', 'ก', '한 ', 'e\u0301', '\u200d', '\ud800', '\u{1f600}', 'é', 'и '],
}

/** Rules that are not in force measure, too; with C4's in force, the others saw only what those leave. */
const quality = openQuality(qualitySettings({ c4: { bad_words: ['bad word', '的'] } }))
const readers = {
  'personal data': (text: string) => void replacePersonalData(text),
  quality: (text: string) => void quality.judge(text, 'en'),
}

const chars = 25_000
/** Four times the text may cost so many times the CPU: linear is 4, quadratic 16. What costs less than `noiseMs` says nothing. */
const growthMax = 9
const noiseMs = 150

function cpuMs(work: () => void): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

/** Slow three times: a collection of garbage, or what else the machine does, may fall into one. */
const isSlow = (read: (text: string) => void, piece: string): boolean =>
  [1, 2, 3].every(() => {
    const [small, large] = [chars, 4 * chars].map((size) => piece.repeat(size / piece.length)) as [string, string]
    const cost = cpuMs(() => read(small))
    return cpuMs(() => read(large)) >= Math.max(noiseMs, growthMax * cost)
  })

describe.each(Object.entries(readers))('the cost of %s grows with the text, and no faster', (_, read) => {
  test.each(Object.entries(pieces))('of %s', (__, kind) => expect(kind.filter((piece) => isSlow(read, piece))).toEqual([]))
})
