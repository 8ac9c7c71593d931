/** A config of a dataset folder: patterns of its files, relative to the folder. */
export interface FolderConfig {
  name: string
  isDefault: boolean
  patterns: string[]
}

/**
 * The configs that a dataset card names in its metadata (README.md, `configs:` between lines of `---`), as Hugging Face reads them: each with `data_files` as a
 * path, a list of paths, or a list of splits with paths. Read by lines: what is written in another form of YAML is not found.
 */
export function configsOfCard(card: string): FolderConfig[] {
  const [, front = ''] = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card) ?? []
  const lines = front.split(/\r?\n/)
  const start = lines.findIndex((line) => /^configs:\s*$/.test(line))
  if (start < 0) return []
  const configs: FolderConfig[] = []
  let isPath = false
  for (const line of lines.slice(start + 1)) {
    if (/^\S/.test(line) && !line.startsWith('-')) break
    const config = configs.at(-1)
    const [, key, value] = /^[\s-]*([\w-]+):\s*(.*?)\s*$/.exec(line) ?? []
    if (key === 'config_name') configs.push({ name: unquoted(value), isDefault: false, patterns: [] })
    else if (key === 'default') Object.assign(config ?? {}, { isDefault: value === 'true' })
    else if (key === 'path' || key === 'data_files') {
      for (const path of pathsOf(value)) config?.patterns.push(path)
      isPath = value === ''
    } else if (key === undefined && isPath) {
      const [, item] = /^\s*-\s+(\S.*?)\s*$/.exec(line) ?? []
      if (item !== undefined) config?.patterns.push(unquoted(item))
    } else isPath = false
  }
  return configs
}

const unquoted = (text = ''): string => text.replace(/^(["'])(.*)\1$/, '$2')
const pathsOf = (value = ''): string[] =>
  (/^\[.*\]$/.test(value) ? value.slice(1, -1).split(',') : [value]).map((path) => unquoted(path.trim())).filter((path) => path !== '')
