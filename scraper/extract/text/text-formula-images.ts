import type { Element } from 'domhandler'

const imageClass = /(?:^|[\s_-])(?:math|latex|tex|texrender|mwe|katex|formula|equation|mathjax|inlineformula|displayformula|numberedequation)(?=$|[\s_-])/i
/** Services and scripts that draw the formula of their address; the part behind it is the source. */
const imageService =
  /latex\.codecogs\.com\/[\w.]{1,20}[?/]|(?:mathtex|mimetex|texify|tex)(?:\.cgi|\.php)?\?|\/latex\.php\?latex=|[?&](?:tex|latex|math)=|chart\.(?:apis\.google|googleapis)\.com\/chart\?(?:[^#]{0,100}&)?cht=tx[^#]{0,100}&chl=|(?:upmath\.me|s2cms\.ru)\/(?:svg|png)\/|\/formula\/(?=[^/]{0,200}%5C)/i
/** What an alternative text says that is no formula. */
const noFormula = /^(?:|image|img|formula|equation|latex|math|tex|loading|\[?latex image\]?|公式|уравнение|формула)\.?$/i
/** Commands, or indices in braces. */
const isTex =
  /\\(?:frac|sqrt|sum|int|left|mathrm|mathbf|text|cdot|times|displaystyle|alpha|beta|gamma|delta|theta|lambda|mu|pi|sigma|omega|infty|partial|begin)(?![a-z])|[_^]\{|^\$.+\$$/
const urlMax = 4000

/** The source of a formula that is shown as an image, by its class, by who draws it or by its alternative text; undefined for other images. */
export function imageFormula({ attribs }: Element): string | undefined {
  const src = (attribs['src'] ?? '').slice(0, urlMax)
  const service = imageService.exec(src)
  const alt = (attribs['alt'] ?? attribs['data-latex'] ?? '').trim()
  if (!service && !imageClass.test((attribs['class'] ?? '').slice(0, 200)) && !isTex.test(alt.slice(0, 500))) return undefined
  if (!noFormula.test(alt.slice(0, 100))) return alt
  return service ? sourceOf(src.slice(service.index + service[0].length)) : undefined
}

/** Up to the next parameter, decoded. */
function sourceOf(query: string): string | undefined {
  const source = query.split(/&(?:bg|fg|s|c|chs|chf|chco)=/, 1)[0] ?? ''
  try {
    return decodeURIComponent(source.replaceAll('+', '%2B'))
  } catch {
    return undefined
  }
}
