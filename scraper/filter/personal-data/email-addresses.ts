import { letters } from './letters.ts'
import type { Replace } from './personal-data.ts'

/** What people really use of a dot-atom (RFC 5322 §3.2.3): no dot at its ends, none twice. RFC 5321 §4.5.3.1 bounds both sides of an address. */
const atom = `[${letters}\\p{N}_%+'\\-]`
/** As Markdown has it: `jane\\_roe`. */
const unit = `(?:\\\\(?=_))?${atom}`
const localMax = 64
const local = new RegExp(`(?<!${atom}\\.?)${unit}(?:\\.?${unit}){0,${localMax - 1}}$`, 'iv')
const label = `[${letters}\\p{N}](?:[${letters}\\p{N}\\-]{0,61}[${letters}\\p{N}])?`
const domain = (dot: string): RegExp => new RegExp(`(?:${label}${dot}){1,8}(?:${letters}{2,24}|xn--[a-z0-9\\-]{1,59})(?![${letters}\\p{N}_@\\[\\-])`, 'ivy')

/** How an address is written: what stands between its sides, and its right side. */
interface Form {
  sign: RegExp
  domain: RegExp
  /** What the whole has to be like, with `@` and dots, to be one. */
  certain?: RegExp
}

const dot = '(?:\\.| ?[\\[\\(\\{] ?(?:dot|punkt|point|punto|ponto|\\.) ?[\\]\\)\\}] ?| (?:dot|punkt) )'
const dots = new RegExp(dot, 'giv')

const forms: readonly Form[] = [
  // With its sign, or what stands for that in Japanese text and in links.
  { sign: /[@＠]|%40/g, domain: domain('\\.') },
  // "jane [at] firma [dot] de": a sign in brackets is one.
  { sign: / ?[[({] ?(?:at|ät|arroba|@) ?[\])}] ?/gi, domain: domain(dot) },
  // "jane AT firma DOT de", "jane.roe at firma dot de": in small letters only behind what is no word or at a provider, since "look at the dot com" is none.
  { sign: / AT /g, domain: domain(' DOT ') },
  { sign: / at /g, domain: domain(' dot '), certain: /[\d_.].*@|@(?:gmail|googlemail|yahoo|hotmail|outlook|icloud|gmx|aol|protonmail)\./i },
]

/** Nobody's: reserved for examples, tests and networks of one house (RFC 2606, 6761, 6762, 8375; `internal` by ICANN). */
const reserved = /(?:^|\.)(?:example\.(?:com|net|org)|home\.arpa|example|test|invalid|localhost|localdomain|local|internal)$/i
/** `icon@2x.png` and other files; `package@1.0.0-rc.one`. */
const file = /\.(?:png|jpe?g|gif|webp|svg|avif|ico|css|scss|m?js|cjs|tsx?|jsx|json|html?|md|ya?ml|toml|wasm|tgz|zip)$/i
const version = /^v?\d+\.\d+(?:[.-]|$)/i

/** E-mail addresses, with their sign or spelled so that they can only be meant so. */
export const emailAddresses: Replace = (text, placeholder) => forms.reduce((clean, form) => replaceForm(clean, form, placeholder), text)

function replaceForm(text: string, form: Form, placeholder: () => string): string {
  let [clean, done] = ['', 0]
  for (const { 0: sign, index } of text.matchAll(form.sign)) {
    if (index < done) continue
    form.domain.lastIndex = index + sign.length
    const right = form.domain.exec(text)?.[0].replace(dots, '.')
    const left = right === undefined ? '' : localBefore(text, index, done)
    if (right === undefined || left === '' || form.certain?.test(`${left}@${right}`) === false || isNobodys(left, right)) continue
    clean += text.slice(done, index - left.length) + placeholder()
    done = form.domain.lastIndex
  }
  return clean + text.slice(done)
}

/** The left side that ends here, without a quote or the dash of a list; empty where none does. */
function localBefore(text: string, end: number, done: number): string {
  const start = Math.max(done, end - 2 * localMax)
  const found = local.exec(text.slice(start, end))
  // It goes on further to the left: too long.
  if (found === null || (found.index === 0 && start > done)) return ''
  return found[0].replace(/^['-]+/, '')
}

/** Nor is the user in front of the path of a repository. */
const isNobodys = (left: string, right: string): boolean => left === 'git' || reserved.test(right) || file.test(right) || version.test(right)
