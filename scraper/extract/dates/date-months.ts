/**
 * The names of the months in the languages of the web's pages, full, in the genitive and cut short. The list of a language is 12 alternatives apart by
 * spaces, those of one month by `/`, the two words of a name by `_`. Diacritics and dots are taken off before the look-up; a name that means two months is left out of both.
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
  'leden/ledna/led unor/unora/uno brezen/brezna/bre duben/dubna/dub kveten/kvetna/kve cerven/cervna/cvn cervenec/cervence/cvc srpen/srpna/srp zari/zar rijen/rijna/rij listopadu prosinec/prosince/pro',
  'januar/januara februar/februara marec/marca april/aprila maj/maja jun/juna jul/jula august/augusta september/septembra oktober/oktobra november/novembra december/decembra',
  'januar februar/febr marcius/marc aprilis/apr majus/maj junius/jun julius/jul augusztus/aug szeptember/szept oktober/okt november/nov december/dec',
  'ianuarie/ian februarie martie/mart aprilie mai iunie/iun iulie/iul august septembrie octombrie noiembrie/noi decembrie',
  'sijecanj/sijecnja veljaca/veljace ozujak/ozujka travanj/travnja svibanj/svibnja lipanj/lipnja srpanj/srpnja kolovoz/kolovoza rujan/rujna - studeni/studenoga/studenog prosinac/prosinca',
  'januarja/januarju februarja marca aprila maja junija/junij julija/julij avgust/avgusta/avg septembra oktobra novembra decembra',
  'ocak/oca subat/sub mart nisan/nis mayis haziran/haz temmuz/tem agustos/agu eylul/eyl ekim/eki kasim/kas aralik/ara',
  // et, lv, lt, id, vi is in digits, ca, eu
  'jaanuar/jaanuari/jaan veebruar/veebruari/veebr marts/martsi aprill/aprilli mai juuni juuli august/augusti september/septembri oktoober/oktoobri november/novembri detsember/detsembri/dets',
  'janvaris/janvari februaris/februari marts/marta aprilis/aprili maijs/maija junijs/junija julijs/julija augusts/augusta septembris/septembri oktobris/oktobri novembris/novembri decembris/decembri',
  'sausis/sausio vasaris/vasario kovas/kovo balandis/balandzio geguze/geguzes birzelis/birzelio liepa/liepos rugpjutis/rugpjucio rugsejis/rugsejo spalis/spalio lapkritis/lapkricio gruodis/gruodzio',
  'januari februari/pebruari maret april mei juni juli agustus/agu september oktober november/nopember desember',
  'gener/gen febrer/febr marc abril maig juny juliol agost/ag setembre octubre novembre desembre/des',
  // ru, uk, be, bg, sr
  'январь/января/янв февраль/февраля/фев/февр март/марта/мар апрель/апреля/апр май/мая июнь/июня/июн июль/июля/июл август/августа/авг сентябрь/сентября/сен/сент октябрь/октября/окт ноябрь/ноября/ноя/нояб декабрь/декабря/дек',
  'січень/січня/січ лютий/лютого/лют березень/березня/бер квітень/квітня/кві/квіт травень/травня/тра/трав червень/червня/чер/черв липень/липня/лип серпень/серпня/сер/серп вересень/вересня/вер жовтень/жовтня/жов/жовт листопад/листопада/лис/лист грудень/грудня/гру/груд',
  'студзеня/студзень/сту лютага/люты/лют сакавіка/сакавік/сак красавіка/красавік/кра мая чэрвеня/чэрвень/чэр ліпеня/ліпень/ліп жніўня/жнівень/жні верасня/верасень/вер кастрычніка/кастрычнік/кас лістапада/лістапад/ліс снежня/снежань/сне',
  'януари/ян февруари/фев март април/апр май юни/юн юли/юл август/авг септември/септ октомври/окт ноември/ноем декември/дек',
  'јануар/јануара фебруар/фебруара март/марта април/априла мај/маја јун/јуна јул/јула август/августа септембар/септембра октобар/октобра новембар/новембра децембар/децембра',
  // el, he, ar (four traditions), fa writes the Gregorian months in its own way, hi, gu, bn, th
  'ιανουαριου/ιανουαριος/ιαν φεβρουαριου/φεβρουαριος/φεβ μαρτιου/μαρτιος/μαρ απριλιου/απριλιος/απρ μαιου/μαιος/μαι ιουνιου/ιουνιος/ιουν ιουλιου/ιουλιος/ιουλ αυγουστου/αυγουστος/αυγ σεπτεμβριου/σεπτεμβριος/σεπ/σεπτ οκτωβριου/οκτωβριος/οκτ νοεμβριου/νοεμβριος/νοε δεκεμβριου/δεκεμβριος/δεκ',
  'ינואר/בינואר/ינו/בינו פברואר/בפברואר/פבר/בפבר מרץ/במרץ/מרס/במרס אפריל/באפריל/אפר/באפר מאי/במאי יוני/ביוני יולי/ביולי אוגוסט/באוגוסט/אוג/באוג ספטמבר/בספטמבר/ספט/בספט אוקטובר/באוקטובר/אוק/באוק נובמבר/בנובמבר/נוב/בנוב דצמבר/בדצמבר/דצמ/בדצמ',
  'يناير فبراير مارس ابريل/أبريل/إبريل مايو يونيو/يونيه يوليو/يوليه اغسطس/أغسطس سبتمبر اكتوبر/أكتوبر نوفمبر ديسمبر',
  'جانفي فيفري - افريل/أفريل ماي جوان جويلية اوت/أوت - - - -',
  '- - - - - - يوليوز غشت شتنبر - نونبر دجنبر',
  'كانون_الثاني شباط آذار/اذار نيسان أيار/ايار حزيران تموز آب أيلول/ايلول تشرين_الأول/تشرين_الاول تشرين_الثاني كانون_الأول/كانون_الاول',
  'ژانویه/ژانویهٔ فوریه/فوریهٔ مارس آوریل/آپریل مه/مهٔ/می ژوئن/جون ژوئیه/ژوئیهٔ/جولای/ژوییه اوت/آگوست/اگست سپتامبر اکتبر نوامبر دسامبر',
  'जनवरी/जन फरवरी/फ़रवरी/फ़र/फर मार्च अप्रैल मई जून जुलाई/जुल अगस्त/अग सितंबर/सितम्बर/सित अक्टूबर/अक्तूबर/अक्टू नवंबर/नवम्बर/नव दिसंबर/दिसम्बर/दिस',
  'જાન્યુઆરી/જાન્યુ ફેબ્રુઆરી/ફેબ્રુ માર્ચ એપ્રિલ મે જૂન જુલાઈ ઓગસ્ટ/ઑગસ્ટ સપ્ટેમ્બર/સપ્ટે ઓક્ટોબર/ઑક્ટોબર/ઑક્ટો નવેમ્બર/નવે ડિસેમ્બર/ડિસે',
  'জানুয়ারি/জানুয়ারী/জানু ফেব্রুয়ারি/ফেব্রুয়ারী/ফেব মার্চ এপ্রিল/এপ্রি মে জুন জুলাই/জুল আগস্ট/আগ সেপ্টেম্বর/সেপ/সেপ্ট অক্টোবর/অক্টো নভেম্বর/নভে ডিসেম্বর/ডিসে',
  'มกราคม/ม.ค. กุมภาพันธ์/ก.พ. มีนาคม/มี.ค. เมษายน/เม.ย. พฤษภาคม/พ.ค. มิถุนายน/มิ.ย. กรกฎาคม/ก.ค. สิงหาคม/ส.ค. กันยายน/ก.ย. ตุลาคม/ต.ค. พฤศจิกายน/พ.ย. ธันวาคม/ธ.ค.',
  // mr, ta, te, kn, ml, pa, ne, ur
  'जानेवारी/जाने फेब्रुवारी/फेब्रु - एप्रिल/एप्रि मे - जुलै ऑगस्ट/ऑग सप्टेंबर/सप्टें ऑक्टोबर/ऑक्टो नोव्हेंबर/नोव्हें डिसेंबर/डिसें',
  'ஜனவரி/ஜன பிப்ரவரி/பிப் மார்ச்/மார் ஏப்ரல்/ஏப் மே ஜூன் ஜூலை ஆகஸ்ட்/ஆக செப்டம்பர்/செப் அக்டோபர்/அக் நவம்பர்/நவ டிசம்பர்/டிச',
  'జనవరి/జన ఫిబ్రవరి/ఫిబ్ర మార్చి ఏప్రిల్/ఏప్రి మే జూన్ జులై/జూలై ఆగస్టు/ఆగ సెప్టెంబర్/సెప్టెం అక్టోబర్/అక్టో నవంబర్/నవం డిసెంబర్/డిసెం',
  'ಜನವರಿ/ಜನ ಫೆಬ್ರವರಿ/ಫೆಬ್ರ ಮಾರ್ಚ್ ಏಪ್ರಿಲ್/ಏಪ್ರಿ ಮೇ ಜೂನ್ ಜುಲೈ ಆಗಸ್ಟ್/ಆಗ ಸೆಪ್ಟೆಂಬರ್/ಸೆಪ್ಟೆಂ ಅಕ್ಟೋಬರ್/ಅಕ್ಟೋ ನವೆಂಬರ್/ನವೆಂ ಡಿಸೆಂಬರ್/ಡಿಸೆಂ',
  'ജനുവരി/ജനു ഫെബ്രുവരി/ഫെബ്രു മാർച്ച്/മാർ ഏപ്രിൽ/ഏപ്രി മേയ്/മെയ് ജൂൺ ജൂലൈ ഓഗസ്റ്റ്/ഓഗ/ആഗസ്റ്റ് സെപ്റ്റംബർ/സെപ്റ്റം ഒക്‌ടോബർ/ഒക്ടോബർ/ഒക്ടോ നവംബർ/നവം ഡിസംബർ/ഡിസം',
  'ਜਨਵਰੀ ਫ਼ਰਵਰੀ/ਫਰਵਰੀ ਮਾਰਚ ਅਪ੍ਰੈਲ ਮਈ ਜੂਨ ਜੁਲਾਈ ਅਗਸਤ ਸਤੰਬਰ ਅਕਤੂਬਰ ਨਵੰਬਰ ਦਸੰਬਰ',
  '- फेब्रुअरी - अप्रिल मे जुन - अगस्ट सेप्टेम्बर अक्टोबर नोभेम्बर डिसेम्बर',
  'جنوری فروری مارچ اپریل مئی جون جولائی اگست ستمبر اکتوبر نومبر دسمبر',
  // km, lo, my, am, ka, hy
  'មករា កុម្ភៈ មីនា មេសា ឧសភា មិថុនា កក្កដា សីហា កញ្ញា តុលា វិច្ឆិកា ធ្នូ',
  'ມັງກອນ ກຸມພາ ມີນາ ເມສາ ພຶດສະພາ ມິຖຸນາ ກໍລະກົດ ສິງຫາ ກັນຍາ ຕຸລາ ພະຈິກ ທັນວາ',
  'ဇန်နဝါရီ ဖေဖော်ဝါရီ မတ် ဧပြီ မေ ဇွန် ဇူလိုင် ဩဂုတ် စက်တင်ဘာ အောက်တိုဘာ နိုဝင်ဘာ ဒီဇင်ဘာ',
  'ጃንዋሪ/ጃን ፌብሩዋሪ/ፌብ ማርች ኤፕሪል/ኤፕሪ ሜይ ጁን ጁላይ ኦገስት/ኦገስ ሴፕቴምበር/ሴፕቴ ኦክቶበር/ኦክቶ ኖቬምበር/ኖቬም ዲሴምበር/ዲሴም',
  'იანვარი/იან თებერვალი/თებ მარტი/მარ აპრილი/აპრ მაისი/მაი ივნისი/ივნ ივლისი/ივლ აგვისტო/აგვ სექტემბერი/სექ ოქტომბერი/ოქტ ნოემბერი/ნოე დეკემბერი/დეკ',
  'հունվարի/հնվ/հունվար փետրվարի/փտվ/փետրվար մարտի/մրտ/մարտ ապրիլի/ապր/ապրիլ մայիսի/մյս/մայիս հունիսի/հնս/հունիս հուլիսի/հլս/հուլիս օգոստոսի/օգս/օգոստոս սեպտեմբերի/սեպ/սեպտեմբեր հոկտեմբերի/հոկ/հոկտեմբեր նոյեմբերի/նոյ/նոյեմբեր դեկտեմբերի/դեկ/դեկտեմբեր',
  // mk, kk, ky writes as Russian, tg
  'јануари/јан - - - - јуни јули - сеп - ное -',
  'қаңтар/қаң ақпан/ақп наурыз сәуір/сәу мамыр маусым шілде/шіл тамыз қыркүйек/қыр қазан қараша желтоқсан/жел',
  'январ феврал - апрел - - - - сентябр октябр ноябр декабр',
  // bs and sr in Latin letters, eu, gl, sq, is, az, uz, ms, fil, sw, af, ga, cy, lb, fy, eo
  '- - - - - - - - septembar/septembra oktobar/oktobra novembar/novembra decembar/decembra',
  'urtarrila/urtarrilak/urtarrilaren otsaila/otsailak/otsailaren martxoa/martxoak/martxoaren apirila/apirilak/apirilaren maiatza/maiatzak/maiatzaren ekaina/ekainak/ekainaren uztaila/uztailak/uztailaren abuztua/abuztuak/abuztuaren iraila/irailak/irailaren urria/urriak/urriaren azaroa/azaroak/azaroaren abendua/abenduak/abenduaren',
  'xaneiro/xan febreiro - - - xuno xullo/xul - - outubro - decembro',
  'janar shkurt/shk - prill/pri - qershor/qer korrik gusht/gush shtator/sht tetor/tet nentor/nen dhjetor/dhj',
  'januar/janúar februar/febrúar mars april/apríl mai/maí juni/júní juli/júlí agust/ágúst september oktober/október november/nóvember desember',
  'yanvar/yan fevral/fev - aprel/apr - iyun/iyn iyul/iyl avqust/avq sentyabr oktyabr noyabr/noy dekabr/dek',
  'yanvar fevral - aprel - iyun iyul - sentabr oktabr noyabr dekabr',
  '- - - - - - julai ogos - - - disember',
  'enero pebrero marso abril mayo hunyo hulyo agosto setyembre oktubre nobyembre disyembre',
  'januari februari machi aprili mei juni julai agosti septemba oktoba novemba desemba',
  'januarie februarie maart april mei junie julie augustus september oktober november desember',
  'eanair feabhra marta aibrean bealtaine meitheamh iuil lunasa - - samhain nollaig',
  'ionawr/ion chwefror mawrth ebrill - mehefin gorffennaf awst medi hydref tachwedd rhagfyr',
  '- - mae abrell mee - - - - - - -',
  'jannewaris febrewaris - - maaie - - - septimber - novimber desimber',
  'januaro februaro marto aprilo majo junio julio augusto septembro oktobro novembro decembro',
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
        const key = bare(name.replaceAll('_', ' '))
        if (name === '-' || key === '') continue
        if ((months.get(key) ?? index + 1) !== index + 1) doubtful.add(key)
        months.set(key, index + 1)
      }
    }
  }
  for (const name of doubtful) months.delete(name)
  return months
}
