import { Parser } from 'htmlparser2'

/** What decides whether a page is worth a browser. Counts are of characters. */
interface PagePromise {
  /** Text a reader sees without scripts. */
  textChars: number
  scripts: number
  /** Text inside `<script>`, data for scripts included. */
  scriptChars: number
  /** An element that scripts usually fill stands empty. */
  emptyMount: boolean
  /** `<noscript>` tells the reader to switch scripts on. */
  noscriptDemand: boolean
  links: number
}

export interface RenderNeed {
  needed: boolean
  /** `empty_mount`, `noscript_demand`, `script_heavy` when needed; `has_text`, `no_scripts`, `no_promise` when not. */
  why: 'empty_mount' | 'noscript_demand' | 'script_heavy' | 'has_text' | 'no_scripts' | 'no_promise'
}

/** A page with this much text holds what it promises. */
const textCharsEnough = 600
/** Below this an empty shell is hardly in doubt. */
const textCharsShell = 200
const scriptsPerText = 20
const mountIds = new Set(['root', 'app', 'app-root', '__next', '__nuxt', '__layout', '___gatsby', 'svelte', 'main-app', 'react-root', 'ember-app', 'q-app'])
const mountTags = new Set(['app-root', 'ng-app', 'my-app'])
const demand =
  /\b(?:enable|activate|turn on|requires?|needs?|without)\b[^.]{0,60}\bjava\s?script|java\s?script\b[^.]{0,60}\b(?:required|enabled|disabled|needed|aktivieren|activer)/i
const hidden = new Set(['script', 'style', 'template', 'noscript', 'svg', 'title'])

/**
 * Whether a page holds less than it promises, so that a browser would show more: an empty mount point, a `<noscript>` demand, or hardly any text
 * beside much script. Pure.
 * @param textChars length of the main text that extraction found, when known: a page with enough of it is not even parsed
 */
export function needsRendering(html: string, textChars = 0): RenderNeed {
  if (textChars >= textCharsEnough) return { needed: false, why: 'has_text' }
  if (!/<script/i.test(html)) return { needed: false, why: 'no_scripts' }
  return judgePromise(promiseOf(html))
}

function judgePromise({ textChars, scripts, scriptChars, emptyMount, noscriptDemand, links }: PagePromise): RenderNeed {
  if (scripts === 0) return { needed: false, why: 'no_scripts' }
  if (textChars >= textCharsEnough) return { needed: false, why: 'has_text' }
  if (emptyMount) return { needed: true, why: 'empty_mount' }
  if (noscriptDemand) return { needed: true, why: 'noscript_demand' }
  if (textChars < textCharsShell && links < 5 && scriptChars > scriptsPerText * (textChars + 50)) return { needed: true, why: 'script_heavy' }
  return { needed: false, why: 'no_promise' }
}

function promiseOf(html: string): PagePromise {
  const facts: PagePromise = { textChars: 0, scripts: 0, scriptChars: 0, emptyMount: false, noscriptDemand: false, links: 0 }
  const open: string[] = []
  /** Depth and text count where a mount point was opened; it is empty when nothing was added until it closes. */
  let mount: { depth: number; textChars: number; elements: number } | undefined
  let elements = 0
  let noscript = ''
  const parser = new Parser({
    onopentag(name, attributes) {
      elements++
      if (isMount(name, attributes)) mount ??= { depth: open.length, textChars: facts.textChars, elements }
      open.push(name)
      if (name === 'a') facts.links++
      if (name === 'script' && isProgram(attributes['type'])) facts.scripts++
    },
    ontext(text) {
      if (open.includes('noscript')) noscript = noscript.length < 2000 ? noscript + text : noscript
      else if (open.at(-1) === 'script') facts.scriptChars += text.length
      else if (!open.some((name) => hidden.has(name))) facts.textChars += text.trim().length
    },
    onclosetag(name) {
      if (open.at(-1) === name) open.pop()
      if (mount === undefined || open.length > mount.depth) return
      // A spinner or two is not content.
      facts.emptyMount ||= facts.textChars - mount.textChars < 40 && elements - mount.elements < 15
      mount = undefined
    },
  })
  parser.end(html)
  facts.noscriptDemand = demand.test(noscript)
  return facts
}

const isMount = (tag: string, { id, 'data-reactroot': react, 'ng-app': angular }: Record<string, string>): boolean =>
  mountTags.has(tag) || mountIds.has(id ?? '') || react !== undefined || angular !== undefined

/** JSON and JSON-LD are data, not programs. */
const isProgram = (type: string | undefined): boolean => type === undefined || type === '' || /javascript|module/i.test(type)
