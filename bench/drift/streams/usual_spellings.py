"""How the commonest Hindi words are typed in Latin letters, the most usual way first: what rules get wrong or too regular."""

from __future__ import annotations

import unicodedata
from typing import Final

# One word and its spellings a line.
_TABLE: Final = """
है hai h he
हैं hain hai h
हूँ hoon hun hu
हूं hoon hun hu
हो ho
था tha
थे the thay
थी thi thee
थीं thi thin
नहीं nahi nahin nai
नही nahi nhi
ना na naa
में mein me mai main
मैं main mai mein me
मैंने maine mene mainne
हम hum ham
हमें hume humein hamein
हमारा hamara humara
हमारे hamare humare
हमारी hamari humari
तुम tum
तुम्हें tumhe tumhein
तुम्हारा tumhara tumara
आप aap ap
आपके aapke apke
आपको aapko apko
आपका aapka apka
आपकी aapki apki
यह yeh ye yah
ये ye yeh
वह woh wo vah
वो wo woh vo
वे ve we
उसने usne
उन्होंने unhone unhonne
इन्होंने inhone
उन्हें unhe unhein
इन्हें inhe inhein
जिन्हें jinhe jinhein
मुझे mujhe muje
तुझे tujhe tuje
क्या kya kia
क्यों kyon kyu kyun
क्योंकि kyonki kyunki kyuki
कि ki ke
की ki kee
के ke k
को ko
का ka kaa
से se say
ने ne
पर par pe
और aur or
एक ek ik
भी bhi bhee b
ही hi hee
तो to toh
जो jo
जब jab
तब tab
अब ab
कब kab
कुछ kuch kuchh
बहुत bahut bohot bahot
अच्छा accha acha achha
अच्छी acchi achi achhi
अच्छे acche ache achhe
कैसे kaise kese
कैसा kaisa kesa
कहाँ kahan kaha
कहां kahan kaha
यहाँ yahan yaha
यहां yahan yaha
वहाँ wahan vahan waha
वहां wahan vahan waha
हाँ haan ha han
हां haan ha han
पहले pehle pahle
पहला pehla pahla
पहली pehli pahli
कहना kehna kahna
कहते kehte kahte
कहता kehta kahta
रहना rehna rahna
रहते rehte rahte
रहता rehta rahta
रहा raha rha
रहे rahe rhe
रही rahi rhi
गए gaye gae gye
गये gaye gae
गई gayi gai
गयी gayi gai
गया gaya gya
हुआ hua huwa
हुई hui huyi
हुए hue huye
कोई koi koyi
नई nai nayi
नए naye nae
लिए liye lie
लिये liye lie
दिए diye die
किए kiye kie
चाहिए chahiye chahie
इसलिए isliye islie
कृष्ण krishna
साथ saath sath
बाद baad bad
बात baat bat
काम kaam kam
नाम naam nam
घर ghar
लोग log
लोगों logon logo
दिन din
वर्ष varsh warsh
द्वारा dwara dvara
अपने apne
अपना apna
अपनी apni
ज़िंदगी zindagi jindagi
प्यार pyaar pyar
सिर्फ sirf
सिर्फ़ sirf
दो do
तीन teen tin
सब sab
सभी sabhi
आज aaj aj
कल kal
स्कूल school skool
कंप्यूटर computer
फ़िल्म film movie
फिल्म film
पुलिस police pulis
डॉक्टर doctor
अस्पताल aspatal hospital
बैंक bank
ट्रेन train
स्टेशन station steshan
मोबाइल mobile
फ़ोन phone fon
फोन phone fon
इंटरनेट internet
टीम team
लीग league
पार्टी party parti
कॉलेज college
यूनिवर्सिटी university
ऑक्सीजन oxygen
सिस्टम system
नंबर number
रिपोर्ट report
"""

USUAL: Final = {unicodedata.normalize("NFC", word): tuple(ways) for word, *ways in (line.split() for line in _TABLE.strip().splitlines())}
