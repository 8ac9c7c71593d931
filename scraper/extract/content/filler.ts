import { isTag, type ParentNode } from 'domhandler'
import { isNamedInside, isUnder, markIndex } from './block-marks.ts'
import type { Block, PageBlocks } from './page-blocks.ts'

/** Placeholder text, the data of a widget as JSON, or a template that nothing has filled in. */
const placeholder = /^(?:lorem ipsum dolor|(?:\[ ?)?\{ ?"[^"]{1,80}" ?: ?["[{\d.tfn-]|\{\{[^{}]{1,200}\}\}$)/i
/** Shortcodes of WordPress and its page builders that nothing has replaced; the text of a block may end within one. */
const shortcodes = /^(?:\[\/?[a-z][\w-]{0,60}(?:\s[^[\]]{0,400})?\/?\]\s?)+(?:\[[^[\]]{0,400})?$/i
/** What tells them from a word or a reference in brackets: an end, a value, or a name of a plugin. */
const shortcodeSign = /\[\/|=\s?["“”'\d]|\[(?:vc|et_pb|fusion|av|rt|mk|wpb|wpv|cs)_|\[[a-z]+-[a-z]/
const shortcodeChars = 800
/** What a page says in place of something that did not load. */
const missingPart =
  /^(?:please (?:enable|turn on|activate|allow) (?:your )?(?:javascript|cookies)|(?:you (?:need to|have to|must) |to (?:see|view|continue|use) .{0,60}?)(?:please )?(?:enable|turn on|allow) (?:\w+ )?(?:javascript|cookies)|enable javascript (?:and cookies )?to|(?:this (?:site|page|app|website) (?:requires|needs|works best with) |we're sorry but .{1,60} doesn't work properly without )javascript|(?:it (?:looks|seems) like )?(?:javascript (?:is|appears to be|seems to be)|your browser has javascript|you have javascript) (?:currently )?(?:disabled|turned off|not (?:enabled|available))(?:[.,!]|$| [io]n your)|(?:sorry, )?your browser does(?: not|n['’]t) support (?:the |html5? ?)?(?:video|audio|iframes?|frames|javascript|canvas|embedded))/i
const missingPartChars = 200

/** Titles and headings of pages that are shown instead of what was asked for. */
const instead =
  /^(?:just a moment\b|checking (?:if the site connection|your browser)|attention required|(?:please )?verify(?:ing)? (?:that )?you are (?:a )?human|are you a (?:robot|human)|robot or human|human verification|security (?:check|verification)|access (?:to this page has been )?denied|pardon our interruption|ddos-guard|(?:sorry, )?you have been blocked|one more step|request (?:unsuccessful|blocked)|(?:error ?)?(?:40[0134]|410|429|50[0-4])(?: ?[-–—|:.] ?| )(?:error|forbidden|unauthorized|(?:page |file )?not found|gone|too many requests|internal server error|bad gateway|service (?:temporarily )?unavailable|gateway time-?out)|(?:http )?error:? ?(?:40[0134]|410|429|50[0-4])\b|(?:oops\W{0,4}|sorry\W{0,3}|whoops\W{0,4})?(?:(?:this|that|the|your) )?(?:requested )?(?:page|url|content) (?:was |is |you requested |(?:can(?:no|['’])t|could ?n[o'’]t|could not) be )?(?:not )?(?:found|available|exist)|account suspended|site (?:is )?under (?:construction|maintenance)|seite nicht gefunden|page (?:introuvable|non trouvée)|página no encontrada|página não encontrada|pagina non trovata|pagina niet gevonden|страница не найдена|nie znaleziono strony|strona nie (?:istnieje|została znaleziona)|η σελίδα δεν βρέθηκε|sidan (?:kunde inte hittas|hittades inte)|ページが見つかりません|(?:页面|頁面|网页|網頁)(?:不存在|未找到|找不到)|找不到(?:页面|頁面|网页|網頁))/i
/** A page that says it in more than so many characters outside of links is about such pages. */
const insteadChars = 1500
const headingChars = 80

/** The blocks that hold what nobody wrote to be read, or a hidden copy of what is shown; all of them do on the wall of a bot filter or on the page of an error. */
export function findFiller(page: PageBlocks): ReadonlySet<number> {
  const all = isShownInstead(page)
  const shown = new Set<Block['same']>()
  for (const block of page.blocks) if (block.same.count > 1 && !isHiddenBlock(block, page)) shown.add(block.same)
  const filler = new Set<number>()
  for (const [i, block] of page.blocks.entries()) if (all || isFiller(block) || (shown.has(block.same) && isHiddenBlock(block, page))) filler.add(i)
  return filler
}

/** Nobody sees it; it is text all the same when the page has it nowhere else: the panel of a tab, say. */
const isHiddenBlock = (block: Block, page: PageBlocks): boolean => isUnder(block.level, page, 'hidden') || isNamedInside(block, markIndex('hidden'))

/** Code that is marked as such may look like filler and is none. */
function isFiller({ name, text, level, parents }: Block): boolean {
  return isFillerText(text) && name !== 'pre' && !parents.some((parent) => isInCode(parent, level.element))
}

const isFillerText = (text: string): boolean =>
  placeholder.test(text) ||
  (text.startsWith('[') && text.length <= shortcodeChars && shortcodeSign.test(text) && shortcodes.test(text)) ||
  (text.length <= missingPartChars && missingPart.test(text))

function isInCode(node: ParentNode, top: ParentNode): boolean {
  for (let at: ParentNode | null = node; at; at = at === top ? null : at.parent) if ('name' in at && at.name === 'code') return true
  return false
}

function isShownInstead({ body, blocks, levels, title }: PageBlocks): boolean {
  const { chars, linkedChars } = levels[0]!
  if (chars - linkedChars > insteadChars) return false
  if (isTag(body) && /(?:^|\s)error-?404(?:\s|$)/.test(body.attribs['class'] ?? '')) return true
  const heading = blocks.find(({ name }) => /^h[1-3]$/.test(name))?.text ?? ''
  return instead.test(title.trim()) || (heading.length <= headingChars && instead.test(heading))
}
