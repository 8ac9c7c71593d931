/**
 * The most common words that say nothing by themselves (articles, prepositions, conjunctions, pronouns, forms of to be), a dozen for each language: its grammar,
 * checked against the lists of FineWeb-2 (arXiv 2506.20920). English has the eight of Gopher. None are here of languages whose common words are endings (Korean,
 * Tamil, Telugu), or of which there is little text.
 */
const lists: Readonly<Record<string, string>> = {
  en: 'the be to of and that have with',
  ar: 'في من على إلى أن هذا هذه التي الذي عن مع ما لا كان بين',
  bg: 'на и да се за от в е не са с по че което',
  bn: 'এবং এই করে জন্য থেকে একটি ও না এ তার করা হয় সঙ্গে',
  bs: 'i u je na da se za su od ne koji kao s što',
  ca: 'de la el i a que en per és un una amb del les els',
  cs: 'a v se na je že s z to o do pro jako ale by jsou',
  da: 'og i at er det en til af på den for med der ikke som',
  de: 'der die und in den das von zu mit ist des im für nicht ein eine',
  el: 'και το του της η να ο την των με από για τα που σε είναι',
  es: 'de la que el en y a los se del las un por con no una para',
  et: 'ja on ei et see ka oli kui mis oma ning aga ta',
  fa: 'و در به از که این را با است برای آن یک های می',
  fi: 'ja on ei että se oli hän ovat mutta myös kun joka ole sekä',
  fr: 'de la le et les des en un du une que est pour dans il à qui par',
  gl: 'de a o e que en do da un no unha os para por é con',
  he: 'של את על לא זה עם הוא כי גם או היא אני יש כל מה',
  hi: 'के में है की और से का को एक हैं पर ने यह नहीं',
  hr: 'i u je na da se za su od ne koji kao s što',
  hu: 'a az és hogy nem is egy ez volt de meg mint csak van',
  hy: 'և է որ են այս մի էր հետ համար իր նա',
  id: 'yang dan di dengan ini untuk dari pada itu dalam tidak adalah ke akan',
  it: 'di e che la il un a per in è una del non sono della con le i',
  ja: 'の に は を が と で も た て し な から です ます する',
  ka: 'და რომ არ ეს თუ იყო მაგრამ რა მისი უნდა',
  lt: 'ir kad yra į iš su tai bet kaip apie buvo ne už po bei jo visi ar',
  lv: 'un ir ka no ar uz par kas bet arī to tas lai kā',
  mk: 'на и да се во од за е не со што ги го кој',
  mr: 'आणि आहे या व हे ते तर नाही की एक मध्ये होते त्या असे तो ही हा किंवा',
  ms: 'yang dan di dengan ini untuk dari pada itu dalam tidak adalah ke akan',
  ne: 'छ र को मा यो हो पनि छन् गरेको एक भने लागि वा तथा हुने गर्न',
  nl: 'de het een van en in is dat op te zijn met voor niet die aan',
  nn: 'og i det er på til som ein å av for med ikkje dei at',
  no: 'og i det er på til som en å av for med ikke at den',
  pl: 'i w na z do że się nie to jest o jak a po ale są',
  pt: 'de a o que e do da em um para é com não uma os no se na',
  ro: 'și de în la a cu care pe din o nu este un că pentru mai',
  ru: 'и в не на что с он как это по но из к от за для а я',
  sk: 'a v sa na je že s z to o do pre ako ale by sú',
  sl: 'in je v na za se da so ki z pa ne tudi kot',
  sq: 'të e në dhe për me i një që nga është më se ka',
  sr: 'i u je na da se za su od ne koji kao и у је на да се за су од не који као',
  sv: 'och i att det som en på är av för med den till inte om',
  sw: 'na ya wa kwa ni katika za la kuwa hii kama au cha yake',
  th: 'ที่ และ ใน การ เป็น ของ มี ได้ จะ ให้ ไม่ ว่า กับ',
  tr: 've bir bu için da de ile çok olarak daha olan gibi ne kadar',
  uk: 'і в не на що з у та до як це за від але для а я',
  ur: 'کے میں کی ہے اور سے کا کو اس نے پر یہ ہیں نہیں',
  vi: 'và của là có được trong cho các không một với những này người',
  zh: '的 是 在 了 和 有 不 我 也 就 人 这 這 他 与 為 为',
}

export interface StopWords {
  words: ReadonlySet<string>
  longest: number
}

const opened = new Map<string, StopWords>(
  Object.entries(lists).map(([lang, list]) => {
    const words = list.split(' ')
    return [lang, { words: new Set(words), longest: words.reduce((most, { length }) => Math.max(most, length), 0) }] as const
  }),
)

/** In small letters; undefined where there is no list. @param lang ISO 639-1 */
export const stopWordsOf = (lang: string): StopWords | undefined => opened.get(lang)
