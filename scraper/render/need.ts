import { Parser, type Handler } from 'htmlparser2'

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
const charsMax = 1 << 19
const pieceChars = 1 << 14
const depthMax = 512
const noscriptChars = 2000
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
  const reader = new PromiseReader()
  const parser = new Parser(reader)
  // Piece by piece, so that a page that nests without end is left in time.
  for (let at = 0; at < Math.min(html.length, charsMax) && reader.depth < depthMax; at += pieceChars) parser.write(html.slice(at, at + pieceChars))
  if (reader.depth < depthMax) parser.end()
  return reader.facts
}

class PromiseReader implements Partial<Handler> {
  readonly facts: PagePromise = { textChars: 0, scripts: 0, scriptChars: 0, emptyMount: false, noscriptDemand: false, links: 0 }
  depth = 0
  #elements = 0
  #noscript = ''
  /** How many open elements do not show their text, by kind. */
  #hidden = 0
  #noscripts = 0
  #inScript = false
  /** The outermost open mount point, and what had been seen when it was opened. */
  #mount: { depth: number; textChars: number; elements: number } | undefined

  onopentag(name: string, attributes: Record<string, string>): void {
    this.#elements++
    if (isMount(name, attributes)) this.#mount ??= { depth: this.depth, textChars: this.facts.textChars, elements: this.#elements }
    this.depth++
    if (hidden.has(name)) this.#hidden++
    if (name === 'noscript') this.#noscripts++
    if (name === 'a') this.facts.links++
    this.#inScript = name === 'script'
    if (this.#inScript && isProgram(attributes['type'])) this.facts.scripts++
  }

  ontext(text: string): void {
    if (this.#inScript) this.facts.scriptChars += text.length
    else if (this.#noscripts > 0) this.#noscript = this.#noscript.length < noscriptChars ? this.#noscript + text : this.#noscript
    else if (this.#hidden === 0) this.facts.textChars += text.trim().length
  }

  onclosetag(name: string): void {
    this.depth--
    this.#inScript = false
    if (hidden.has(name)) this.#hidden--
    if (name === 'noscript') {
      this.#noscripts--
      this.facts.noscriptDemand ||= demand.test(this.#noscript)
    }
    const mount = this.#mount
    if (mount === undefined || this.depth > mount.depth) return
    // A spinner or two is not content.
    this.facts.emptyMount ||= this.facts.textChars - mount.textChars < 40 && this.#elements - mount.elements < 15
    this.#mount = undefined
  }
}

const isMount = (tag: string, { id, 'data-reactroot': react, 'ng-app': angular }: Record<string, string>): boolean =>
  mountTags.has(tag) || mountIds.has(id ?? '') || react !== undefined || angular !== undefined

/** JSON and JSON-LD are data, not programs. */
const isProgram = (type: string | undefined): boolean => type === undefined || type === '' || /javascript|module/i.test(type)
