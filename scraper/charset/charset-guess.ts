import { guessCharset } from './charset-kernel.ts'

const sampleBytes = 256 * 1024
/** Of the letters of a text, so many have accents, or are of another script, in any language that windows-1252 does not write. */
const oddMin = 1 / 100
/** Words in East Asian script stand in texts of others. */
const oddPairsMin = 1 / 1000
const isDoubleByte = /^(?:gbk|big5|euc-kr|euc-jp|shift_jis)$/
const scripts = /<(script|style)\b[^]*?(?:<\/\1|$)/gi
const tags = /<(?!!\[CDATA\[)[^>]{0,10000}>?/g

/**
 * What bytes are in that neither say so nor are UTF-8: Firefox's guess, but not for the few signs and borrowed words of a text in plain letters, which alone
 * speak for no language. Pure. @returns a name of the WHATWG Encoding Standard, in lower case
 */
export function likelyCharset(bytes: Uint8Array): string {
  const charset = guessCharset(bytes)
  // All bytes of escape sequences are plain.
  return charset === 'iso-2022-jp' || !isPlain(bytes, isDoubleByte.test(charset) ? oddPairsMin : oddMin) ? charset : 'windows-1252'
}

function isPlain({ buffer, byteOffset, length }: Uint8Array, min: number): boolean {
  const text = Buffer.from(buffer, byteOffset, Math.min(length, sampleBytes)).toString('latin1').replace(scripts, ' ').replace(tags, ' ')
  const odd = text.match(/[\x80-\xff]/g)?.length ?? 0
  const letters = text.match(/[a-z]/gi)?.length ?? 0
  return odd < letters * min
}
