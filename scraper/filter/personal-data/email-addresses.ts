import { letters } from './letters.ts'
import type { Replace } from './personal-data.ts'

/** What people really use of a dot-atom (RFC 5322 §3.2.3): no dot at its ends, none twice. RFC 5321 §4.5.3.1 bounds both sides of an address. */
const atom = `[${letters}\\p{N}_%+'\\-]`
const local = `(?<!${atom}\\.?)${atom}(?:\\.?${atom}){0,63}`
const label = `[${letters}\\p{N}](?:[${letters}\\p{N}\\-]{0,61}[${letters}\\p{N}])?`
const top = `(?:${letters}{2,24}|xn--[a-z0-9\\-]{1,59})`
const end = `(?![${letters}\\p{N}_@\\[\\-])`

/** With the sign, or what stands for it in Japanese text and in links. */
const address = new RegExp(`${local}(?:[@＠]|%40)(?<domain>(?:${label}\\.){1,8}${top})${end}`, 'giv')

/** "jane [at] firma [dot] de": a sign in brackets is one. */
const dot = '(?:\\.| ?[\\[\\(\\{] ?(?:dot|punkt|point|punto|ponto|\\.) ?[\\]\\)\\}] ?| (?:dot|punkt) )'
const bracketed = new RegExp(`${local} ?[\\[\\(\\{] ?(?:at|ät|arroba|@) ?[\\]\\)\\}] ?(?<domain>(?:${label}${dot}){1,8}${top})${end}`, 'giv')
/** "jane AT firma DOT de", "jane.roe at firma dot de": in small letters only behind what is no word, since "look at the dot com" is none. */
const spelled = new RegExp(`(?:${local} AT |(?=[^ ]{0,64}[\\p{N}_.])${local} at )(?<domain>(?:${label} (?:dot|DOT) ){1,8}${top})${end}`, 'gv')
const dots = new RegExp(dot, 'giv')

/** What has to be in a text that one of these is in: spares most texts the longer search. */
const forms: readonly (readonly [mark: RegExp, form: RegExp])[] = [
  [/[@＠]|%40/, address],
  [/[[({] ?(?:at|ät|arroba|@) ?[\])}]/i, bracketed],
  [/ (?:AT|at) .{1,64} (?:DOT|dot) /, spelled],
]

/** Nobody's: reserved for examples, tests and networks of one house (RFC 2606, 6761, 6762, 8375; `internal` by ICANN). */
const reserved = /(?:^|\.)(?:example\.(?:com|net|org)|home\.arpa|example|test|invalid|localhost|localdomain|local|internal)$/i
/** `icon@2x.png` and other files; `package@1.0.0-rc.one`. */
const file = /\.(?:png|jpe?g|gif|webp|svg|avif|ico|css|scss|m?js|cjs|tsx?|jsx|json|html?|md|ya?ml|toml|wasm|tgz|zip)$/i
const version = /^v?\d+\.\d+(?:[.-]|$)/i

/** E-mail addresses, with their sign or spelled so that they can only be meant so. */
export const emailAddresses: Replace = (text, placeholder) =>
  forms.reduce(
    (clean, [mark, form]) => (mark.test(clean) ? clean.replace(form, (found: string, ...rest) => replaced(found, domainOf(rest), placeholder)) : clean),
    text,
  )

const domainOf = (rest: unknown[]): string => (rest.at(-1) as { domain: string }).domain.replace(dots, '.')

function replaced(found: string, domain: string, placeholder: () => string): string {
  // The user in front of the path of a repository.
  if (reserved.test(domain) || file.test(domain) || version.test(domain) || found.startsWith('git@')) return found
  // A quote, or the dash of a list.
  return (/^['-]*/.exec(found)?.[0] ?? '') + placeholder()
}
