/**
 * Hours ahead of UTC of the zones that dates name: those of RFC 822 §5, what feeds are met with, and the short ones of American broadcasters. The military
 * letters mean nothing, since RFC 822 had them the wrong way about (RFC 5322 §4.3).
 */
const hours: Readonly<Record<string, number>> = {
  Z: 0,
  UT: 0,
  UTC: 0,
  GMT: 0,
  WET: 0,
  AT: -4,
  AST: -4,
  ADT: -3,
  ET: -5,
  EST: -5,
  EDT: -4,
  CT: -6,
  CST: -6,
  CDT: -5,
  MT: -7,
  MST: -7,
  MDT: -6,
  PT: -8,
  PST: -8,
  PDT: -7,
  WEST: 1,
  BST: 1,
  CET: 1,
  MET: 1,
  CEST: 2,
  MEST: 2,
  MEZ: 1,
  MESZ: 2,
  EET: 2,
  EEST: 3,
  MSK: 3,
  IST: 5.5,
  JST: 9,
  KST: 9,
  AEST: 10,
  AEDT: 11,
  NZST: 12,
  NZDT: 13,
}

/** @param name in any case; undefined when it is none of these */
export const hoursOfZone = (name: string): number | undefined => (Object.hasOwn(hours, name.toUpperCase()) ? hours[name.toUpperCase()] : undefined)
