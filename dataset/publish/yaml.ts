/** What YAML is written of. */
export type YamlValue = string | number | readonly YamlValue[] | { readonly [key: string]: YamlValue | undefined }

/** As block YAML 1.1 and 1.2 (PyYAML reads cards, and so does the Hub's parser). Keys are ours; texts may be anybody's. Ends with a line end. */
export function yaml(members: { readonly [key: string]: YamlValue | undefined }, indent = ''): string {
  return Object.entries(members)
    .map(([key, value]) => (value === undefined ? '' : `${indent}${key}:${valueOf(value, indent)}`))
    .join('')
}

function valueOf(value: YamlValue, indent: string): string {
  if (typeof value === 'string') return ` ${yamlText(value)}\n`
  if (typeof value === 'number') return ` ${value}\n`
  if (isList(value)) return value.length === 0 ? ' []\n' : `\n${value.map((item) => `${indent}-${itemOf(item, `${indent}  `)}`).join('')}`
  return `\n${yaml(value, `${indent}  `)}`
}

/** The first member stands behind the dash. */
const itemOf = (value: YamlValue, indent: string): string =>
  typeof value === 'object' && !isList(value) ? ` ${yaml(value, indent).slice(indent.length)}` : valueOf(value, indent)

const isList = (value: YamlValue): value is readonly YamlValue[] => Array.isArray(value)

/** A word that no reader takes for anything else stands as it is; everything else in quotes, where only letters, digits and printable ASCII go unescaped. */
export function yamlText(text: string): string {
  if (/^[a-z][a-z0-9_]*(?:[-/<.*][A-Za-z0-9_*<.-]+)*$/.test(text) && !/^(?:y|n|yes|no|on|off|true|false|null|nan|inf|[<>=]+)$/.test(text)) return text
  return `"${text.toWellFormed().replace(/[^\p{L}\p{N}\x20-\x7e]|["\\]/gu, escaped)}"`
}

function escaped(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`
  const hex = (character.codePointAt(0) as number).toString(16)
  return hex.length > 4 ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`
}
