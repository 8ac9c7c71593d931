import type { Element } from 'domhandler'

const emojiClass = /(?:^|\s)(?:emoji|emojione|twemoji|joypixels|wp-smiley|smileys?|smilies?|emoticons?|emote)(?=$|\s)/i
const emoji = /^(?:\p{RGI_Emoji}|\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f?)+$/v
/** `:-)`, `:smile:`. */
const emoticon = /^(?:[:;=8xX][-'o^]?[()[\]DPpOo/|\\*3$]|[<(]3|:[a-z\d_+-]{1,40}:)$/
const altMax = 40
const dropCapTags = new Set(['span', 'b', 'strong', 'i', 'em', 'big', 'font', 'img'])
const dropCapClass = /(?:^|[\s_-])(?:drop-?caps?|first-?letter|first-?char(?:acter)?|lettrine|versal|initial(?:-?cap)?)(?=$|[\s_-])/i

/** What an image stands for as a character of the text: an emoji, or the first letter. Undefined for what is only to be looked at. */
export function imageText({ attribs }: Element): string | undefined {
  const { alt: words, class: classes } = attribs
  if (words === undefined || words === '' || words.length > altMax) return undefined
  const alt = words.trim()
  // Most alternative texts begin with a letter, which no emoji does.
  if (!/^[A-WYZa-wyz]/.test(alt) && (emoji.test(alt) || emoticon.test(alt))) return alt
  if (classes === undefined || alt === '') return undefined
  if (emojiClass.test(classes.slice(0, 200))) return alt
  return dropCapClass.test(classes.slice(0, 200)) && isLetter(alt) ? alt : undefined
}

/** The large first letter of a text, which goes on behind it; undefined for any other element. */
export function dropCapOf(element: Element): string | undefined {
  const classes = element.attribs['class']
  if (classes === undefined || !dropCapClass.test(classes.slice(0, 200))) return undefined
  if (!dropCapTags.has(element.name) && !((element.name === 'div' || element.name === 'p') && /drop/i.test(classes))) return undefined
  let node = element.children[0]
  for (let depth = 0; depth < 3 && node?.type === 'tag' && !node.next; depth++) node = (node as Element).children[0]
  if (!node || node.type !== 'text' || node.next) return undefined
  const text = node.data.trim()
  return isLetter(text) ? text : undefined
}

/** One letter, with a quotation mark before it at most. */
const isLetter = (text: string): boolean => text.length < 8 && /^[\p{P}]?\p{L}\p{M}*['’]?$/u.test(text)

/** Words that begin with a letter which is a word too. */
const continued = /^(?:n|t|f|s|ts|sn't|t's|nd|ll|lso|fter|s|re|nother|ny|mid|mong|bout|ccording|lthough|lmost|lways|gain|gainst|round|cross)(?![\p{L}'’])/u

/** A first letter with what follows it, white space between them or not: `O nce` is Once, `A long time` and `I was` are no words in one. */
export function dropCapWord(letter: string, text: string): string {
  const rest = text.trimStart()
  const isWord = rest !== text && (/^\p{Lu}/u.test(rest) || (/^[AIÀЯВКСУИОА]$/.test(letter) && !continued.test(rest.slice(0, 12))))
  return letter + (isWord ? ' ' : '') + rest
}
