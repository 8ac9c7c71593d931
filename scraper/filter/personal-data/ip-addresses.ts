import { isPublicAddress } from '#infra/net/address.ts'
import { letters } from './letters.ts'
import type { Replace } from './personal-data.ts'

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
/** Four numbers that go on in neither direction, and hang on no name (`Chrome/120.0.0.0`, `pkg-1.2.3.4`). */
const v4 = new RegExp(`(?<![${letters}\\p{N}._\\]\\-]|[${letters}\\p{N}]/)${octet}(?:\\.${octet}){3}(?![${letters}\\p{N}_\\[\\-]|\\.[${letters}\\p{N}])`, 'gv')
const v6 = /(?<![\p{L}\p{N}.:_\]-])[23][0-9a-f]{3}:[0-9a-f:]{2,34}(?![\p{L}\p{N}:_[-]|\.\p{N})/giu

/**
 * Addresses of the public Internet; private, reserved and documentation ranges stay (infra/net/address.ts), as they do in datatrove. So do the numbers of
 * versions and sections, which are told by what stands before them and by how small their parts are.
 */
export const ipAddresses: Replace = (text, placeholder) => {
  const version = { lineEnd: -1, first: -1 }
  const clean = mayHoldV4.test(text)
    ? text.replace(v4, (found: string, at: number) => (!isNumbering(found, text, at, version) && isPublicAddress(found) ? placeholder() : found))
    : text
  return mayHoldV6.test(clean) ? clean.replace(v6, (found) => (isPublicAddress(found) ? placeholder() : found)) : clean
}

/** Quicker than to look at each place of a text for what stands before it. */
const [mayHoldV4, mayHoldV6] = [/\d\.\d{1,3}\.\d{1,3}\.\d/, /[23][\da-f]{3}:[\da-f:]/i]

const lookBackChars = 48
const lookAheadChars = 24

/** What stands before an address, or behind it: its port, the length of its network. */
const hostBefore =
  /(?:(?:https?|ftp|ssh|wss?|tcp|udp|rtsp|socks[45]?):\/\/(?:[^\s/@]{1,40}@)?|\b(?:root|admin|user|ubuntu|pi|ec2-user)@|\b(?:ipv?4?|ip[ -]?addr(?:ess)?(?:es)?|addr|address(?:es)?|adresse|adressen|dirección|indirizzo|адрес|host|hostname|server|client|peer|remote|gateway|dns|nameserver|proxy|ping|traceroute|whois|ssh|curl|nmap|subnet|netmask|router|listen|bind)["'`]?\s?(?:is|:|=|->)?\s?["'`(<]?|(?:地址|地址是)[:：]?\s?)$/iu
const hostBehind = /^(?::\d{2,5}(?!\d)|\/(?:[89]|[12]\d|3[0-2])(?!\d))/
/** Names of programs in which such a word is one: "SQL Server 11.0.2.60". */
const program = /\b\p{Lu}[\p{L}\d]* (?:Server|Client|Proxy|Gateway|Router|Host) ?$/u

/** Words of versions and sections, in front of a number or behind it; keys of them, as `packageVersion`; comparisons of package managers. */
const numbered =
  '(?:[\\p{L}_-]*versions?|versión|versiones|versione|versão|versiunea|wersja|verze|verzió|sürüm|версия|версии|версию|версія|ver|v|release|releases|rel|revision|rev|build|firmware|fw|bios|kernel|driver|treiber|patch|hotfix|update|upgrade|updated|upgraded|sdk|jdk|jre|dll|plugin|section|sections|sec|sect|subsection|chapter|clause|paragraph|para|article|annex|appendix|table|figure|fig|equation|eq|theorem|lemma|definition|requirement|req|rule|control|abschnitt|kapitel|ziffer|abs|tabelle|abbildung|anhang|section|chapitre|sección|capítulo|sezione|capitolo|paragrafo|раздел|глава|пункт|п|статья|таблица|rozdział|oid)'
const numberBefore = new RegExp(
  `(?:(?<![\\p{L}\\p{N}])${numbered}(?:["'\`]\\s?|\\.)?(?: (?:number|no\\.?|nr\\.?|to|from|of|is))?\\s?[:=(\\[>]{0,2}\\s?["'\`]?v?|(?:版本|バージョン|ヴァージョン|버전|版|第|节|章)(?:号)?[:：]?\\s?|§{1,2}\\s?|[<>=!~^]=\\s?|[~^]|<[\\p{L}:]*[Vv]ersion>)$`,
  'iu',
)
/** "update V8 to 9.6.180.14" */
const changeBefore = /\b(?:update[sd]?|upgrade[sd]?|bump(?:s|ed)?|patch(?:ed)?|downgrade[sd]?|roll(?:ed)?|pin(?:ned)?)\b[^.\n]{1,32} (?:to|from|at) v?$/i
const numberBehind = /^(?: (?:release|version|firmware|build|update|driver|patch)\b| ?(?:版本|版|バージョン|버전))/i
/** Ends with a name: of a product, as a rule. */
const nameBefore = /(?<![\p{L}\p{N}])(?:\p{Ll}{0,2}\p{Lu}[\p{L}\p{N}.+#-]{0,40}["')\]]?[ :]\s?[("'[]?|[\p{L}\p{N}.-]{1,40}@)$/u
/** A number that begins a line and has a title behind it. */
const lineStart = /(?:^|\n)[ \t>#*-]*$/
const titleBehind = /^\.?[ \t]{1,4}(?:\p{Lu}|\p{Lo})/u

/** A version that was found, and where its line ends: its like are seldom alone. */
interface LineVersion {
  lineEnd: number
  first: number
}

/** Whether four numbers are those of a version or a section. */
function isNumbering(found: string, text: string, at: number, version: LineVersion): boolean {
  const parts = found.split('.').map(Number)
  // Sections, versions and addresses made up for an example (1.2.3.4, 8.8.8.8): of all others one in 4096 is like them.
  if (parts.every((part) => part < 32)) return true
  const before = text.slice(Math.max(0, at - lookBackChars), at)
  const behind = text.slice(at + found.length, at + found.length + lookAheadChars)
  const isInLine = at < version.lineEnd
  const is = isVersion(parts, before, behind, isInLine) || (isInLine && parts[0] === version.first && !isHost(before, behind))
  if (is) [version.lineEnd, version.first] = [lineEndOf(text, at), parts[0] ?? -1]
  return is
}

const isHost = (before: string, behind: string): boolean => (hostBefore.test(before) && !program.test(before)) || hostBehind.test(behind)

/** ISO's own names, of which security and directories are full: 1.2, 1.3, 2.5, 2.16. */
const isObjectId = ([first, second]: readonly number[]): boolean =>
  (first === 1 && (second === 2 || second === 3)) || (first === 2 && (second === 5 || second === 16))

/** Parts of addresses are even up to 255, those of versions mostly small: of random addresses 0.5 % have a smaller product than the first, 10 % than the second. */
const [productAlone, productBehindName] = [50_000, 5_000_000]

function isVersion(parts: readonly number[], before: string, behind: string, isLikeOthers: boolean): boolean {
  if (numberBefore.test(before) || changeBefore.test(before) || numberBehind.test(behind)) return true
  if (isHost(before, behind)) return false
  const product = parts.reduce((of, part) => of * (part + 1), 1)
  const isExpected = isLikeOthers || isObjectId(parts) || nameBefore.test(before) || (lineStart.test(before) && titleBehind.test(behind))
  return product < (isExpected ? productBehindName : productAlone)
}

function lineEndOf(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}
