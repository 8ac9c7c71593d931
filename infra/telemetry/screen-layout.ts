import { cutTo, padTo, widthOf } from './terminal-text.ts'

/** Of a terminal. */
export interface ScreenSize {
  columns: number
  rows: number
}

/** One thing that is shown: its name in the margin, its parts beside. */
export interface Section {
  name: string
  parts: readonly string[]
  /** Each part has a line of its own, while there is room. */
  isList?: boolean
}

const margin = 8
const gap = '   '

/**
 * The sections on a screen, each as high as it wants while there is room; then every section gives way to its first line, and the last sections go. A line is
 * never wider than the screen, and there is one line less than it has rows, for the cursor. What is left out is counted: `… 3 more`.
 */
export function layOut(sections: readonly Section[], { columns, rows }: ScreenSize): string[] {
  const room = Math.max(1, rows - 1)
  const width = Math.max(1, columns - margin)
  const shown = sections.slice(0, room)
  const wanted = shown.map((section) => flow(section, width, Infinity).length)
  const heights = shown.map(() => 1)
  let left = room - shown.length
  for (let height = 2, isGrowing = true; left > 0 && isGrowing; height++) {
    isGrowing = false
    for (const [at, most] of wanted.entries()) {
      if (left === 0 || most < height) continue
      heights[at] = height
      left--
      isGrowing = true
    }
  }
  return shown.flatMap((section, at) =>
    flow(section, width, heights[at] ?? 1).map((line, i) => cutTo(`${padTo(i === 0 ? cutTo(section.name, margin - 1) : '', margin)}${line}`, columns)),
  )
}

/** The parts in at most so many lines. */
function flow({ parts, isList }: Section, width: number, linesMax: number): string[] {
  if (parts.length === 0) return ['–']
  if (isList && parts.length <= linesMax) return parts.map((part) => cutTo(part, width))
  const lines: string[] = []
  for (const [at, part] of parts.entries()) {
    const line = lines.at(-1)
    const more = parts.length - at - 1
    const isLast = lines.length >= linesMax
    // Room for what says that parts are left out, in the last line that there is.
    const room = isLast && more > 0 ? width - widthOf(moreOf(more)) : width
    if (line !== undefined && !isList && widthOf(line) + gap.length + widthOf(part) <= room) lines[lines.length - 1] = `${line}${gap}${part}`
    else if (lines.length < linesMax) lines.push(lines.length === linesMax - 1 && more > 0 ? cutTo(part, width - widthOf(moreOf(more))) : cutTo(part, width))
    else {
      lines[lines.length - 1] = cutTo(`${line}${moreOf(more + 1)}`, width)
      break
    }
  }
  return lines
}

const moreOf = (parts: number): string => `${gap}… ${parts} more`
