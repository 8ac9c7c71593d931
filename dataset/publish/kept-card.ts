import { cardKeys, cardMarks } from './card.ts'
import { isSameText } from './difference.ts'
import type { Hub, RepoFile } from './hub.ts'
import { cardBytesMax, cardPath } from './ownership.ts'

/**
 * A card with what people wrote into the one that lies in the repository: what stands before and behind our text, and the members of its front matter that are
 * none of ours, like `extra_gated_prompt`. A card without our marks is not ours, or older than they are: of it nothing stays.
 */
export async function cardWithKept(hub: Pick<Hub, 'text'>, card: string, found: RepoFile | undefined): Promise<string> {
  if (!found || found.bytes > cardBytesMax || isSameText(card, found)) return card
  return withKept(card, ((await hub.text(cardPath, cardBytesMax)) ?? '').replaceAll('\r\n', '\n'))
}

function withKept(card: string, found: string): string {
  const [ours, theirs] = [partsOf(card), partsOf(found)]
  if (!ours || !theirs) return card
  const kept = membersOf(theirs.front).filter(({ key }) => !ownKeys.has(key))
  return `---\n${ours.front}${kept.map(({ lines }) => lines).join('')}---\n${theirs.before}${ours.text}${theirs.behind}`
}

const ownKeys: ReadonlySet<string> = new Set(cardKeys)
const { begin, end } = cardMarks

interface Parts {
  /** Lines of the front matter. */
  front: string
  before: string
  /** With its marks. */
  text: string
  behind: string
}

function partsOf(card: string): Parts | undefined {
  const [head = '', front = ''] = /^\uFEFF?---[ \t]*\n((?:(?!---[ \t]*\n).*\n)*)---[ \t]*\n/.exec(card) ?? []
  const body = card.slice(head.length)
  const [first, last] = [body.indexOf(begin), body.lastIndexOf(end)]
  if (first < 0 || last < first) return undefined
  const stop = last + end.length
  return { front, before: body.slice(0, first), text: body.slice(first, stop), behind: body.slice(stop) }
}

/** The members of block YAML, with the lines that they take: each begins in the first column, where nothing else but lists, comments and brackets does. */
function membersOf(front: string): { key: string; lines: string }[] {
  const members: { key: string; lines: string }[] = []
  for (const line of front.match(/.*\n/g) ?? []) {
    const key = /^(["']?)([A-Za-z_][\w-]*)\1[ \t]*:(?:[ \t\n])/.exec(line)?.[2]
    const last = members.at(-1)
    if (key !== undefined) members.push({ key, lines: line })
    else if (last) last.lines += line
  }
  return members
}
