"""Phrases of feedback that single words do not tell, over folded words with one space between them (`roles.fold`)."""

from __future__ import annotations

import re
from typing import Final

from consumers.collect.worth.words.roles import fold, folded


def _phrases(*listed: str) -> re.Pattern[str]:
    """One pattern of phrases at the borders of words; outside brackets each word is folded as a text's are."""
    return re.compile(r"(?:^|(?<= ))(?:" + "|".join(_folded(phrase) for phrase in listed) + r")(?= |$)")


def _folded(phrase: str) -> str:
    return re.sub(r"[A-Za-z'\u0900-\u097f]+", lambda word: fold(word.group().lower()), phrase)


_PASSAGES: Final = (
    "(?:document|documents|docs|passage|passages|text|context|source|sources|excerpt|excerpts|report|manual|circular|file|"
    "दस्तावेज|दस्तावेज़|दस्तावेज़ों|दस्तावेजों|अंश|अंशों|पाठ|परिपत्र|संदर्भ)"
)  # fmt: skip
# "The documents do not say": right where it is right, and never a complaint.
REFUSES: Final = _phrases(
    (f"{_PASSAGES} (?:do|does|did|dont|doesnt|didnt)(?: not)? (?:say|mention|name|give|state|contain|tell|specify|"
     f"provide|cover|include)"),
    ("not (?:mentioned|stated|given|named|known|published|available|specified|provided|found|recorded|disclosed)(?: "
     "(?:in|by) .*)?"),
    f"(?:is|are|was) not (?:in|part of) (?:the |these |this |any )?{_PASSAGES}",
    "(?:there is )?no (?:such )?(?:information|data|record|records|details|mention)", "i (?:do not|dont) (?:have|know|find) .*",
    "i (?:could not|couldnt|cannot|cant) (?:find|say|tell|confirm) .*(?:document|documents|passage|passages|text)",
    "(?:has|have) not been (?:published|announced|released|decided)", f"{_PASSAGES} (?:में|me|mein) .*(?:नहीं|nahi)",
    "(?:जानकारी|jankari|jaankari|उल्लेख|सूचना) .*(?:नहीं|nahi)", "(?:मेरे पास|mere pas) .*(?:नहीं|nahi)",
    "^(?:ज्ञात|पता|मालूम|pata|gyat|malum)(?: है)? (?:नहीं|nahi)", "^(?:नहीं|nahi) (?:पता|pata|malum|मालूम)",
)  # fmt: skip
# None, nothing, not needed: an answer to what asks which, how many or what for.
NONE: Final = _phrases(
    "none|nothing|nobody|no one|nowhere|never|zero|nil|not any|not one",
    "not (?:required|needed|necessary|applicable|available|allowed|possible|supported|compulsory|mandatory)",
    "no (?:need|charge|limit|fee|one|penalty|refund|tax|cost|such .*)", "(?:कोई|कुछ|एक|कभी|कहीं)(?: भी| ही)? नहीं",
    "किसी (?:का|के|की|को|ने|में|से) (?:भी )?नहीं", "(?:koi|kuch|ek|kabhi|kahin|kahi)(?: bhi| hi)? (?:nahi|nhi|na)",
    "kisi (?:ka|ke|ki|ko|ne|me|se) (?:bhi )?(?:nahi|nhi)", "(?:ज़रूरी|जरूरी|अनिवार्य|आवश्यक|संभव|उपलब्ध|मान्य) नहीं",
    "(?:zaroori|zaruri|anivarya|possible|allowed|compulsory|available|zarurat|jarurat) (?:nahi|nhi)",
    "(?:koi|कोई) .* (?:nahi|nhi|नहीं)(?: .*)?",
)  # fmt: skip
# One of these is in each of them.
NONE_WORDS: Final = folded("none nothing nobody no nowhere never zero nil not na nahi nhi नहीं")
# "I think it was 1921": the user's own words about the answer, with the answer.
HEDGES: Final = _phrases(
    "(?:i think|i believe|i guess|as far as i know|in my opinion|to my knowledge|i am sure it|im sure it) .+",
    "(?:मेरे|mere) (?:हिसाब|विचार|ख्याल|ख़याल|अनुसार|hisab|vichar|khayal|anusar|khyal)(?: से| se| में| me)? .+",
    "(?:मुझे लगता है|mujhe lagta hai) .+",
)  # fmt: skip
# "The correct answer is 1861": what comes after answers.
ANSWER_IS: Final = _phrases(
    ("(?:the )?(?:right|correct|actual|real|proper) (?:answer|response|date|name|year|number|figure|spelling|word|"
     "place|city)(?: (?:is|was|should be|would be))?"),
    "(?:the |your )?answer (?:should|must|would|ought to)(?: have)? (?:be|been|read|say)",
    "(?:सही|ठीक|असली) (?:उत्तर|जवाब|नाम|तारीख|वर्ष|संख्या)", "(?:sahi|asli|thik) (?:jawab|uttar|answer|naam|tarikh|saal|number)",
    "^(?:उत्तर|जवाब|jawab|answer|uttar) .+ (?:है|होगा|था|hai|hoga|hona chahiye|होना चाहिए)",
)  # fmt: skip
# Where the answer can be read, instead of it.
POINTS: Final = _phrases(
    "(?:sab|sab kuch|sara|सब|सब कुछ|सारा|all|everything|it is all|its all) .*(?:par|pe|me|mein|पर|में|on|in) .*",
    "(?:nice|niche|neeche|upar|नीचे|ऊपर|below|above) (?:likha|diya|dekho|लिखा|दिया|देखो)(?: .*)?",
    "^(?:uttar|jawab|answer|उत्तर|जवाब|the answer is|its|it is) .*(?:me|mein|par|में|पर)(?: hai| है)?$",
    "(?:board|notice|portal|website|site|बोर्ड|पट्ट|पोर्टल|वेबसाइट|साइट) (?:par|pe|पर) .*",
    "^(?:written|given|mentioned|posted|available) (?:on|in|at|there|above|below).*",
)  # fmt: skip
# "Not Buddha but Shiva": what is right comes after it.
BUT: Final = _phrases(
    "but", "बल्कि", "लेकिन", "पर", "balki", "lekin", "par", "instead", "rather",
)  # fmt: skip
COMPLAINS: Final = _phrases(
    ("(?:doesnt|does not|dont|didnt|did not|do not|not|never) (?:answer|match|help|make sense|makes sense|work|"
     "working|understand|address|say that|related|relevant|even close)"),
    ("not (?:what|even|quite|close|as per|according|according to|relevant|related|at all|true|good|helpful|up to "
     "date|correct|right|accurate|acceptable|polite|the (?:message|meaning|point|question|answer))"),
    "nothing to do with", "makes? no sense", "no sense",
    "(?:misses|missed|missing|lacks) (?:the )?(?:main )?(?:point|points|answer|context|details?)",
    ("(?:is|are|its|thats|was) (?:so |very |too |totally |completely |just |way )?(?:off|missing|misspelled|"
     "misspelt|wrong|incorrect|outdated|impossible|vague|nonsense)(?: by .*)?"),
    "off by .+", "at least .+ off", "(?:as|like) i (?:said|told|asked|mentioned)",
    "same (?:as|question|answer|thing|problem|mistake)(?: .*)?",
    "(?:try|check|look|read|search|think|count|ask) (?:it |this |that |this one )?again",
    "needs? (?:to be )?(?:correction|review|human|fixing|checking|corrected|reviewed|checked|fixed|updated)",
    "should be (?:reviewed|corrected|checked|removed|fixed|verified|fired|updated)", "do (?:the needful|something|better)",
    "knows? (?:this|that|it)", "(?:go )?back to school", "for nothing", "(?:better|worse) than (?:this|that|you|it)",
    "gives? a better", "(?:is|are|its|was) (?:much |far |way |even )?(?:higher|lower|more|less|older|taller|bigger|earlier|later)$",
    "(?:higher|lower|more|less|older|taller|bigger|earlier|later) than (?:that|this|it)",
    "^too (?:early|late|high|low|short|long|many|few|much|small|big|vague)",
    "is too (?:early|late|high|low|short|long|many|few|much|small|big|vague)(?: .*)?", "(?:only|just) the .* ones?",
    "(?:is|are|was|were) not your .*", "waste of (?:time|money|public money)", "^mixed up",
    "^(?:test|testing)(?: (?:message|msg|test|only|please|[0-9]+))*$", "^(?:परीक्षण|टेस्ट)(?: संदेश)?$", "^(?:sent|asked) by mistake",
    "different thing", "who (?:told|said|says) .*", "years? off",
    "^(?:in|on|from) the (?:pdf|document|chapter|page|link|website|report)(?: .*)?",
    ("(?:its|it is|answer is|all|is) (?:in|on|there in) (?:the |your |my )?(?:pdf|document|chapter|page|link|"
     "website|report|circular|notice|brochure|site)(?: .*)?"),
    ("(?:app|page|link|site|website|button|login|server|screen) (?:is |does |do |keeps |was )?(?:not|nt|isnt|doesnt|"
     "keeps|crash|slow|broken|down|stuck|dead).*"),
    "this changed .*", "do not (?:tally|add up|agree|work)|dont (?:tally|add up|agree|work)", "(?:as per|according to) the attached",
    "mentioned (?:in|on|above|before|earlier).*", "(?:even|any|every|ask) (?:a |any )?(?:child|kid|one|student|body|school).*",
    "whoever .*", "no (?:idea|clue|way|proof|source|sense|logic|longer .*)", "(?:got|love|hate|like) (?:it|this|that)$", "used to be",
    "^(?:its |it |this |that |is )?still .*", "(?:that|it|this) (?:is|was) the old .*", "(?:last|next) time", "so what is .*",
    "not (?:working|loading|opening)", "repeating itself|repeats itself",
    "wrong language|wrong again|still wrong|once more|once again", "^(?:yesterday|last (?:week|month|year|night)) .*",
    "^(?:act|speak|talk|write|reply|respond|answer) (?:as|like|in|with|only|only in|only with) .*",
    ("^(?:use|give|add|include|be|make it|keep it) (?:more |less |a |an )?(?:simple|simpler|bullet|bullets|detailed|"
     "detail|details|short|shorter|brief|long|longer|formal|concise|specific|precise|polite|headings?|tables?|"
     "points|examples?|steps?|sources?)(?: .*)?"),
    "^(?:one|two|single) (?:word|words|line|lines|sentence|sentences)(?: only)?", "step by step (?:instructions|please)?",
    "in (?:hindi|english|simple words|detail|short|brief)(?: please| pls| plz)?$", "(?:has|have) changed",
    "go(?:es)? wrong|went wrong|got (?:it|this|that) wrong|(?:getting|get) it wrong", "should not (?:have )?.*",
    "(?:leave|left) out .*", "closed years ago|long ago", "^(?:that (?:is|was)|thats|those (?:are|were)) .*",
    "^(?:it|that|this) does exist", "can(?:not|t)? be (?:true|right|correct)", "how can (?:this|that|it) .*", "^the other .*",
    "keep trying", "needs work", "^(?:source|sources|citation|reference|proof|link|more .*|detail|details) needed$",
    "^with (?:references?|sources?|examples?|details?)(?: .*)?",
    "^give (?:me )?(?:examples?|references?|sources?|links?|details?)(?: .*)?", "^flag .*", "^(?:thumbs|thumb) down$",
    "^no comments?$", "^(?:has|have) gone .*", "(?:you|u) have it .*", "(?:way|too) (?:too )?(?:early|late) .*",
    "^(?:only |in )?(?:hindi|english)(?: only| please| language)*$", "says? otherwise",
    "(?:everyone|everybody|anyone|anybody|nobody|every .*) (?:knows|shows|says|can|could|will).*",
    "^(?:have|are|do|did|were|can|could|will|would) you .*", "(?:made|make) up.*", "(?:seems|looks|sounds) .*",
    "^(?:another|some other) .*", "has (?:another|a different|some other) .*", "^(?:vahi|vohi|वही) (?:jo|जो|to|तो) .*",
    "^(?:it|that|this|he|she) (?:is|was) (?:a|an|another|some|somebody|someone) (?:[^ ]+ ?){1,3}$",
    "(?:काम|मेल|मतलब|समझ|लेना देना|संबंध|जवाब|उत्तर|मदद|फायदा) (?:का |ही |में |भी |कुछ )?(?:नहीं|न|नही)(?: .*)?",
    "(?:कोई|किसी) (?:मतलब|संबंध|मदद|लेना|काम|फायदा|जवाब)(?: .*)?",
    "(?:यह|ये|ऐसा|वह|इसमें) (?:तो )?(?:नहीं|नही) (?:पूछा|लिखा|कहा|है|चाहिए)(?: .*)?", "(?:ऐसा|वैसा) (?:नहीं|कुछ नहीं)(?: .*)?",
    "(?:के|से) (?:अनुसार|मुताबिक) नहीं(?: .*)?", "(?:इससे|उससे|इस से) (?:भी |कहीं |बहुत |तो )?.*",
    "(?:छूट|रह) (?:गया|गई|गए|गयी)(?: .*)?", "छोड़ (?:दिया|दी|दिए|ही दी|ही दिया)(?: .*)?", "मिला दिया(?: .*)?",
    "(?:बदल|बना) (?:दिया|दी|गई|गए|गया)(?: हैं| है)?", "आगे पीछे(?: .*)?",
    "(?:पहले|ऊपर|पिछली बार|पिछले बार) (?:ही )?(?:पूछा|कहा|बताया|बता|जैसा|वाला|का|देखो|देखें|देखिए)(?: .*)?",
    "जैसा (?:मैंने|पहले|कहा)(?: .*)?", "(?:वही|एक ही) (?:सवाल|बात|गलती|जवाब)(?: .*)?",
    "(?:फिर|फिर से|अब भी|अभी भी|दोबारा|अभी तक) (?:वही|गलत|गलती|नहीं)(?: .*)?", "बार बार(?: .*)?",
    "(?:कुछ भी|मन से|अंदाज से|हवा में) .*", "(?:चाहिए|आवश्यकता है|जरूरत है|ज़रूरत है)$(?<=जरूरत है)",
    "(?:सुधार|जाँच|जांच|समीक्षा|संशोधन) (?:की )?(?:चाहिए|आवश्यकता|जरूरत|ज़रूरत|कीजिए|करें|करो|करवाओ)(?: .*)?",
    "(?:पूछकर|देखकर|जाँचकर|पढ़कर) .*", "फर्क है|अंतर है|फ़र्क है",
    "(?:क्या|कितना|कितनी) (?:बात|ज्ञान|घटिया|बकवास|कमाल|बेकार|खराब|मज़ाक)(?: .*)?", "(?:कल|पिछले हफ्ते|पिछले महीने|परसों) .*",
    "(?:हो ही नहीं|हो नहीं) सकत(?:ा|ी|े)(?: .*)?", "(?:एक भी|कोई भी) .*नहीं(?: .*)?", "कम से कम .* फर्क(?: .*)?",
    "(?:पैदा|जन्म) भी नहीं(?: .*)?", "के लिए (?:है|हैं)$",
    "(?:हिंदी|हिन्दी|अंग्रेज़ी|अंग्रेजी|सरल भाषा|आसान भाषा|विस्तार|संक्षेप|एक शब्द|क्रम) (?:में|से) .*",
    "(?:की|के) तरह (?:बोलो|लिखो|बताओ|बात)(?: .*)?", "(?:नहीं|न) (?:आया|समझा|समझ आया|आता|बताया|पढ़ा|पता चला|माना)(?: .*)?",
    "लेना देना(?: .*)?", "जो .* (?:दी|दिया|दिए) (?:वह|वो|ये) .*", "बता चुक(?:ा|ी|े)(?: .*)?", "(?:कब के|कब की|कब का) .*",
    "(?:बड़ा|बढ़ा) (?:चढ़ाकर|चढ़ा कर)(?: .*)?", "(?:मत|न) (?:लिखो|लगाओ|करो|बोलो|बनाओ|दो)(?: .*)?", "जानता है|जानते हैं",
    "बता (?:देते|रहे|दिया|देता) (?:हो|हैं|है)?(?: .*)?", "किस(?:ने)? (?:कहा|बताया)(?: .*)?",
    "(?:तालियाँ|समझ गया|समझ गई|ठीक है|अच्छा फिर)$", "(?:कैसे|क्या) (?:हैं|हाल)(?: .*)?", "रहने (?:ही )?दो",
    "(?:न|ना|नहीं) हो (?:पाएगा|पायेगा|सकता)(?: .*)?", "^(?:हिंदी|हिन्दी|अंग्रेज़ी|अंग्रेजी) में$", "संदर्भ (?:सहित|दें|दीजिए|दो)",
    "इतन[^ ]* .*(?:नहीं|नही)(?: .*)?", "(?:सबको|सब को|सभी को) (?:पता|मालूम)(?: .*)?", "(?:पूछे|पूछी|पूछा) (?:थे|थी|था)(?: .*)?",
    "(?:कम|ज्यादा|अधिक) (?:है|हैं|लग|बताए|बताया)(?: .*)?", "(?:निकल|बीत) (?:चुका|चुकी|चुके|गया|गई)(?: .*)?", "से अलग (?:है|हैं)",
    "(?:दिमाग|समय) (?:खराब|बर्बाद)(?: .*)?", "(?:कोई|कुछ) और (?:है|हैं|था|लिखा)(?: .*)?", "कष्ट करें",
    "(?:ऐप|पेज|लिंक|साइट|बटन|लॉगिन|सर्वर) .*(?:नहीं|खराब|बंद|धीमा|अटक).*", "(?:समझ|पता) .*(?:आ गया|नहीं).*",
    "बदल (?:चुके|चुका|चुकी|गए|गया|गई)(?: .*)?", "से भरा(?: .*)?", "का (?:इंतजार|इंतज़ार)(?: .*)?",
    "(?:विश्वास|भरोसा|यकीन) नहीं(?: .*)?", "(?:अभी भी|अब भी|अभी तक|फिर भी) .*", "(?:[^ ]+(?:ते|ता|ती)|रहे|रही) हो(?: .*)?",
    "[^ ]+ोगे(?: .*)?",
    ("(?:kam|match|matlab|samajh|lena dena|sambandh|jawab|madad|fayda|yakin|bharosa) (?:ka |hi |me |bhi |kuch "
     ")?(?:nahi|nhi|na)(?: .*)?"),
    "(?:koi|kisi) (?:matlab|sambandh|madad|lena|kam|fayda|jawab)(?: .*)?",
    "(?:ye|yeh|aisa|vo|isme) (?:to )?(?:nahi|nhi) (?:pucha|puchha|likha|kaha|hai|chahiye)(?: .*)?",
    "(?:aisa|vaisa) (?:nahi|kuch nahi)(?: .*)?", "(?:ke|se) (?:anusar|mutabik) nahi(?: .*)?", "isse (?:bhi |kahin |bahut |to )?.*",
    "(?:chhut|chhot|chhoot|chut|choot|reh|rah) (?:gaya|gayi|gaye|gye)(?: .*)?",
    "(?:chhod|chod|chhor) (?:diya|di|diye|hi di|hi diya)(?: .*)?", "mila diya(?: .*)?",
    "(?:badal|bana) (?:diya|di|gaye|gaya|gayi|hi diya)(?: hain| hai)?", "(?:hi )?badal diya", "age pichh?e(?: .*)?",
    "(?:pehle|upar|pichli bar|pichle bar) (?:hi )?(?:pucha|puchha|kaha|bataya|bata|jaisa|vala|ka|dekho|dekhiye)(?: .*)?",
    "jaisa (?:maine|pehle|kaha|hi)(?: .*)?", "(?:vahi|vohi|ek hi) (?:saval|bat|galti|jawab)(?: .*)?",
    "(?:fir|phir|fir se|phir se|ab bhi|abhi bhi|dobara|abhi tak) (?:vahi|galat|galti|nahi)(?: .*)?", "bar bar(?: .*)?",
    "(?:kuch bhi|man se|andaje se|hava me) .*",
    ("(?:sudhar|janch|correction|check|review|update) (?:ki |karne ki )?(?:chahiye|avashyakta|jarurat|zarurat|"
     "kijiye|karein|karo|karvao)(?: .*)?"),
    "(?:puch|puchh|dekh|padh|janch|karke) (?:ke|kar|kr) .*", "fark hai",
    "(?:kya|kitna|kitni) (?:bat|gyan|ghatiya|bakvas|kamal|bekar|kharab|majak)(?: .*)?",
    "(?:kal|pichle hafte|pichle mahine|parson) .*", "(?:ho hi nahi|ho nahi) sakt(?:a|i|e)(?: .*)?",
    "(?:ek bhi|koi bhi) .*nahi(?: .*)?", "kam se kam .* (?:fark|farak)(?: .*)?", "paida bhi nahi(?: .*)?", "ke liye (?:hai|hain)$",
    "(?:hindi|english|simple bhasha|asan bhasha|detail|short|ek vord|ek shabd|formal bhasha) (?:me|mein|se) .*",
    "(?:ki|ke) tarah (?:bolo|likho|batao|bat)(?: .*)?", "(?:nahi|nhi) (?:aya|samjha|ata|bataya|padha|mana|karta)(?: .*)?",
    "lena dena(?: .*)?", "jo .* (?:di|diya|diye) (?:vo|ye|vah) .*", "bata chuk(?:a|i|e)(?: .*)?", "kab (?:ke|ki|ka) .*",
    "(?:badha|bada) (?:chadha|chada)(?: .*)?", "mat (?:likho|lagao|karo|bolo|banao|do)(?: .*)?", "jant[aei] hain?",
    "bata (?:dete|rahe|diya|deta|raha) (?:ho|hain|hai)?(?: .*)?", "kis(?:ne)? (?:kaha|bataya)(?: .*)?",
    "(?:samajh gaya|samajh gayi|theek hai|accha phir|acha fir)$", "(?:kaise|kya) (?:ho|hal|hain)(?: .*)?", "rehne (?:hi )?do",
    "(?:na|nahi) ho (?:payega|paega|sakta)(?: .*)?", "^(?:hindi|english) (?:me|mein)$", "reference (?:do|ke sath)",
    "itn[^ ]* .*(?:nahi|nhi)(?: .*)?", "(?:sabko|sab ko|sabhi ko) (?:pata|malum)(?: .*)?",
    "(?:puche|puchi|pucha) (?:the|thi|tha)(?: .*)?", "(?:kam|jyada|adhik) (?:hai|hain|lag|bataye|bataya)(?: .*)?",
    "(?:nikal|bit) (?:chuka|chuki|chuke|gaya|gayi)(?: .*)?", "se alag (?:hai|hain)", "(?:dimag|samay|time) (?:kharab|barbad)(?: .*)?",
    "(?:koi|kuch) aur (?:hai|hain|tha|likha)(?: .*)?", "kasht karein",
    "(?:app|page|link|site|button|login|server) .*(?:nahi|kharab|band|slow|atak).*", "samajh .*(?:gaya|nahi|aya).*",
    "badal (?:chuke|chuka|chuki|gaye|gaya|gayi)(?: .*)?", "se bhara(?: .*)?", "ka (?:intejar|intjar)(?: .*)?",
    "(?:vishvas|bharosa|yakin) nahi(?: .*)?", "nahi di$", "kya (?:bol|kar|likh|bak) rah[aei](?: .*)?",
    "(?:abhi bhi|ab bhi|abhi tak|phir bhi|fir bhi) .*", "step by step .*", "(?:[^ ]+(?:te|ta|ti)|rahe|rahi) ho$", "[^ ]+oge(?: .*)?",
)  # fmt: skip
NARRATES: Final = _phrases(
    "they (?:stopped|told|refused|scolded|charged|threw|said|did not let|didnt let) .*",
    "(?:i|we) (?:went|called|visited|tried|walked|took|waited|asked|am|have been) .*", "(?:gaya|gayi|gaye) (?:tha|thi|the|to) .*",
    "(?:गया|गई|गए) (?:था|थी|तो) .*", "(?:karke|try karke) dekha(?: .*)?", "करके देखा(?: .*)?", "phone kiya(?: .*)?",
    "फोन किया(?: .*)?",
)  # fmt: skip
SARCASTIC: Final = _phrases(
    "^(?:sure|yes|yeah|right|of course|haan|haan haan|हाँ|हाँ हाँ) (?:and|aur|और) .+",
    "good one|nice try|good joke|slow clap|well done|great job|in my dreams|in your dreams", "(?:kya|क्या) (?:bat|बात) (?:hai|है)",
    "^(?:kya|क्या) .* (?:gyan|ज्ञान|kamal|कमाल)(?: .*)?", "(?:badhai|बधाई) (?:ho|हो)(?: .*)?", "sapne me|सपने में",
    "out of (?:ten|10)|10 me se 10|10 में से 10",
)  # fmt: skip
