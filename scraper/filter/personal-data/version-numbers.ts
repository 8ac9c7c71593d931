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
  '(?:[\\p{L}_-]*versions?|versión|versiones|versione|versão|versiunea|wersja|verze|verzió|sürüm|версия|версии|версию|версія|ver|v|release|releases|rel|revision|rev|build|firmware|fw|bios|kernel|driver|treiber|patch|hotfix|update|upgrade|updated|upgraded|sdk|jdk|jre|dll|plugin|tag|section|sections|sec|sect|subsection|chapter|clause|paragraph|para|article|annex|appendix|table|figure|fig|equation|eq|theorem|lemma|definition|requirement|req|rule|control|abschnitt|kapitel|ziffer|abs|tabelle|abbildung|anhang|section|chapitre|sección|capítulo|sezione|capitolo|paragrafo|раздел|глава|пункт|п|статья|таблица|rozdział|oid|object ?id(?:entifier)?)'
const numberBefore = new RegExp(
  `(?:(?<![\\p{L}\\p{N}])${numbered}(?:["'\`]\\s?|\\.)?(?: (?:number|no\\.?|nr\\.?|to|from|of|is))?\\s?[:=(\\[>]{0,2}\\s?["'\`]?v?|(?:版本|バージョン|ヴァージョン|버전|版|第|节|章)(?:号)?[:：]?\\s?|§{1,2}\\s?|[<>=!~^]=\\s?|~>\\s?|[~^]|<[\\p{L}:]*[Vv]ersion>)$`,
  'iu',
)
/** "update V8 to 9.6.180.14" */
const changeBefore = /\b(?:update[sd]?|upgrade[sd]?|bump(?:s|ed)?|patch(?:ed)?|downgrade[sd]?|roll(?:ed)?|pin(?:ned)?)\b[^.\n]{1,32} (?:to|from|at) v?$/i
const numberBehind =
  /^(?: (?:released?|version|firmware|build|update|driver|patch)\b|,? (?:and|or) (?:earlier|later|below|above|prior|previous|older|newer|higher|lower|up)\b| ?(?:版本|版|バージョン|버전))/i
/** "Player before 10.3.181.14" */
const boundBefore =
  /\b(?:before|prior to|through|than|up to|until|since|below|above|beginning with|starting (?:with|from|in)|fixed in|introduced in|changes in|new in|affects?) $/i
/** Ends with a name: of a product, as a rule. */
const nameBefore =
  /(?<![\p{L}\p{N}])(?:\p{Ll}{0,2}\p{Lu}[\p{L}\p{N}.+#-]{0,40}["')\]]?[ :]\s?[("'[]?|[\p{L}\p{N}.-]{1,40}@|[\p{L}\p{N}.-]{1,40}:[\p{L}\p{N}.-]{1,40}:)$/u
/** A number that begins a line and has a title behind it. */
const lineStart = /(?:^|\n)[ \t>#*-]*\[?$/
const heading = /(?:^|\n)#{1,6} \[?$/
const titleBehind = /^(?:\.?[ \t]{1,4}(?:\p{Lu}|\p{Lo})|\]?[ \t]{1,4}(?:- )?\(?\d{4}-\d\d-\d\d)/u

/**
 * Says of four numbers in a text, from its beginning on, whether they are those of a version or a section: by what stands around them, and by how small
 * their parts are.
 */
export function openNumberings(text: string): (found: string, at: number) => boolean {
  // The last version, and where its line ends: its like are seldom alone.
  let [lineEnd, first] = [-1, -1]
  return (found, at) => {
    const parts = found.split('.').map(Number)
    // Sections, versions and addresses made up for an example (1.2.3.4, 8.8.8.8): of all others one in 4096 is like them.
    if (parts.every((part) => part < 32)) return true
    const before = text.slice(Math.max(0, at - lookBackChars), at)
    const behind = text.slice(at + found.length, at + found.length + lookAheadChars)
    const isInLine = at < lineEnd
    if (!isVersion(parts, before, behind, isInLine) && !(isInLine && parts[0] === first && !isHost(before, behind))) return false
    ;[lineEnd, first] = [lineEndOf(text, at), parts[0] ?? -1]
    return true
  }
}

const isHost = (before: string, behind: string): boolean => (hostBefore.test(before) && !program.test(before)) || hostBehind.test(behind)

/** Names by ISO, of which security is full: 1.3.101.110. */
const isObjectId = ([first, second]: readonly number[]): boolean => first === 1 && second === 3

/** Parts of addresses are even up to 255, those of versions mostly small: of random addresses 0.5 % have a smaller product than the first, 10 % than the second. */
const [productAlone, productBehindName] = [50_000, 5_000_000]

function isVersion(parts: readonly number[], before: string, behind: string, isLikeOthers: boolean): boolean {
  if (numberBefore.test(before) || changeBefore.test(before) || numberBehind.test(behind)) return true
  if (isHost(before, behind)) return false
  const product = parts.reduce((of, part) => of * (part + 1), 1)
  const isExpected =
    isLikeOthers ||
    isObjectId(parts) ||
    boundBefore.test(before) ||
    nameBefore.test(before) ||
    heading.test(before) ||
    (lineStart.test(before) && titleBehind.test(behind))
  return product < (isExpected ? productBehindName : productAlone)
}

function lineEndOf(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}
