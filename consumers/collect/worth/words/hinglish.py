"""Hindi words of feedback in Latin letters; `CERTAIN` are those that no English text has."""

from __future__ import annotations

from typing import Final

from consumers.collect.worth.words.english import ENGLISH
from consumers.collect.worth.words.roles import (
    ASKING,
    ATTRIBUTE,
    BOT,
    COMPARED,
    CONTRAST,
    COPULA,
    COURTESY,
    DEGREE,
    EMOTE,
    FIRST,
    FUNCTION,
    INDEFINITE,
    META,
    MODAL,
    NO,
    NOT,
    NUMBER,
    PERSON_SAID,
    POINTER,
    REQUEST,
    SECOND,
    THING,
    TRUE_OR_FALSE,
    VERDICT,
    YES,
    folded,
    table,
)

HINGLISH: Final = table(
    {
        FUNCTION: "rupaye rupaya rupay rs km kilometer meter percent hai hain h tha thi the thin ho hun hoon hota hoti hote hua hui "
        "hue hona hone hoga hogi ka ki ke ko mein me main se par pe ne tak yeh ye yah woh wo voh vah is us in un ise use "
        "isko usko iska iski iske uska uski uske inka inki unka unki unke isme usme usmein isne usne aur ya hi bhi jo jis "
        "jise jisme ek liye sath saath baad pehle pahle bare baare raha rahi rahe gaya gayi gaye gyi gya kar karke karta "
        "karti karte kiya kiye diya di diye le liya wala wali wale ja jata jati jate jaisa jaisi jaise aisa aisi aise "
        "yahan wahan ab tab jab agar lekin magar balki phir fir wahi yahi sab sabhi kuch kuchh baat baatein cheez tarah "
        "apna apni apne dwara hetu tatha kyunki kyonki isliye na ji reh chuka chuki chuke padta padti lagta lagti aata "
        "aati do",
        COPULA: "hai hain h tha thi the ho hota hoti hote",
        THING: "yeh ye yah woh wo voh ise use isko usko isme usme yahan wahan aisa",
        VERDICT: "mazedar majedar napasand sandigdh niradhar bemtlab bematlab bemel laparwahi laparwah naraz pareshan dukhi khush "
        "mast raddi sada vahiyat dhang saaf kata toota tuta atka atak galtiyon bhram shak sandeh dhokha natak tamasha "
        "nasamajh lamba lambi saral aasan asaan kathor andaza andaz anuman kahani kalpana afwah stuck hang crash useless "
        "nonsense bogus good bad best worst galat galt glt galti galtiyan ghalat sahi theek thik tik jhooth jhoot jhutha "
        "jhoothi jhuth asatya ashuddh shuddh trutipurn bhramak bakwas bakwaas bekar bekaar kharab ghatiya bura buri "
        "betuka betuki faltu faaltu fizool nirarthak vyarth adhura adhuri adhure apurna aadha aadhi aspasht purana purani "
        "purane aprasangik mangadhant kalpanik nakli farzi farji santusht nirash hasyaspad gairkanooni avaidh khatarnak "
        "asambhav kamzor kachcha ulta ulti ulte vipreet satik uchit sharmnak achha accha acha achhi acchi badhiya badiya "
        "uttam shandar upyogi anupyogi madadgar gadbad bhool bhul chook barbad barbadi kathin mushkil rookha dheema "
        "gumrah apmaan apman spasht behtar fail samasya shikayat ganda badtar bhadda misleading wrong incorrect vague "
        "fake slow weak illegal",
        TRUE_OR_FALSE: "sahi galat glt satya asatya sach jhooth shuddh ashuddh theek true false wrong right",
        META: "saboot praman pramaan proof samadhan samasya sandesh line hal intezaar intezar intzaar pratiksha base point "
        "points jawab javab jawaab uttar pratikriya jankari jaankari jankaari suchna soochna tathya vyakhya anuvad arth "
        "matlab saar salah salaah vivaran sawal sawaal prashn khabar bhasha baat",
        BOT: "bot chatbot ai machine server",
        ATTRIBUTE: "app button screen shatabdi sadi vansh kaal yug zila gaon imarat mandir kila mahal raja rani samrat mantri neta "
        "kavi rang tyohar utsav rajdhani doori jansankhya mudra aadmi admi aurat photo map naksha figures rules niyam "
        "seema password login kathan dava naam tarikh tareekh tithi din saal varsh san mahina samay samaye sankhya ginti "
        "aankda rashi daam keemat kimat shulk kiraya dar sheher shehar shahar jagah sthan rajya desh nadi lekhak pata "
        "vartani matra vyakaran vikalp aayu umar umra unchai lambai kram suchi shirshak shabd hissa srot udaharan lehja "
        "sthiti hisab hisaab ganna film kitab kitaab nishan tareeka tarika fark farak disha timing time date number rate "
        "option city year age list spelling status translation info figure amount height",
        REQUEST: "bhejo bhejein bhejiye karao karaein karaiye karaye jodo jodein kholo kholein roko suno suniye milao samjho "
        "samjhiye darj raho rehne rahne chup failao phailao maniye puchna poochna karwa kara nikalo hataiye likhna padhna "
        "dekhna soch forward send share attach jaancho jancho janch jaanch sudharo sudhaaro sudharein sudhar sudhaar "
        "dekho dekhiye dekhein dekh padho padhiye padhein padh khojo dhoondo hatao hata mitao badlo batao bataiye bataye "
        "batayein batana samjhao samjhaiye likho likhiye pucho poocho puchiye pooch puch poochke bolo boliye karo kariye "
        "kijiye kijie karein kare kro do dijiye dijie dena bhoolo bhul lagao banao ruko chhodo maano seekho pushti update "
        "sanshodhan dobara dubara prayas koshish madad sahayata help check verify fix correct search try ignore confirm "
        "karwao karvao sudharwao lao aao jao jaiye socho dikhao dohrao gino karwaiye lo lijiye",
        COURTESY: "raatri ratri dost mitra mahoday chaliye chalo good morning kripya kripaya krupya please plz pls dhanyavaad "
        "dhanyavad dhanyawad shukriya aabhar namaste namaskar pranam hello hi hii hey ok okay maaf maf kshama sorry "
        "suprabhat alvida swagat badhai nivedan vinti bhai sahab yaar sir",
        FIRST: "maine mene mujhe mujhko mera meri mere hum humne humein hume hamara hamari hamare mujhse mai",
        SECOND: "aap ap aapne apne aapko aapka aapki aapke aapse tum tumne tumhe tumhara tumhari tumhare tumko tu tune tera teri tere",
        ASKING: "kya kyun kyon kyu kaun kon kaise kaisa kaisi kab kahan kaha kisne kis kiska kiski kitna kitni kitne kise",
        YES: "haan han ha haa ji yes bilkul zaroor zarur avashya beshak",
        NO: "nahi nahin nhi nahee nai na naa no nope nah hargiz",
        NOT: "nahi nahin nhi nahee nai na naa mat no not bina",
        EMOTE: "jai hmm hmmm baba gazab gajab naman kooda kuda raddi chup dafa bhaad chhodo chhod huh had haddh hey tauba "
        "bakchod fenku phenku dhongi nautanki tamasha vahiyat samjhe wah waah are arey oh uff chhi haha hehe lol gadha "
        "gadhe murkh bewakoof bevkoof pagal paagal nikamma nikamme anpadh buddhu ullu kachra kachara sharam sharm kamaal "
        "kamal mazak majak taaliyan taliyan shabash nalayak kabaad faltu dimag dimaag seriously really gyaani gyani",
        DEGREE: "zara jara kafi behad sachmuch wakai vakai aakhir kabhi aksar sada agla agli agle next bahut bohot bahot bilkul "
        "ekdam puri poori poora pura sarasar kaafi bada badi bade itna itni itne phir fir abhi ab hamesha baar kewal sirf "
        "bas zyada jyada adhik kam thoda thodi shayad lagatar turant jaldi kahin dono teeno charo sare saare saara saari",
        NUMBER: "shunya ek do teen char chaar paanch panch chhe chhah saat aath nau das gyarah barah terah chaudah pandrah solah "
        "satrah atharah unnis bees pachis tees chautis chalis pachas saath sattar assi nabbe sau hazaar hazar hajar lakh "
        "crore karod dedh dhai sadhe sava paune pehla dusra teesra muft free kai anek hazaron",
        COMPARED: "dugna dugne duguna dogune zyada jyada adhik kam uncha unchi oonchi chhota chota bada badi lamba purana purani "
        "naya nayi behtar aage piche",
        MODAL: "sakte sakta sakti chahiye hoga hogi anivarya padega padta zaroori zaruri",
        POINTER: "upar neeche niche page document documents website site pdf report chapter circular minutes notice board brochure "
        "link portal file google wikipedia internet pichla pichli pichle message",
        CONTRAST: "to toh",
        INDEFINITE: "koi kisi dusra dusri dusre kai kuch padosi anya alag",
        PERSON_SAID: "likha likhi samajh vishwas vishvas shak sandeh chahta chahti intezaar possible poocha pucha puchha kaha bataya "
        "bola gaya gayi sehmat sahmat bharosa yakeen yakin shikayat complaint santusht khush phone",
    }
)
# Words that both languages write alike say nothing about the language.
_BOTH: Final = folded(
    "the main me to is us in par se ne do hi ho tu are use ya on so lo ha na are san dar he ai bot server machine fix check try help "
    "film time date number rate option city year age list status please ok okay hello sorry hey yes no nope nah true false "
    "wrong right page "
    "document documents website site pdf report chapter circular minutes notice board brochure link portal file google "
    "wikipedia internet "
    "message phone complaint update verify correct search ignore confirm correction test testing really seriously lol free "
    "lakh crore info "
    "figure amount height translation spelling timing un jo be ram sir hun the sab pure dam bad bare fail weak slow fake "
    "vague illegal "
    "misleading incorrect not haha hehe oh mat man saw chat hum sang tab jab sat at lao ham gaya kamal mere"
)
# Nor do words that are in names.
_GRAMMAR: Final = FUNCTION | COPULA | THING | FIRST | SECOND | ASKING | NO | YES | VERDICT | META | REQUEST | DEGREE | MODAL
CERTAIN: Final = frozenset(word for word, role in HINGLISH.items() if role & _GRAMMAR and word not in _BOTH and word not in ENGLISH)
# In a text with Hindi in it these have their Hindi meaning alone: "to" is a particle, "do" is "give", "hi" is emphasis.
_HINDI_FIRST: Final = folded("to do hi me main us the use are ab is in go be")
MIXED: Final = {
    word: HINGLISH.get(word, 0) | (0 if word in HINGLISH and word in _HINDI_FIRST else ENGLISH.get(word, 0))
    for word in {*HINGLISH, *ENGLISH}
}
