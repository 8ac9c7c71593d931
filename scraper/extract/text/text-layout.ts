import type { Container, Inline, ItemContainer, TextBlock, TextList } from './text-blocks.ts'

/** How the pieces of a line are written. */
export interface InlineStyle {
  /** Line feeds stand where the page breaks the line. No white space at either end of a line. */
  line(inline: readonly Inline[], place: 'paragraph' | 'heading' | 'cell'): string
  math(tex: string): string
  rule: string | undefined
}

/** Blocks as Markdown: headings with their level, list items with their markers, quotes behind `>`, tables as rows of `| a | b |`, code between fences. */
export function layOut(blocks: readonly TextBlock[], style: InlineStyle): string {
  const layout = new Layout(style)
  for (const block of blocks) layout.add(block)
  return layout.text()
}

class Layout {
  readonly #style: InlineStyle
  readonly #lines: string[] = []
  #previous: TextBlock | undefined
  /** The second of two lists in a row has other markers, or it would be read as more of the first. */
  readonly #isOther = new Map<TextList, boolean>()

  constructor(style: InlineStyle) {
    this.#style = style
  }

  add(block: TextBlock): void {
    const lines = linesOf(block, this.#style)
    if (lines.length === 0) return
    const { containers } = block
    const before = this.#previous?.containers ?? []
    const shared = sharedDepth(before, containers)
    const previous = containers[shared]
    const neighbour = before[shared]
    if (previous?.kind === 'item' && neighbour?.kind === 'item' && previous.list !== neighbour.list && !this.#isOther.has(previous.list))
      this.#isOther.set(previous.list, previous.list.ordered === neighbour.list.ordered && this.#isOther.get(neighbour.list) !== true)
    if (this.#previous && !isTight(this.#previous, block, shared)) this.#lines.push(this.#indent(containers.slice(0, shared)).trimEnd())
    const rest = this.#indent(containers)
    const first =
      this.#indent(containers.slice(0, shared)) +
      containers
        .slice(shared)
        .map((container) => this.#marker(container))
        .join('')
    for (const [i, line] of lines.entries()) this.#lines.push(((i === 0 ? first : rest) + line).trimEnd())
    this.#previous = block
  }

  text(): string {
    return this.#lines.join('\n')
  }

  #indent(containers: readonly Container[]): string {
    return containers.map((container) => (container.kind === 'quote' ? '> ' : ' '.repeat(this.#marker(container).length))).join('')
  }

  #marker(container: Container): string {
    if (container.kind === 'quote') return '> '
    const isOther = this.#isOther.get(container.list) === true
    if (!container.list.ordered) return isOther ? '* ' : '- '
    return `${container.number}${isOther ? ')' : '.'} `
  }
}

function sharedDepth(before: readonly Container[], after: readonly Container[]): number {
  let depth = 0
  while (depth < before.length && depth < after.length && before[depth] === after[depth]) depth++
  return depth
}

/** Items follow each other without an empty line, where Markdown allows it. */
function isTight(before: TextBlock, after: TextBlock, shared: number): boolean {
  if (before.kind !== 'paragraph') return false
  const opened = after.containers[shared]
  if (opened?.kind !== 'item' || after.containers.slice(shared).some(({ kind }) => kind === 'quote')) return false
  const neighbour = before.containers[shared]
  if (neighbour?.kind === 'item') return neighbour.list === opened.list && isPlain(after)
  return shared > 0 && neighbour === undefined && after.containers.slice(shared).every(startsAnywhere) && isPlain(after)
}

const isPlain = ({ kind }: TextBlock): boolean => kind === 'paragraph' || kind === 'heading'
/** An ordered list that does not begin with 1 cannot follow a paragraph at once. */
const startsAnywhere = (container: Container): boolean => container.kind === 'item' && beginsAtOne(container)
const beginsAtOne = ({ list, number }: ItemContainer): boolean => !list.ordered || number === 1

function linesOf(block: TextBlock, style: InlineStyle): string[] {
  switch (block.kind) {
    case 'paragraph': {
      const text = style.line(block.inline, 'paragraph')
      return text === '' ? [] : text.split('\n')
    }
    case 'heading': {
      const text = style.line(block.inline, 'heading')
      return text === '' ? [] : [`${'#'.repeat(block.level)} ${text}`]
    }
    case 'code': {
      const fence = fenceOf(block.code)
      return [fence + block.language, ...block.code.split('\n'), fence]
    }
    case 'math':
      return [style.math(block.tex)]
    case 'table':
      return tableLines(block.rows, block.columns, style)
    case 'rule':
      return style.rule === undefined ? [] : [style.rule]
  }
}

/** Longer than any run of backticks in the code. */
function fenceOf(code: string): string {
  let longest = 2
  for (const [run] of code.matchAll(/`{3,}/g)) longest = Math.max(longest, run.length)
  return '`'.repeat(longest + 1)
}

function tableLines(rows: readonly (readonly (readonly Inline[])[])[], columns: number, style: InlineStyle): string[] {
  const [header, ...body] = rows.map((row) => row.map((cell) => style.line(cell, 'cell'))).filter((row) => row.some((cell) => cell !== ''))
  if (!header) return []
  const padded = [...header, ...Array.from({ length: columns - header.length }, () => '')]
  return [rowOf(padded), rowOf(padded.map(() => '---')), ...body.map(rowOf)]
}

const rowOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
