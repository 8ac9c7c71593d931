import { textBytes } from '#infra/recent-values.ts'
import { addPattern, greatestMatch, normalizePattern, pathPatterns, patternsBytes, type PatternValues } from './path-patterns.ts'

/** A declaration of the TDM Reservation Protocol (W3C Community Group Final Report, https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/). */
export interface TdmDeclaration {
  /** true = text and data mining is reserved; null = not said. */
  reserved: boolean | null
  /** URL of the policy. */
  policy: string | undefined
}

/** The rules of a `/.well-known/tdmrep.json`. */
export interface TdmRules {
  /** The first rule whose location matches decides. @param path path and query of a URL */
  of(path: string): TdmDeclaration
  /** What it takes to remember them. */
  bytes: number
}

const tdmUndeclared: TdmDeclaration = { reserved: null, policy: undefined }
const rulesMax = 10_000
const policyChars = 2048
const locationChars = 2048

interface TdmRule {
  location: string
  'tdm-reservation': 0 | 1
  'tdm-policy'?: string
}

/** What is no such file, and a rule that is none, counts as not said, as the protocol has it for its errors. */
export function parseTdmFile(text: string, base: string): TdmRules {
  const rules = readRules(text)
  if (rules.length === 0) return noTdmRules
  const policies = [...new Set(rules.map((rule) => rule['tdm-policy'] ?? ''))]
  const indexOf = new Map(policies.map((policy, index) => [policy, index]))
  const values: PatternValues = new Map()
  for (const [i, { location, 'tdm-reservation': reserved, 'tdm-policy': policy = '' }] of rules.entries()) {
    addPattern(values, normalizePattern(location), packValue({ rank: rulesMax - i, policy: indexOf.get(policy) ?? 0, reserved }))
  }
  const patterns = pathPatterns(values)
  return {
    of(path) {
      const value = greatestMatch(patterns, path)
      if (value === undefined) return tdmUndeclared
      const { policy, reserved } = unpackValue(value)
      return { reserved: reserved === 1, policy: policyUrl(policies[policy], base) }
    },
    bytes: policies.reduce((sum, policy) => sum + textBytes(policy), patternsBytes(patterns)),
  }
}

/** Says nothing. */
export const noTdmRules: TdmRules = { of: () => tdmUndeclared, bytes: 0 }

/** What a rule says, as the number of its pattern: the first rule has the greatest. */
interface RuleValue {
  rank: number
  /** Of the policies named. */
  policy: number
  reserved: 0 | 1
}

/** `rulesMax` needs no more. */
const indexBits = 14
const packValue = ({ rank, policy, reserved }: RuleValue): number => (((rank << indexBits) | policy) << 1) | reserved
const unpackValue = (value: number): Pick<RuleValue, 'policy' | 'reserved'> => ({
  policy: (value >>> 1) & ((1 << indexBits) - 1),
  reserved: value & 1 ? 1 : 0,
})

function readRules(text: string): TdmRule[] {
  try {
    const rules: unknown = JSON.parse(text)
    return Array.isArray(rules) ? rules.slice(0, rulesMax).filter(isRule) : []
  } catch {
    return []
  }
}

/** Said without a schema: of a file full of what is no rule, each error that zod makes would take a hundred times as long. */
function isRule(rule: unknown): rule is TdmRule {
  if (typeof rule !== 'object' || rule === null) return false
  const { location, 'tdm-reservation': reserved, 'tdm-policy': policy } = rule as Partial<Record<keyof TdmRule, unknown>>
  const isPlace = typeof location === 'string' && location !== '' && location.length <= locationChars
  return isPlace && (reserved === 0 || reserved === 1) && (policy === undefined || typeof policy === 'string')
}

/** The values of a header (sent twice, joined by commas) or of `<meta>`: anything but "0" and "1" is not said. */
export function tdmDeclaration(reservation: string | undefined, policy: string | undefined, base: string): TdmDeclaration {
  const values = new Set((reservation ?? '').split(',').map((value) => value.trim()))
  if (!values.has('1') && !values.has('0')) return tdmUndeclared
  return { reserved: values.has('1'), policy: policyUrl(policy, base) }
}

/** One that reserves outweighs any that does not, whichever is nearer to the page: to take a reserved page for free would be the worse mistake. */
export function strictestTdm(declarations: readonly TdmDeclaration[]): TdmDeclaration {
  return declarations.find(({ reserved }) => reserved === true) ?? declarations.find(({ reserved }) => reserved === false) ?? tdmUndeclared
}

function policyUrl(text: string | undefined, base: string): string | undefined {
  const url = text === undefined || text.trim() === '' ? null : URL.parse(text.trim(), base)
  return url && /^https?:$/.test(url.protocol) && url.href.length <= policyChars ? url.href : undefined
}
