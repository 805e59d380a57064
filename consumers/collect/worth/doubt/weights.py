"""The weights of `traits`, in hundredths of the logarithm of odds; written by `bench.complaints.fit`, not by hand."""

from __future__ import annotations

from typing import Final

# Of the files that they were fitted on.
FITTED_ON: Final = "ca6934b54fbcc52405ff0bcb012b60bfe78afe9d4ee2d6f9cc0608cfe6e518fb"
# Above this a correction is doubtful: in English, in Hindi, in Hindi in Latin letters.
ALLOWED: Final = {"E": 43, "D": 54, "H": 144}
OF_NONE: Final = -43
OF_TRAITS: Final = """\
: ! -27, ? 94, advice -13, any -12, choice 15, entity 34, judging -19, named -2, none -5, none alone -50, open 12, polar -3, quantity -15
 rating -6, report -15, truth 9, where -10, wordy -9
advice content: 0 4, d -37, u 11
advice first: # -12, D 20, F 16, K -17, Q 17, R -5, S -26, T -8, V 17, W -10, Y -13, c -10, f 10, i 22, n -15, o -12, p -9, u 17
advice kinds: a -4, ac 10, b -9, c 19
advice made: T0 19, Tc -20, Tq 12, t0 -14, tc -15
advice new: 0 14, 1 7, 2 29, 3 -64
advice polarities: -- 7, -n 16, -t 7, n- -4, ny -15, tt -13, yn -13, yt -16
advice role: 10 -11, 11 31, 12 -16, 13 11, 16 -25, 17 -30, 19 -15, 2 18, 20 9, 21 18, 22 39, 24 -10, 25 16, 3 -11, 4 -46, 5 -31, 7 15
 8 -63, 9 8
advice shapes: dD 8, nD -12, nn -18, nx 28, xD -34, xn 14, xx 9
answered: 0 -9, 1 20, 2 -8
any content: 0 -9, C 8, d -6, q 8, r 10, u -23
any first: F -16, K -21, M -13, Q -18, R 21, T -19, V 33, W -14, c 5, f -13, i 9, k 11, n -6, o -20, t -8, u 35
any kinds: a 28, ac -12, c -28, n -12
any made: T0 28, Tq 23, t0 -38, tc -32
any new: 0 15, 1 13, 2 -17, 3 -23
any polarities: -- -11, -n 13, -t 7, n- -10, t- -16, y- -9
any role: 10 18, 11 -17, 12 30, 13 4, 14 38, 16 17, 17 27, 19 -21, 2 2, 21 22, 22 -7, 24 19, 25 6, 3 -63, 4 -7, 5 -3, 6 -24, 7 -8, 9 -6
any shapes: dD -20, dd -12, nx -11, xD 16, xn 16, xx -4
as response begins: ##0 -9, ##1 25, #D0 21, #F0 5, #T0 -12, #f0 -29, #i0 14, #n0 24, #o0 -20, DR0 -18, DV0 17, Du0 -12, Eu0 -14, KF0 -13
 KK0 -8, Kf0 17, Ku0 8, ND0 10, NV0 26, NY0 -50, Ni0 11, Nu0 17, Pu0 -7, Ru0 -10, Sf0 -7, Su0 21, VV0 -12, Vf0 11, Vu0 25, Y#0 14, YD0 -38
 YK0 -9, YM0 12, YN0 -46, YR0 -10, YS0 -9, YT0 8, YV0 -11, YY0 8, Yi0 -11, Yn0 10, Yo0 12, Yu0 7, fD0 -13, fN0 -16, fP0 -13, fR0 18
 fT0 -23, fV0 8, ff0 15, ff1 -24, ft0 15, fu0 4, iN0 13, iV0 -21, if0 -8, ii0 -10, ii1 -38, iu0 22, n#0 -9, nn0 -11, nu0 7, o#0 -15
 on0 -14, ot0 -22, ou0 5, tt1 -13, tu0 -14, u#0 -19, uD0 16, uE0 7, uK0 -10, uM0 8, uN0 16, uP0 20, uS0 16, uV0 -41, uY0 27, uf0 32
 ui0 16, uk0 -12, uo0 -7, ut0 16, uu0 -31, uu1 6
as response ends: ##0 -34, #R0 8, #V0 13, #f0 19, #i0 10, #k0 -42, #n0 -13, #t0 6, #u0 -46, DD1 -20, Dk0 -11, KK0 -23, Ku0 33, NY0 -13
 Nf0 -7, Nk0 42, Nn0 -14, Np0 -15, Nu0 -23, RR0 -24, Rf0 6, Rk0 14, Ru0 11, VM0 20, VV0 -37, Vk0 8, Vu0 31, YD0 20, Yf0 10, Yk0 -6, fN0 14
 ff1 -11, fk0 -11, fp0 21, fu0 -26, k#0 -7, kA0 -11, kD0 20, kK0 15, kN0 -29, kR0 -13, kf0 -18, kk0 -10, kp0 -18, kt0 10, ku0 35, lu0 -13
 mu0 -14, nu0 -23, tD0 -34, tu0 -5, u#0 11, uA0 9, uE0 21, uK0 29, uN0 9, uP0 -33, uR0 18, uV0 7, uf0 -9, ui0 3, uk0 1, ul0 -9, um0 -16
 un0 9, up0 -10, ut0 -11, uu0 -36, uu1 -25
asked share: 0 -9, 1 11, 2 -28, 4 -12
asked: 0 37, 1 17, 2 -32, 3 -19
begins: adha -10, anda -13, anit -16, apli -18, asho -19, bach 12, baha 15, bait 21, bala -14, bhar -20, bolt 16, budh 9, canc -14
 cert -17, chan 21, char 16, clau 23, clos -13, come 13, comi 11, cons 19, dekh 13, deli -15, dire -13, filt -32, fina 12, foun -11
 gand -9, gang -10, gara -27, guar -21, hind 36, hyde -16, indi -9, jaip -15, jaye 14, khul -8, konk -12, laug 21, lete 10, ligh -37
 likh 11, mana 13, mean -9, mugh 22, naga -10, nehr -27, nika -10, noti 23, over 14, oxyg -12, padh 13, pari 12, pasa -16, pati -10
 plan -12, poli 27, prat -10, refu -24, reht 10, reti 21, sala -16, serv 11, shov 15, simp 15, sinc 16, susp -19, tago -20, teac 19
 unho 14, vaka -10, vate -11, vote -26, vrot 17, अधिक -15, आवेद -11, ऑनला -11, कार् -14, चक्क 13, नेहर -14, न्यू -13, पहचा -21, प्रक -18
 प्रत -23, प्रध 14, बिहा -14, मिलत 9, लोगो 12, श्री -17, हिंद 17
choice content: 0 29, q -16
choice first: N -8, Q -5, V 6, t 13
choice kinds: a -13
choice made: T0 34, Tc 10, tc -6, tq -22
choice new: 0 13, 1 -8, 2 8
choice polarities: -- 14, y- 7
choice role: 14 13, 17 11, 2 19, 21 6, 4 19, 5 8, 8 11, 9 9
choice shapes: xx 7
clauses: 0 37, 1 39, 2 -51, 3 -17
clean: 0 43, 1 -11, 2 -32
content: 0 27, C -14, d -31, q -5, r 28, u -5
count content: 0 4, u -4
count first: # -14, #r 15, Q 19, i 18, n 6, t -6, u -5
count kinds: a 20
count made: T0 6, Tc -8, Tq -18, t0 -9, tc 26
count new: 0 -14, 1 -14, 2 14, 3 12
count polarities: -- 8, -n 9, -t -11
count role: 14 -5, 20 11, 21 -8, 25 -20, 3 -20, 5 11, 6 -6, 9 -14
count shapes: dd 24, dn -17, dx 28, nx 15, xn -21, xx -21
echo: 000 -42, 001 17, 002 -7, 003 -15, 011 -14, 012 27, 100 48, 101 22, 102 -20, 104 -28, 110 12, 111 -17, 112 -21
ends: Dंट 9, Dंड -11, Dंस -14, Dइए 18, Dइन -13, Dएं -14, Dकर -11, Dका 26, Dकी 17, Dखा 20, Dगा 23, Dगे 26, Dछे 15, Dजी 23, Dटर 8, Dटी 10
 Dटे -7, Dठा 17, Dडी -11, Dतर -24, Dता 17, Dति -18, Dती 8, Dते 37, Dदन -16, Dदर -18, Dधी 10, Dनी 9, Dने 34, Dफी -26, Dयर -14, Dया 4
 Dरत -12, Dरम -14, Dरी -20, Dरू -14, Dला 38, Dली -16, Dवा 9, Dवी -16, Dषा -10, Dसे 12, Dहर 14, Dां -20, Dाई -7, Dाओ 27, Dार -21, Dास 10
 Dिक -10, Dित -31, Dीय -23, Dुर -13, Dों -23, Dोक -16, D्क -15, D्ट -11, D्य 7, D्र -34, D्स -26, Ead -18, Eah -11, Eal -19, Ear -14
 Eay 21, Ece -23, Eck -13, Eed 14, Eel 6, Een -12, Eer 3, Ees -1, Eet -8, Eft -23, Ege -15, Ehs -14, Eht -9, Eia -11, Eic -7, Eid 20
 Eil 12, Ein 18, Eis 14, Eit -19, Eka -8, Eld -11, Ele 20, Els -10, Ely -7, Eme -18, Ems 9, End -47, Ene 17, Eng 9, Enk 19, Ent -10, Eny 9
 Eon -12, Eor -12, Eps 27, Era 14, Ere 27, Erk 11, Ern -8, Ers -10, Ert 30, Eru -12, Ery 7, Ese 43, Est 16, Eti 10, Ets -21, Ety -20
 Eum -10, Eur 14, Eve -20, Evs -9, Eys 12, Hah 9, Hal -7, Ham -41, Han 24, Har -32, Has 20, Hat -28, Hct -17, Hde -12, Hed -12, Hen -19
 Her -41, Het -20, Hga 27, Hge 14, Hgi 13, Hha 61, Hhe -13, Hin -22, Hje 8, Hke -16, Hki -13, Hla 13, Hle -13, Hli -17, Hlo 11, Hna -22
 Hnd -18, Hng -23, Hni 6, Hnk 20, Hnt 7, Hok -11, Hor -12, Hrd -11, Hre -26, Hri -14, Hrm 10, Hrt 12, Hru -23, Hry -11, Hse 12, Hta 24
 Hte 24
entity content: 0 14, C 3, d -9, r 31, u -8
entity first: E 15, F -14, N -8, R 8, V -8, W -5, c 11, f 24, i -18, o 16, t -17, u -5
entity kinds: a -15, ac 10, c 33
entity made: T0 20, Tc 8, t0 28, tc -48, tq 16
entity new: 0 48, 1 13, 2 -13, 3 -15
entity polarities: -- 52, -t 6
entity role: 11 10, 13 15, 14 20, 16 7, 17 -10, 2 -4, 20 16, 21 -20, 22 -32, 24 32, 25 -9, 3 -36, 4 -3, 5 6, 6 13, 7 -13, 9 8
entity shapes: xn 35
first in: 00 -11, 01 6, 10 -10, 11 -22
in either: 0 46, 1 -24, 2 -7, 3 -44, 4 -8
in question: 0 19, 1 8, 2 -20, 3 -15, 4 -29
in response: 0 17, 1 -27, 2 -23, 3 -29, 4 26
judging content: 0 -23, d 19, u -2
judging first: D -18, F 10, T -16, V -24, c 14, f -8, t 13, u -10
judging kinds: a 13, c -7
judging made: T0 -17, Tc -8, tc 6
judging new: 0 -32, 1 -32, 2 44
judging polarities: -- -15
judging role: 11 8, 14 -14, 19 14, 2 -15, 21 -4, 22 12, 25 -24, 3 38, 4 24, 5 -5, 6 16, 7 13, 8 20
judging shapes: xD 18, xn -18, xx -17
kinds: a -23, ab -13, ac 33, an -9, b -31, c 4, cn 12, n -7
language: D -22, E 43, H -21
last ends: Dंड -16, Dएं -13, Dका 21, Dखो 10, Dगा 39, Dगे 30, Dडा 15, Dता 7, Dती 10, Dते 27, Dना -30, Dया 42, Dरो 13, Dला 16, Dलो 12
 Dहा 13, Dाओ 32, Dाद -7, Dान 13, Dाब 9, Dाम 27, Dिए -12, Dीं 13, Dूं 18, Dें -34, Dों -15, D्ड -15, Ead -21, Eal -7, Ear 20, Eay -43
 Ece -19, Ect -7, Eed 4, Eel -26, Een -9, Eer 13, Ees -27, Eet -14, Ege 17, Egh 13, Ehs -13, Eid -16, Eil 7, Eis 17, Ely 33, End -11
 Ene 22, Enk 14, Ens 20, Ent -8, Eou 5, Eov -9, Eps 14, Era 10, Erd -13, Ere 24, Ert 17, Ery -23, Ese 11, Est -13, Ete 11, Ets -10
 Eue -17, Eve -13, Eys -18, Hab 7, Had -9, Hai 9, Ham 12, Han 15, Hao 10, Hch -17, Her -24, Hga 33, Hha 41, Hhe -13, Hhi 18, Hho 10
 Hin -40, Hka 19, Hna -9, Hro -16, Hta 21, Hte 8, Hth -24, Hti 11, Hya 37, Hye -20, Hyi -12
last in: 00 15, 01 -14, 10 -32, 11 -6
last symbol: # -17, A 5, B 15, C -27, D 14, E 39, F 9, K 44, M 27, N 39, P -7, Q -11, R 9, S 14, T -10, V -15, W -16, c -22, f -32, i 27
 k -13, l -13, m -7, n -56, p -15, t -3, u -17
last: # -17, C -27, Q -11, W -16, al 14, ansver 14, bad -26, bolo 10, c -22, d -31, dekho 11, diya 20, do 8, false -11, gaya -11, gayi -9
 ho -7, hota 10, incorect -10, information -17, it 6, javab 10, ji 13, ka -15, karo -15, ki -13, kya 9, me 9, nahi 19, ne -8, no 18, of 18
 one 26, only 9, raha 19, se 8, that 12, then 12, thi -14, vrong -16, you 5, करें -28, करो 14, क्या 9, था -13, थी -28, थे 16, दिया 23
 दीजिए -21, दें -13, देखें 17, दो 17, नहीं 3, ने -9, पर -16, बाद -18, में -5, लिया 10, हूं 18, है -30, हो 24
made:  37, T0 54, T0|T0 -15, T0|Tc -21, T0|t0 -33, T0|tc -50, Tc 32, Tc|T0 23, Tc|Tc 12, Tc|tc 17, Tc|tq -20, Tq 14, Tq|T0 16, Tq|Tc -9
 t0 -34, t0|Tc -26, t0|tc -10, tc|T0 12, tc|tc -18, tc|tq 34, tq -25, tq|T0 16, tq|tc -16
named content: 0 19, C -6, u -5
named first: D -13, K -25, N -6, Q -17, W 26, c 4, t -22, u -14
named kinds: a -15, c 5
named made: Tc -5, Tq -16, tc 9
named new: 0 14, 1 -9, 2 3, 3 -10
named polarities: -- -11
named role: 10 18, 11 9, 14 3, 2 -4, 21 11, 24 17, 25 12, 3 -11, 5 -21, 6 -32
named shapes: dx -34, xn 27, xx -10
names: 0 38, 1 -17, 2 -20
new: 0 46, 1 9, 2 -20, 3 -14, 4 -21
none: 1 -21, 3 -33, O -8, W -7, n -38
numbers: 0 31, 1 -7, 2 -24
of: #- -14, #QuxT -8, #Qx- 9, #QxT 11, #Qxn 14, #WuxO -11, #Wuxn 8, #cuxn 15, #n -9, #un -9, #ux- 22, #uxP 6, #uxW 19, #xP 12, #xW 9
 #xn -29, - 37, CQux- -15, CQuxn -13, Cc- 6, Ccn 8, Ccux- -11, Ccx- -7, CuxO 16, CuxP -13, Cx- 7, Cxn 13, Q- -12, QW -9, QWuxT 12
 QWuxW -12, QWuxn 13, QWxn 11, Qu- -7, Qun -10, Qux- -4, QuxO -23, QuxT -18, QuxW 6, Qx- 23, QxO 16, QxT -24, Qxn -9, W 13, Wu- -12
 Wun -15, WuxO 7, WuxP 19, WuxT -9, WuxW -12, Wuxn -20, WxO 8, WxT 35, WxW -21, Wxn 44, c- -14, cuxO -11, cuxn 12, cxn -9, n 21, uO 29
 uP 16, un -46, ux- 37, uxO 28, uxP 6, uxT 7, uxW -8, uxn 18, x- 5, xO 11, xP -24, xT -24, xW -23, xn 17
open content: 0 -6, d 11, u -7
open first: D 22, K 11, P -10, Q -17, R 25, V -6, f -18, o 9, u -16
open kinds: a -35, ac 22, c -25
open made: T0 -8, Tc -29, tc 24, tq 15
open new: 0 24, 1 38, 2 -46, 3 -4
open polarities: -- -33, -t 12, n- 15
open role: 12 14, 13 10, 14 24, 16 -33, 17 -14, 2 -27, 20 10, 21 -49, 22 30, 24 -6, 25 -15, 3 31, 4 -15, 5 15, 6 19, 8 9, 9 14
open shapes: dx -12, xD 11, xn 16, xx -6
pairs: 0 -40, 1 -3, 2 6
polar content: 0 -22, C -16, d 13, q -8, u 31
polar first: # 15, D -26, F 6, M 9, N -12, T 7, V -7, W 19, Y -35, f 11, i -13, n 12, u -4
polar kinds: a 21, ab -12, b -21, c -17
polar made: T0 25, Tc 32, Tq 9, t0 -28, tc -23, tq -19
polar new: 0 -24, 1 -48, 2 32, 3 37
polar polarities: -- -20, n- 44, nn 33, nt 34, ny -43, y- 27, yn -47, yt -32, yy 8
polar role: 10 -30, 11 -11, 12 -25, 13 17, 14 -55, 16 23, 17 -29, 18 15, 2 19, 21 -65, 22 3, 24 15, 25 15, 3 30, 4 12, 5 14, 7 11, 8 7
 9 19
polar shapes: nx -14, xD 10, xx 2
polarities: -- -27, -n -9, -t 36, -y 24, n- 15, nn 31, nt 46, ny -47, tt -39, y- 18, yn -54, yt -23, yy 14
quantity content: 0 -6, C 12, d -22, u 6
quantity first: # -20, #r 14, D -12, F 16, Q 19, V -11, f -12, i 26, m -14, n -22, o -27, u 12
quantity kinds: a -24, ac -16, c 5
quantity made: Tc 25, Tq -18, t0 -12, tc -9
quantity new: 0 -27, 1 -14, 2 31
quantity polarities: -- 13, -t -28, t- 22, y- -20, yt 11
quantity role: 11 -19, 12 -21, 13 -8, 14 -5, 17 7, 19 12, 2 -13, 20 17, 21 29, 22 13, 25 -4, 3 -14, 4 -6, 5 28, 7 24, 8 -8, 9 -11
quantity shapes: dD -15, dd 36, dn -20, dx 42, nD -13, nn -17, nx 33, xD 6, xn -37, xx -29
rating content: 0 -6, u 12
rating first: V -11, u 19
rating made: Tc -11, tc 9
rating new: 0 -13, 1 -9, 2 7, 3 9
rating polarities: -- -11
rating role: 14 -10, 2 -10, 25 -22, 3 17, 4 13, 5 15
report content: 0 15, u -44
report kinds: a -35, c 21
report made: T0 25, Tc -7, tc -41
report new: 0 26, 1 -8, 3 -30
report polarities: -t -13
report role: 11 -22, 12 -12, 14 -23, 19 12, 2 -9, 21 -11, 22 -8, 25 16, 3 13, 4 -12, 5 14, 7 10
report shapes: xx 6
role in question: 12 0 -9, 17 0 24, 17 1 -45, 2 0 20, 2 1 -38, 3 0 21, 3 1 -24, 4 0 -34, 4 1 18, 5 0 6, 5 1 -16, 6 0 17, 6 1 -5, 7 0 14
 7 1 10, 8 0 15, 9 0 9, 9 1 29
role in response: 12 0 -54, 12 1 44, 17 0 -10, 17 1 -11, 2 0 31, 2 1 -48, 3 0 2, 4 0 7, 4 1 -22, 5 0 20, 5 1 -30, 6 0 15, 6 1 -3, 7 0 35
 7 1 -11, 8 0 29, 8 1 -20, 9 0 38
role to role: 12 2 5, 12 5 16, 12 6 16, 17 5 6, 2 12 -18, 2 2 -38, 2 5 -4, 3 12 -27, 3 2 3, 3 5 46, 4 12 -24, 4 2 -10, 4 5 28, 5 12 -19
 5 2 -30, 5 5 -16, 6 2 -24, 6 5 -18, 6 6 -5, 7 12 8, 7 2 14, 7 5 6, 7 6 -10, 8 2 -11, 8 5 8, 9 2 17
role: 10 9, 11 -16, 12 -10, 13 50, 14 16, 16 -10, 17 -21, 18 40, 19 -16, 2 -17, 20 73, 21 21, 22 28, 24 57, 25 23, 3 -3, 4 -15, 5 -10
 6 12, 7 23, 8 8, 9 38
roles: 10 21, 11 8, 14 35, 16 11, 19 39, 2 -42, 21 -51, 22 27, 25 -9, 3 15, 4 -17, 5 -10, 6 7, 7 13
rules: False -52, False 0PT -20, False 0W- -25, False 0n- -45, False 0nT 28, False Cn- -21, False O -3, False P -13, False W -11
 False dO- -8, False dP- 25, False dPT -7, False dW- 10, False dn- -47, False n -25, False qPT -8, False qn- -12, False uOT 6
 False uP- 10, False uW- 13, False uWT 14, False un- 20, False unT 31, True 11, True 0O- -36, True 0OT -14, True 0P- -34, True 0PT -19
 True 0W- -38, True 0n- 14, True 0nT -11, True O 11, True P -25, True W 5, True dn- -10, True n 21, True qO- 11, True rnT 10, True uO- 25
 True uOT 25, True uPT 23, True uW- 29, True un- 21
says at length: ---O1 15, ---O3 -29, ---O6 33, ---O9 -23, ---P1 -33, ---P3 5, ---P6 8, ---P9 6, ---W1 -36, ---W6 15, ---n1 -63, ---n3 -65
 ---n6 35, ---n9 72, --tO3 36, --tO9 -20, --tP6 35, --tW1 -36, --tW3 6, --tW6 26, --tn1 9, --tn3 -21, --tn6 25, --tn9 22, -V-O3 16
 -V-O9 -18, -V-P1 -22, -V-P3 -7, -V-P6 6, -V-W1 -40, -V-W3 9, -V-W9 -11, -V-n1 45, -V-n3 20, -V-n6 -29, -V-n9 -28, -VtO9 17, -VtP3 8
 -VtP6 33, -VtW3 54, -VtW6 -14, -Vtn3 5, -Vtn6 -39, T--O3 11, T--O6 21, T--P1 -19, T--P3 -32, T--P6 15, T--P9 -8, T--W3 -28, T--W6 18
 T--W9 -23, T--n1 13, T--n6 21, T--n9 42, T-tO6 7, T-tP3 -11, T-tP9 8, T-tW6 15, T-tW9 13, T-tn3 9, T-tn6 -44, T-tn9 -38, TVtO9 -16
 TVtn9 -11
says first: K -16
says made: tc 14
says polarities: -- -14
says role: 4 -11, 6 -16, 8 -25
says: 0--- -4, 0---P -14, 0---n 16, 0--t -8, 0--tO 18, 0--tP 8, 0--tW -32, 0-V-P -26, 0-V-W -24, 0-V-n 51, 0-Vt 63, 0-VtP 23, 0-VtW 24
 0-Vtn 18, 0T-- -6, 0T--O 10, 0T--P -17, 0T--n 7, 0T-t -34, 0T-tP -7, 0T-tW 16, 0T-tn -43, 0TV- 24, 0TV-P 9, C--- -26, C---P -16, C---n -5
 C--t 25, C--tn 12, C-Vt -14, C-Vtn -13, CT--n 14, d---O -4, d---P 16, d---n -12, d--t 22, d--tO -13, d--tW 16, d--tn 16, d-V- -22
 d-V-n -25, d-Vt -25, d-Vtn -24, dT-- -3, q--- -20, q---W -23, q---n -11, q--t 29, qT--P -9, qT--n 15, qT-t -17, r--- -35, r---O -13
 r---n -18, r-Vt 22, rT-- 20, rT--W -16, rT--n 32, rT-t 20, rT-tn 13, u--- 16, u---O 1, u---P -2, u---W 9, u---n 9, u--t 28, u--tO 7
 u--tP 19, u--tW -4, u--tn 6, u-V- -37, u-V-O 5, u-V-P -5, u-V-W -18, u-V-n -19, u-Vt 3, u-VtO 7, u-VtP 8, u-VtW 9, u-Vtn -22, uT-- 20
 uT--O 15, uT--P -3, uT--W 6, uT-t -12, uT-tO 19, uT-tP 10, uT-tW -8, uT-tn -34, uTV- -15, uTVt -7
shapes: dD -59, dd 40, dn -21, dx 44, nn -36, nx 16, xD 29, xn 3, xx -6
sss: #f# -15, #fP 9, #ff -6, #fk 7, #fu 28, #f| -29, #k| -11, #tf 24, #u# 15, #uk -13, #uu -10, #u| -17, Afu 9, Auk 19, CC| -15, Cff -7
 DQf -14, DQu -14, DVM 15, DVk 16, DVu -15, DV| 13, DfV 11, Dff -7, Dfu -23, Dk| -21, Duf 17, Duk 8, Duu -11, Du| -8, EkA -22, Fpf 17
 Fuu 9, Fu| 10, KRf 22, KR| -12, KVi -19, Kff 11, Kuf -25, Kuu -23, MNk -38, Mk| 14, Muk -20, Mu| -27, M|u -9, NN| 28, Nff -14, Nfk -13
 Nf| 25, Nk| -12, Np| 9, Nuf 17, Nuu -17, Nu| 14, N|# 14, N|Q -9, N|i -19, N|u -40, P#f 12, P#| 40, PR| 17, PfR -14, Pff -11, Pfu 10
 QNu 12, QN| -10, QQ| -11, QR| -14, Qff -17, Qft -20, Qfu 18, Qf| -12, Qkf 13, Qk| -12, Quf 6, Quu -12, RDu -13, RD| -23, RR| 35, RSu -23
 RfP 27, Rff 13, Rfk -15, Rfu -22, Rf| 21, Rif -21, Ri| 15, Ruf -24, Ru| 8, Suf 9, Suu -14, TR| -13, TV| 13, TWf -13, TW| 7, Tff 10
 Tuf -10, Tu| 17, VD| 17, VMf 16, VMu -13, VM| 27, VNk 13, VN| 16, VR| -22, VV| -12, VfV -17, Vf| 13, Vi| -19, Vkf -11, Vk| 10, Vt| 26
 Vuf 15, Vuu -16, V|D 17, V|i -12, WN| -15, Wfu -11, Wuu 8, Wu| -11, YN| -7, Y|f 12, Y|u 10, ^# -33, ^#f 19, ^#n -5, ^#r 11, ^#rQ 13
 ^#rn -14, ^#u -26, ^#| -13, ^A -6, ^A| -12, ^D -10, ^DR -19, ^DV 5, ^Df -37, ^Dx 10, ^E 30, ^Ek -16, ^E| 26, ^F -18, ^FR -32, ^Ff -11
 ^Fk -17, ^Fp 8, ^Fu 12, ^K -22, ^KR -16, ^Kf 14, ^K| 12, ^M 4, ^Mu -12, ^N -13, ^NN 20, ^Nf 14, ^Nu -6, ^N| -27, ^P 18, ^PR 25, ^Q 6
 ^QQ -7, ^QR 20, ^Qf 34, ^Qu 24, ^Q| -19, ^RR 11, ^Rf 28, ^Ri -7, ^Ru -14, ^R| -26, ^S 6, ^Sl -8, ^St -13, ^Su 17, ^T -21, ^TW -12, ^Tf 15
 ^T| -15, ^V 12, ^VM -3, ^VN 12, ^VV -9, ^Vf 7, ^Vk -6, ^Vt 28, ^Vu -15, ^V| -17, ^W 22, ^WN -7, ^WQ -12, ^WW 19, ^Wf -6, ^Wk 29, ^Wu 7
 ^W| -13, ^Y -10, ^YN -8, ^YY 21, ^Y| -17, ^c -10, ^c| -13, ^f -7, ^f# -11, ^fD 14, ^fM -9, ^fQ -14, ^fS 9, ^ff 15, ^fk -14, ^ft 8, ^fu 4
 ^f| -17, ^i 8, ^iM -14, ^iQ 20, ^iT 19, ^iV -32, ^ik -12, ^ix 14, ^k 10, ^l 8, ^m -10, ^n -10, ^nD 13, ^nf -14, ^nt 7, ^nu -25, ^n| -19
 ^o -9, ^oN -40, ^of -18, ^p 12, ^pu -12, ^t 4, ^tV 7, ^tf -10, ^tk 13, ^tu -6, ^u -4, ^uD -20, ^uM 22, ^uN -10, ^uP -8, ^uQ -7, ^uR 27
 ^uV 32, ^uf -14, ^uk -39, ^up 22, ^uu 32, ^u| -42, cC| 4, cfC -7, f#f -13, f#u -15, f#| 6, fCC -8, fCf -8, fCu 17, fC| 22, fDu 11
 fD| -20, fEu -18, fMN -24, fMR 15, fMu -27, fNQ 9, fNk 20, fP# 35, fPu 17, fP| -11, fQQ 9, fQf -15, fQk 8, fRD -17, fRR -12, fRf 7
 fR| -4, fSu -14, fS| 10, fTR -20, fVN 8, fVf -8, fVu 14, fV| -16, ff# 8, ffD -11, ffP -9, ffQ 15, ffR 10, ffV -9, fff 20, ffk 44, ffo -11
 fft -23, ffu -2, ff| -26, fif 11, fik 13, fiu 17, fi| 17, fkk 26, fku -18, fk| 15, fm# 18, fm| -17, fnf 16, fnt -11, fn| -39, fof -6
 fpf -13, fp| -10, ftf 31, ftu -27, ft| -30, fu# -19, fuD -21, fuN 18, fuQ -6, fuR -23, fuf 9, fui -11, fuk 41, fut 24, fuu -5, fu| 11
 iM| -14, iQu 18, iV| -17, iff 12, ifu -16, ikV -15, ikf 25, in| 20, iuf 8, iu| 19, ixu 14, k#| -15, kA| -14, kC| -13, kD| 8, kF| 10
 kVD 14, kVf -12, kV| -20, kfC 18, kff 18, kfk -25, kfo -13, kfu 12, kf| -14, kiu 13, ki| 10, kk| 18, knf -16, kpk -24, kp| -18, ktf -13
 kt| 16, kuP -22, kuR -15, kuf -9, ku| 18, k|Q 14, k|f 10, k|t -13, k|u -11, lfu 25, lk| 7, lu| 15, m#t 21, mk| 12, muf -18, nfN -13
 nfk 16, nfu -8, nf| -28, nk| -23, nn| -12, ntf -10, nt| -10, nuf -6, nu| -17, nxu 15, n|f 14, oN| -27, oQN -16, ofN -15, off 18, of| 11
 ok| 21, ouf 12, ouk 15, pfu 7, pk| -37, puu 10, pu| -13, p|u -10, tVk 6, tf# -18, tfQ -14, tff -12, tfi 16, tf| 9, tkV -8, tk| 47
 ttf -15, tuf -24, tuk -16, tuu 13, tu| -14, t|u 12, u#f -17, uDk -12, uDn -13, uDu 17, uD| 14, uE| 11, uK| 12, uM| -14, uNk -37, uNu 12
 uN| 19, uPf -28, uP| 18, uQk -21, uQ| 10, uRf -18, uR| 7, uVu 24, uW| 11, uf# -21, ufC 8, ufD 7, ufN 29, ufQ -9, ufR -19, uff -38, ufi 9
 ufk 12, ufn -12, ufo 8, ufp -16, uft 5, ufu -14, ufx 9, uf| 32, uif -8, uiu 12, ui| 16, ukD 9, uki 19, ukk -8, ukp -5, uku 34, uk| -19
 ul| -14, un| 8, uof 13, upk -18, upu 15, utD 14, utf -11, utk 16, utu -17, uuK 14, uuN 17, uuQ -16, uuf -16, uui 17, uuk 14, uup 5
 uut -12, uuu 5, uu| -23, u|f 6, u|t -9, u|u -13, xuf 27, xuu 12, |#f -12, |#u 14, |#| -9, |Qf -7, |Qu 10, |Vu -15, |cC -8, |cf -10
 |c| -8, |fQ 20, |ff 12, |fn -13, |fu 8, |ik -22, |iu -14, |nf -13, |tf -11, |tu -11, |uD 10, |uQ -9, |uf -39, |uk -19, |uu -20, |u| -9
truth content: 0 -18, u 21
truth first: V -22, u 17
truth kinds: a 6
truth made: T0 -24, Tc 18, tc 10
truth new: 0 -16, 1 8, 2 10
truth polarities: -t 11
truth role: 12 11, 17 13, 2 -22, 22 -8, 5 18, 8 12
truth shapes: xx 3
unit: - 11, r -29
utterance content: 0 -5, u 12
utterance first: F -18, K -22, V 15, i -13
utterance made: T0 -15, tc 16
utterance new: 0 -8, 2 13
utterance polarities: -- -18, -t 21
utterance role: 12 22, 2 8, 21 6, 22 -20, 5 -8, 6 -21, 7 -23, 8 -18
utterance shapes: xx -13
w: # -31, #r 22, C -38, Q -37, W 9, a -13, abhi -13, acount -14, after -17, am -18, an 16, and -57, ansver -26, ap -10, are -12, as -20
 asked 9, at 21, ati -18, aur -61, bad -25, bahut 17, bat 15, bataya -19, be 10, because -18, before -22, bhi 20, board 16, bolo 10
 bot 12, c -51, cal -19, can -14, canot -11, chapter 15, check 29, circular 18, city 11, close 15, corect -20, d -38, day -17, dekho 19
 delete -11, did 18, diya 30, do -6, document -20, documents -49, dont -6, dovn -14, eror 11, even 22, february -16, fever -18, file -15
 first 10, fix -12, for 21, friday -38, from -9, galat -36, gaya -26, gaye -11, gayi -13, ghatiya 12, give 35, got 16, gud -13, h -14
 hai -29, hain -6, han -14, has 20, he 11, hi 13, his -26, hoti 11, hua 18, hui -14, i -5, in 6, incomplete -14, incorect -14
 information -18, is 30, ise 13, it -23, itna 10, its -44, jab -29, jankari -20, jata -15, javab 24, june -14, ka 34, kabhi 17, kal 17
 kar 9, karke -8, karo -30, kaun -11, ki -20, kiya 9, ko -18, koi 10, kuch 15, lagao -12, language 13, like -9, likha 17, line -12
 list 14, liya 12, liye -7, made 17, main 17, majak 11, many -10, mat 10, matlab 11, may -18, mein -10, mera 9, mere -22, mising -14
 month -15, more 16, much 13, my 38, na -12, nam 8, ne -11, never 19, next 17, no -6, none -18, not -28, nov -10, october -18, on 9
 once -13, one 19, online -22, only -30, open -26, or -27, other 10, out -11, padho 9, page 45, pas -22, pasvord -34, pay -17, pdf 16
 pe 47, pehle -11, photo -17, please -19, points 14, portal -29, pruf -18, purana -18, raha 32, rahe 19, rahi 21, read 22, report -22
 reviev -12, right 7, rude -14, sab 15, sahi 15, sal 19, samajh 12, same 20, se -6, send -16, seven -11, si 10, sirf -31, so 13, sory -12
 source 11, such 32, tha 26, thanks 14, that 29, thats 32, the -31, their -19, then 10, there 15, they -23, thi -28, thik 14, thing 19
 this 7, try -12, tum 9, u 21, ulta 12, under -13, up 22, use -33, vaiting -20, vala 19, vale 9, vas 7, vebsite 11, vel -28, vere -14
 vhere 16, vhich 13, vil 15, vith -33, vithout -14, vo 19, vrong -37, ya -42, yar -23, year -17, years 15, yes -12, yet -16, you 12, | -37
 अच्छा 16, अधूरा -15, अपने -15, अब 11, आपसे 14, इतना 10, इतनी 10, इस 15, इसका -19, इसे -9, एक -11, और -66, कभी 10, कम -26, कर -6, करके -17
 करता 17, करें -29, करो 16, का 36, कि -19, की -34, कुछ 8, कृपया -18, के -27, केवल -14, को -24, कोई 10, क्या 8, खराब -20, गया -17, गलत -19
 जवाब 13, जानकारी -12, जी -9, झूठ 16, ठीक 17, तो 40, थी -15, थे 17, दस्तावेज -25, दिया 29, दीजिए -11, दें -13, देखें 17, दो -18, दोबारा 16
 धारा 11, नाम -15, ने -5, पता -13, पर 32, पहले -12, पृष्ठ 13, पोर्टल -16, फिर 24, बताया -11, बहुत 24, बात 19, बाद -29, बॉट 11, भाषा 14
 भी 19, मत 31, मुझे -14, में -25, मेरा 11, मेरे -14, यह -29, या -24, ये 19, रहा 25, रहे 33, रिपोर्ट -12, रूप -14, लगता -8, लाख -13, लिखा 9
 लिया 10, लो 16, वह 29, वाला 14, वाली 20, वाले 30, वाह 15, वो 11, शुक्रिया 12, सच -17, सत्य -17, सब 19, साल 21, हां 10, ही 37, हूं 38
 है 20, हैं 19, होता -8, होती 26, होते 30, होने -18
when content: 0 19, d -21, u 3
when first: # -12, A -17, K -13, T 15, V 11, W 24, f 10, u -4
when kinds: a -20, c -8
when made: T0 21, Tc -21, tc 6
when new: 0 -12, 1 -7, 2 -13, 3 32
when polarities: -n -22, -t 24, n- -15
when role: 11 -19, 14 -10, 16 -22, 17 -8, 19 20, 2 15, 20 8, 21 45, 22 -5, 25 9, 3 8, 4 28, 5 -12, 6 -25, 8 -21, 9 -20
when shapes: dD -24, dx 31, nD 9, nx -9, xD -6, xn -24, xx 22
where content: 0 15, u -9
where first: N -19, c -8, f -10, t 12, u 4
where kinds: a 19, c -8
where made: T0 20, Tc -16, tc -7
where new: 0 7, 2 -12
where polarities: -- -5, -n -21
where role: 11 -9, 12 -7, 19 -24, 21 16, 25 15, 4 17
where shapes: xx -7
words: 0 37, 1 -139, 14 -41, 2 -52, 3 23, 4 64, 5 76, 6 71, 9 -38
wordy content: 0 -7, d 12, r -16, u 5
wordy first: A -12, F -18, K -28, P 11, T 19, V 9, c -17, f -13, i -10, t 21, u 19
wordy kinds: a 11, ac 18, c 13
wordy made: T0 -6, Tc -14, t0 -9, tc 26, tq -16
wordy new: 0 -16, 1 16, 2 -3
wordy polarities: -- 11, -n -18, -t 16, t- -11
wordy role: 11 -12, 12 -12, 13 14, 14 36, 16 13, 18 15, 2 6, 21 -36, 22 -20, 3 22, 5 6, 6 -13, 7 -19, 8 -13
wordy shapes: xD 12, xn 17, xx -25
ws: # Q -8, # R 18, # W -9, # f -22, # n -8, # t 32, # u -21, # | -13, #r Q 13, #r f 20, #r n -14, C # -10, C C -19, C Q -13, C f -19
 C u 8, C | -12, Q C -12, Q D 13, Q K -15, Q Q -14, Q R 11, Q V -20, Q W 21, Q f -19, Q i -9, Q k -21, Q l -14, Q t -28, Q u 9, Q x 10
 Q | -9, W N -25, W Q -20, W W 10, W f -21, W k 25, W u 8, W x 12, ^ # -33, ^ #r 11, ^ A -6, ^ D -10, ^ E 30, ^ F -18, ^ K -22, ^ M 4
 ^ N -13, ^ P 18, ^ Q 6, ^ S 6, ^ T -21, ^ V 12, ^ W 22, ^ Y -10, ^ c -10, ^ f -7, ^ i 8, ^ k 10, ^ l 8, ^ m -10, ^ n -10, ^ o -9, ^ p 12
 ^ t 4, ^ u -4, a Q 31, a t -19, a u -24, after f -11, again | -9, al | 13, am f -14, an u 18, and V -9, and f -7, and u -18, ansver k -18
 ansver | 11, are u -17, at f 23, at n 11, aur u -55, bad | -26, be u 19, because f -9, bolo | 10, by f -11, c C -9, c Q -10, c f -13
 c | -19, check f 15, corect i -18, d | -38, dekho | 11, did S 9, diya | 19, do T -29, do | 7, false | -13, first | -13, for f 15
 friday f -11, from u -19, galat k -32, gaya k -28, gaya | -11, gayi k -14, gayi | -9, hai Q -18, hai S -11, hai | -10, has f 26, ho f -18
 ho p -15, ho u 17, hota | 10, hui k -13, i R -24, i f -14, i p 7, i u 15, in C 20, in f -10, in u -13, incorect | -15, information | -17
 is C -18, is D 6, is V -21, is f 45, is i 9, it Q -11, it f -8, it k -38, it u 14, it | 11, its V -16, its u -26, jata k -17, ji | 13
 june f -25, ka k 9, ka | -15, karo | -19, ke P 13, ke V -21, ke f -11, ke u 18, ki u -13, ki | -13, kisi f -13, koi Q -12, koi u 11
 kuch N -7, kuch f 12, kya | -6, likha k 19, me D -16, me R -11, me f 22, me k -11, me n -14, me u 10, me | 6, my u 16, nahi k 9
 nahi u 11, nahi | -8, ne p -20, ne u 8, never u 14, never | -12, no Q -9, no f 27, no u -31, no | 17, not R -16, not V 7, not u -19
 of S 11, of f 9, of u -11, of | 16, on u 14, one | 35, only f -18, only | 8, or u -13, out f -9, page # 32, page | 14, pehle u -11
 please R -23, please | 12, portal f -21, raha u 22, raha | 17, rahe k 16, rahi k 21, sahi N 19, sal f 12, se R -13, se f -33, se u 41
 se | 8, sirf u -14, that Q 15, that k 18, that u 8, that | 9, thats u 11, the V 7, the n 19, the u -16, then | 12, there k 17, thi | -10
 this k -15, this | 6, to f 17, try D -19, u A 12, u C -14, u D -19, u F 8, u K 22, u M 8, u N 15, u P -18, u Q -13, u R -6, u S -13
 u T 8, u V 38, u W -14, u f 8, u i 21, u k -7, u l -12, u n 12, u o 8, u p 6, u t -7, u u -8, u | -10, vala u 12, vas V -12, vas f 23
 vith f -8, vrong | -24, ya u -34, ye u 8, ye x 7, you R 11, you l -8, you | 5, your t -11, your u -8, | # -13, | A 15, | D 8, | E 23
 | F 11, | P 18, | Q -25, | R -3, | S 8, | T 22, | V -8, | W -27, | c -44, | f 31, | i -50, | k 17, | n -43, | o 33, | t -30, | u -59
 एक u -8, और o -22, और u -38, कम # 14, करें | -28, करो | 14, का M -12, का P 18, का k 8, का u 13, कि u -14, किसी f -13, किसी u 11, की u -28
 कुछ N -11, कुछ f 16, के f -31, के u -4, को u -21, क्या u 13, क्या | -7, खराब k -15, गया k -32, गलत k -15, गलत | -6, तो N -11, तो u 18
 थी | -25, थे | 18, दिया | 21, दीजिए | -14, दें | -13, देखें | 17, देखो | 11, दो u -14, दो | 17, नहीं f -14, नहीं k -21, नहीं u 49
 नहीं | -15, नाम u -12, ने p -23, ने u 32, पर u 26, पर | -16, पहले u -12, पोर्टल f -12, फिर f 18, बहुत V 13, बाद | -18, भी u 17, में N -22
 में R -9, में n -14, में u 11, में x 9, में | -8, यह M -14, या u -21, रहा k 11, रहे k 29, लिया | 10, वह u 17, वाली u 15, सच D 14, सब u 19
 सही N 10, साल f 14, से R 11, से u -9, हुआ k -12, हूं | 47, है f 7, है | -15, हैं | 11, हो p -17, हो | 24, होता k -11, होती k 19
 होने f -21
"""
