/**
 * The names of the months in the languages of the web's pages, full, in the genitive and cut short. The list of a language is 12 alternatives apart by
 * spaces, those of one month by `/`. Diacritics and dots are taken off before the look-up; a name that means two months is left out of both.
 */
const languages = [
  // en, de, fr, es, it, pt
  'january/jan february/feb march/mar april/apr may june/jun july/jul august/aug september/sep/sept october/oct november/nov december/dec',
  'januar/janner/jaenner/jan februar/feber/feb maerz/marz/mrz april/apr mai juni/jun juli/jul august/aug september/sept oktober/okt november/nov dezember/dez',
  'janvier/janv fevrier/fevr/fev mars avril/avr mai juin juillet/juil aout septembre/sept octobre/oct novembre/nov decembre/dec',
  'enero/ene febrero/feb marzo/mar abril/abr mayo/may junio/jun julio/jul agosto/ago septiembre/setiembre/sept/set octubre/oct noviembre/nov diciembre/dic',
  'gennaio/gen/genn febbraio/febb/feb marzo/mar aprile/apr maggio/mag giugno/giu luglio/lug/lugl agosto/ago settembre/sett/set ottobre/ott novembre/nov dicembre/dic',
  'janeiro/jan fevereiro/fev marco/mar abril/abr maio/mai junho/jun julho/jul agosto/ago setembro/set outubro/out novembro/nov dezembro/dez',
  // nl, sv, da, no, fi
  'januari/jan februari/feb maart/mrt april/apr mei juni/jun juli/jul augustus/aug september/sep oktober/okt november/nov december/dec',
  'januari februari mars april maj juni juli augusti september oktober november december',
  'januar februar marts april maj juni juli august september oktober november december',
  'januar februar mars april mai juni juli august september oktober november desember/des',
  'tammikuu/tammikuuta/tammi helmikuu/helmikuuta/helmi maaliskuu/maaliskuuta/maalis huhtikuu/huhtikuuta/huhti toukokuu/toukokuuta/touko kesakuu/kesakuuta/kesa heinakuu/heinakuuta/heina elokuu/elokuuta/elo syyskuu/syyskuuta/syys lokakuu/lokakuuta/loka marraskuu/marraskuuta/marras joulukuu/joulukuuta/joulu',
  // pl, cs, sk, hu, ro, hr, sl, tr
  'styczen/stycznia/sty luty/lutego/lut marzec/marca/mar kwiecien/kwietnia/kwi maj/maja czerwiec/czerwca/cze lipiec/lipca/lip sierpien/sierpnia/sie wrzesien/wrzesnia/wrz pazdziernik/pazdziernika/paz listopad/listopada/lis grudzien/grudnia/gru',
  'leden/ledna/led unor/unora/uno brezen/brezna/bre duben/dubna/dub kveten/kvetna/kve cerven/cervna/cvn cervenec/cervence/cvc srpen/srpna/srp zari rijen/rijna/rij - prosinec/prosince/pro',
  'januar/januara februar/februara marec/marca april/aprila maj/maja jun/juna jul/jula august/augusta september/septembra oktober/oktobra november/novembra december/decembra',
  'januar februar/febr marcius/marc aprilis/apr majus/maj junius/jun julius/jul augusztus/aug szeptember/szept oktober/okt november/nov december/dec',
  'ianuarie/ian februarie martie/mart aprilie mai iunie/iun iulie/iul august septembrie octombrie noiembrie/noi decembrie',
  'sijecanj/sijecnja veljaca/veljace ozujak/ozujka travanj/travnja svibanj/svibnja lipanj/lipnja srpanj/srpnja kolovoz/kolovoza rujan/rujna - studeni/studenoga/studenog prosinac/prosinca',
  'januarja/januarju februarja marca aprila maja junija julija avgust/avgusta/avg septembra oktobra novembra decembra',
  'ocak/oca subat/sub mart nisan/nis mayis haziran/haz temmuz/tem agustos/agu eylul/eyl ekim/eki kasim/kas aralik/ara',
  // et, lv, lt, id, vi is in digits, ca, eu
  'jaanuar/jaanuari veebruar/veebruari marts/martsi aprill/aprilli mai juuni juuli august/augusti september/septembri oktoober/oktoobri november/novembri detsember/detsembri',
  'janvaris/janvari februaris/februari marts/marta aprilis/aprili maijs/maija junijs/junija julijs/julija augusts/augusta septembris/septembri oktobris/oktobri novembris/novembri decembris/decembri',
  'sausis/sausio vasaris/vasario kovas/kovo balandis/balandzio geguze/geguzes birzelis/birzelio liepa/liepos rugpjutis/rugpjucio rugsejis/rugsejo spalis/spalio lapkritis/lapkricio gruodis/gruodzio',
  'januari februari/pebruari maret april mei juni juli agustus/agu september oktober november/nopember desember',
  'gener/gen febrer/febr marc abril maig juny juliol agost/ag setembre octubre novembre desembre/des',
  // ru, uk, be, bg, sr
  'январь/января/янв февраль/февраля/фев март/марта/мар апрель/апреля/апр май/мая июнь/июня/июн июль/июля/июл август/августа/авг сентябрь/сентября/сен/сент октябрь/октября/окт ноябрь/ноября/ноя/нояб декабрь/декабря/дек',
  'січень/січня/січ лютий/лютого/лют березень/березня/бер квітень/квітня/кві травень/травня/тра червень/червня/чер липень/липня/лип серпень/серпня/сер вересень/вересня/вер жовтень/жовтня/жов листопад/листопада/лис грудень/грудня/гру',
  'студзеня лютага сакавіка красавіка мая чэрвеня ліпеня жніўня верасня кастрычніка лістапада снежня',
  'януари/ян февруари/фев март април/апр май юни/юн юли/юл август/авг септември/септ октомври/окт ноември/ноем декември/дек',
  'јануар/јануара фебруар/фебруара март/марта април/априла мај/маја јун/јуна јул/јула август/августа септембар/септембра октобар/октобра новембар/новембра децембар/децембра',
  // el, he, ar (two traditions), fa writes the Gregorian months in its own way, hi, bn, ta is rare, th
  'ιανουαριου/ιανουαριος/ιαν φεβρουαριου/φεβρουαριος/φεβ μαρτιου/μαρτιος/μαρ απριλιου/απριλιος/απρ μαιου/μαιος/μαι ιουνιου/ιουνιος/ιουν ιουλιου/ιουλιος/ιουλ αυγουστου/αυγουστος/αυγ σεπτεμβριου/σεπτεμβριος/σεπ/σεπτ οκτωβριου/οκτωβριος/οκτ νοεμβριου/νοεμβριος/νοε δεκεμβριου/δεκεμβριος/δεκ',
  'ינואר/בינואר פברואר/בפברואר מרץ/במרץ/מרס/במרס אפריל/באפריל מאי/במאי יוני/ביוני יולי/ביולי אוגוסט/באוגוסט ספטמבר/בספטמבר אוקטובר/באוקטובר נובמבר/בנובמבר דצמבר/בדצמבר',
  'يناير فبراير مارس ابريل/أبريل مايو يونيو يوليو اغسطس/أغسطس سبتمبر اكتوبر/أكتوبر نوفمبر ديسمبر',
  'جانفي فيفري - افريل/أفريل ماي جوان جويلية اوت/أوت - - - -',
  'ژانویه فوریه مارس آوریل مه ژوئن ژوئیه اوت سپتامبر اکتبر نوامبر دسامبر',
  'जनवरी फरवरी/फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर/सितम्बर अक्टूबर/अक्तूबर नवंबर/नवम्बर दिसंबर/दिसम्बर',
  'જાન્યુઆરી ફેબ્રુઆરી માર્ચ એપ્રિલ મે જૂન જુલાઈ ઓગસ્ટ સપ્ટેમ્બર ઓક્ટોબર નવેમ્બર ડિસેમ્બર',
  'জানুয়ারি/জানুয়ারী ফেব্রুয়ারি/ফেব্রুয়ারী মার্চ এপ্রিল মে জুন জুলাই আগস্ট সেপ্টেম্বর অক্টোবর নভেম্বর ডিসেম্বর',
  'มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม',
]

const monthByName = readMonths()

/** 1..12, whatever the language and case; undefined when it is no month. */
export function monthOf(name: string): number | undefined {
  const lower = name.toLowerCase()
  return monthByName.get(lower) ?? monthByName.get(bare(lower))
}

/** `ä` → `a`, `ł` → `l`. Vowel signs of Indic scripts are no diacritics. */
function bare(name: string): string {
  return name
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .replaceAll('ł', 'l')
    .replaceAll('ı', 'i')
}

function readMonths(): Map<string, number> {
  const months = new Map<string, number>()
  const doubtful = new Set<string>()
  for (const language of languages) {
    for (const [index, names] of language.split(' ').entries()) {
      for (const name of names.split('/')) {
        const key = bare(name)
        if (name === '-' || key === '') continue
        if ((months.get(key) ?? index + 1) !== index + 1) doubtful.add(key)
        months.set(key, index + 1)
      }
    }
  }
  for (const name of doubtful) months.delete(name)
  return months
}
