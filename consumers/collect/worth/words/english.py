"""English words of feedback."""

from __future__ import annotations

from typing import Final

from consumers.collect.worth.words.roles import (
    ASKING,
    ATTRIBUTE,
    BOT,
    COMPARED,
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
    table,
)

ENGLISH: Final = table(
    {
        FUNCTION: "a an the is are was were be been being am it its this that these those of in on at to for from by with as and or "
        "but so than then there here he she they them his her their him has have had having do does did done doing will "
        "would one ones if because about into out up down off over under between all any each every per which whose where "
        "when while until after before during only just also too both either neither such same other else like what who "
        "whom get got gets rs inr rupee rupees km kms metre metres meter meters m cm kg percent plus getting go goes went "
        "come comes came make makes made give gives gave given take took put let thing things something anything "
        "everything way kind sort lot part via within without regarding itself themselves s t re ve ll d",
        COPULA: "is are was were be its isnt wasnt arent werent thats",
        THING: "it its this that these those thats here there",
        VERDICT: "backwards backward confidence otherwise expectations expectation marks hurtful sloppily carelessly doubtful "
        "dubious questionable invented fiction fictional fictitious unrelated clueless hopeless worthless stale "
        "insufficient inadequate unfounded baseless illogical irrational inconsistent careless sloppy lazy lousy dreadful "
        "disgusting disgraceful shocking funny hilarious weird strange odd unhelpfully unsupported unsourced unofficial "
        "uninformed ignorant outrageous nonsensical preposterous incoherent unreadable incomprehensible mediocre subpar "
        "ordinary average insane crazy mad idiotic childish annoying frustrating frustrated irritating irritated upset "
        "angry unhappy sad glad happy thankful grateful superb awesome fantastic wonderful lovely interesting impressive "
        "decent adequate sufficient valid invalid legit bogus phony counterfeit imaginary guesswork contradiction "
        "contradicts contradicting propaganda rumour rumor hearsay myth spam scam fraud cheating cheat cheated joke mess "
        "garbled jumbled mangled truncated corrupt corrupted crashed crashing crashes crash hangs buggy bug bugs glitch "
        "glitches unacceptably wordy verbose crisp tough difficult complicated complex wrong incorrect inaccurate false "
        "untrue right correct true accurate bad worse worst poor terrible horrible awful useless nonsense rubbish garbage "
        "trash crap bullshit misleading misinformation disinformation outdated old irrelevant incomplete partial "
        "partially vague unclear confusing confused mistaken mistake mistakes error errors erroneous faulty flawed fake "
        "fabricated hallucinated hallucination hallucinating hallucinate unsatisfactory unsatisfied dissatisfied "
        "disappointed disappointing silly stupid absurd ridiculous laughable pathetic shameful illegal dangerous "
        "impossible unbelievable exaggerated biased offensive rude insulting good great nice fine helpful unhelpful "
        "helped useful perfect excellent brilliant amazing satisfied satisfactory relevant complete misread misquoted "
        "mistranslated misspelled misspelt misspelling typo typos mixed confuses missing misses missed opposite reverse "
        "close quality waste failed fails fail lies lie lying liar wrongly incorrectly badly poorly wrng worng rong "
        "incorect inncorrect fals unreliable untrustworthy meaningless pointless broken slow weak generic boring "
        "repetitive factually unacceptable inappropriate harmful unsafe unverified contradictory obsolete polite smart "
        "genius masterpiece",
        TRUE_OR_FALSE: "true false wrong right correct incorrect misleading untrue accurate inaccurate",
        META: "answer answers answered answering response responses reply replies replied replying info information detail "
        "details fact facts statement claim explanation translation meaning summary output suggestion recommendation "
        "advice description guess sentence wording feedback question questions prompt query chat conversation quality "
        "quote misread misquoted mistranslated misunderstood misinterpreted",
        BOT: "assistant ai helpdesk bot chatbot robot gpt chatgpt llm algorithm developer developers trained training",
        ATTRIBUTE: "app understanding knowledge logic reasoning reason basis proof evidence guidance solution doubt issue problem "
        "concern complaint ticket request inquiry enquiry message attachment copy paste content century era dynasty "
        "kingdom period decade district region village building monument museum temple fort palace movie film song actor "
        "singer poet king queen emperor ruler president minister leader wife husband father mother son daughter brother "
        "sister language religion community department ministry office officer colour color dish food festival capital "
        "distance area population percentage total sum value currency button screen login password account photo picture "
        "image video audio map direction directions route statement claim name names date dates day year years month time "
        "timing timings number numbers count figure figures amount price prices fee fees rate rates cost city town place "
        "location state country river person author address spelling grammar option choice category age height length "
        "size order list title word words line point points half source sources citation link example format script tone "
        "style status math calculation maths units unit command code version site website page data database",
        REQUEST: "send open forward revert raise skip pass leave attach share upload download click refresh reload restart reset "
        "resend resolve respond call notify inform escalate assign investigate examine inspect ensure confirm cross-check "
        "validate translate detail describe define specify elaborate continue proceed submit resubmit reopen close undo "
        "withdraw retract apologise apologize compensate improve retrain upgrade debug rather start begin wait hold hurry "
        "shut mind listen pay focus concentrate behave enough check recheck verify fix refix correct rectify update "
        "revise review reviewed redo rewrite rephrase regenerate retry try recalculate recount reconsider research search "
        "look see read reread refer consult crosscheck doublecheck double edit remove delete stop ignore forget explain "
        "expand summarise summarize shorten simplify speak talk write cite mention show tell say repeat provide help "
        "connect transfer ask learn study understand clarify correction corrected revised rectified checked verified "
        "replace change add include dont report think stick",
        COURTESY: "noted understood agreed agree cool np welcome anyway nevermind acknowledged alright sure congrats everyone team "
        "folks buddy mate dude boss namaste alas cheers ack received please pls plz plss kindly sorry thanks thank "
        "thankyou thx ty tysm hello hi hey hii hiya morning evening afternoon bye goodbye ok okay okey k kk sir madam "
        "dear friend bro greetings regards congratulations",
        FIRST: "i me my mine im ive we us our ours myself",
        SECOND: "you your yours youre youve yourself u ur youll youd yourselves ya",
        ASKING: "wherefrom whence what why how who whom whose whats whos huh hows",
        YES: "yes yeah yep yup yea certainly definitely sure absolutely",
        NO: "no nope nah na never none nay",
        NOT: "no not never isnt arent wasnt werent dont doesnt didnt cant cannot couldnt wont wouldnt shouldnt hasnt havent "
        "hadnt aint none nothing neither without",
        EMOTE: "oh hell hmmm junk spam rot poppycock balderdash baloney hogwash tripe drivel gibberish phew yikes gosh heck "
        "damned bloody freaking wtf stfu smh facepalm nuts bonkers loser losers dunno idk idc nvm rip yawn boo blah pff "
        "pfft tsk huh eww eh sigh whatever yolo lol lmao lmfao rofl haha hahaha hehe wow omg ugh meh duh bs idiot idiots "
        "idiotic moron dumb fool foolish damn shit shame shameless yuck sucks suck clown joke joking kidding pathetic "
        "rubbish trash crap bullshit garbage hmm hm umm uh oops really seriously clap bravo genius masterpiece asdf "
        "asdfgh qwerty lorem",
        DEGREE: "anymore altogether merely barely hardly scarcely somewhat somehow anyhow soon asap immediately urgently "
        "carefully properly correctly repeatedly constantly continuously ever-so literally basically honestly frankly "
        "obviously clearly surely certainly definitely absolutely apparently seemingly supposedly overall very really "
        "totally completely entirely quite again still even ever yet already always never simply exactly nearly almost "
        "least so too much more most many well maybe perhaps probably actually rather once twice now later earlier today "
        "currently just only enough extremely highly mostly fully utterly plain pretty next ago",
        NUMBER: "january february april june july august september october november december monday tuesday wednesday thursday "
        "friday saturday sunday zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred "
        "thousand lakh lakhs crore crores million billion dozen half first second third fourth fifth sixth seventh eighth "
        "ninth tenth once twice free none nil all infinite countless several few dozens hundreds thousands both annually "
        "daily weekly monthly",
        COMPARED: "double twice thrice more less higher lower taller shorter longer bigger larger smaller older newer later earlier "
        "greater fewer better farther further deeper wider cheaper costlier",
        MODAL: "can may must should need needs could might shall ought allowed required have has",
        POINTER: "attachment attached annex paragraph para footnote appendix table figure screenshot thread history conversation "
        "transcript sheet spreadsheet handbook gazette bulletin newspaper news article wiki video youtube maps above "
        "below page pages document documents doc docs website site pdf report chapter circular minutes notice board "
        "brochure link portal file book manual section annexure internet google wikipedia web online previous earlier",
        INDEFINITE: "some another other different someone somebody somewhere something many several neighbouring neighboring nearby "
        "certain various",
        PERSON_SAID: "test testing hate dislike like love want wish hope hoped expect expected guess doubt wonder remember forgot live "
        "lived know knew feel felt need needed lost missed read seen saw heard asked said told asking meant wanted "
        "requested called visited tried went waiting waited reporting complain complaining disagree agree believe trust",
    }
)
