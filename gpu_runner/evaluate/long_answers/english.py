"""English opposites, denials, irregular forms and words of the sentence's form. Tables alone; the synonyms are in `synonyms.json`.

A phrase has strokes between its words. Written for this project.
"""

from __future__ import annotations

from typing import Final

# Two sides with a stroke between: what is one cannot be the other.
OPPOSITES: Final = """
before prior_to earlier precede|after following later follow
open|close shut closed
increase rise grow raise up|decrease fall drop decline reduce lower down
more|less fewer
over above more_than exceed|under below less_than
at_least minimum|at_most maximum
first|last
early|late
large big|small little
tall high|short low
long|short
old|new
old|young
hot warm|cold cool
wet|dry
north northern|south southern
east eastern|west western
left|right
top upper|bottom lower
upstream|downstream
inside within|outside
male man|female woman
boy son|girl daughter
father|mother
brother|sister
husband|wife
king|queen
win|lose
buy purchase borrow|sell lend
import|export
accept agree approve allow permit|refuse decline reject deny forbid ban prohibit
allow permit|forbid ban prohibit bar
pass succeed|fail
start begin|end finish stop
arrive enter|leave depart
join|leave
push|pull
add|remove subtract
deposit|withdraw
free|paid
compulsory mandatory required|optional voluntary
public|private
rural village|urban town
legal lawful|illegal unlawful
safe|dangerous unsafe
clean|dirty
true|false
right correct|wrong incorrect
same|different
all every|none
always|never
day|night
morning|evening
summer|winter
sunrise|sunset
life live alive|death die dead
birth born|death die
love|hate
friend|enemy
attack|defend
build|destroy demolish
protect preserve|destroy
gain|lose loss
profit|loss
sweet|bitter
raw|cooked
empty|full
heavy|light
hard|soft
strong|weak
rich|poor
fast quick|slow
easy simple|difficult hard
near|far
single|double
single|married
temporary|permanent
domestic|foreign
natural|artificial
acid acidic|alkaline basic
positive|negative
active|passive
victory|defeat
teacher|student
doctor|patient
buyer|seller
lender|borrower
landlord|tenant
employer|employee
parent|child
seller|buyer
include contain|exclude lack
direct|indirect
vertical|horizontal
clockwise|anticlockwise
odd|even
inner|outer
internal|external
land|sea
liquid|solid
hide|show
praise|criticise blame
support favour|oppose
with|without
known|unknown
likely|unlikely
able|unable
aware|unaware
separate separately alone|together
major|minor
majority|minority
most|least
many several|few none
public|secret
quiet quietly silent silently|loud loudly
expand widen|shrink narrow
gather collect|scatter spread
absorb|emit release give_off
hotter|colder cooler
longer|shorter
larger bigger|smaller
higher|lower
faster quicker|slower
older|younger newer
keep retain|lose discard throw
visible|invisible
deep|shallow
thick|thin
dark night|daylight
sunny|cloudy
save|waste spend
lock|unlock
cheap|expensive costly dear
complete whole entire|partial part
equal same|unequal different
solid|hollow
often frequent|rare seldom
begin start|cease
attract|repel
clear|cloudy
fresh|stale salt
home|abroad away
married|unmarried
appear|disappear vanish
connect|disconnect separate
agree|disagree
honour|dishonour
obey|disobey
like|dislike
advantage|disadvantage
usual|unusual
"""

DENIALS: Final = """
not no never none nobody nothing neither nor without cannot fail failed refuse refused decline declined deny denied lack lacking unable
reject rejected forbid forbidden ban banned prohibit prohibited hardly barely avoid rather_than instead_of far_from no_longer nowhere
isn aren wasn weren
don doesn didn won wouldn couldn shouldn hasn haven hadn can_t ain non false untrue unlikely impossible illegal except excluding stop
prevent
no_one scarcely seldom rarely fails failing refuses refusing declines denies denying
lacks lacked rejects forbids bans prohibits avoids avoided
stops stopped prevents prevented incapable impossibly free_of short_of instead excludes excluded missed misses stay_away stayed_away
staying_away kept_out turned_down turned_away give_up gave_up ruled_out barred wasnt isnt didnt doesnt cant wont
"""

IRREGULAR: Final = """
build built|begin began begun|hold held|win won|give gave given|take took taken|make made|write wrote written|lead led|buy bought
sell sold|get got
find found|found founded|become became|come came|go went gone|know knew known|keep kept|leave left|lose lost|pay paid|put|run ran
say said|see saw seen
send sent|show shown|sit sat|speak spoke spoken|stand stood|teach taught|tell told|think thought|throw threw thrown|wear wore worn
fall fell fallen
feel felt|fight fought|fly flew flown|grow grew grown|have has had|be is are was were been being|do does did done|bear born borne
break broke broken
bring brought|catch caught|choose chose chosen|draw drew drawn|drink drank drunk|drive drove driven|eat ate eaten
forbid forbade forbidden|forget forgot
hear heard|hide hid hidden|lay laid|lend lent|lie lay lain|lose lost|mean meant|meet met|rise rose risen|sing sang sung|sink sank
sow sown|spend spent
steal stole stolen|strike struck|swim swam|tear tore torn|wake woke|bind bound|burn burnt|cost|cut|deal dealt|dig dug|feed fed
flee fled|freeze froze
hang hung|hit|hurt|kneel knelt|learn learnt|let|light lit|ride rode ridden|ring rang|seek sought|set|shake shook|shoot shot|shut
slay slew slain
man men|woman women|child children|foot feet|tooth teeth|mouse mice|leaf leaves|life lives|wife wives|half halves|wolf wolves
knife knives|die died dying dead death
good better best|bad worse worst|little less least|many more most|far further|high height|long length|wide width|strong strength
deep depth|hot heat
arrive arrival|depart departure|inaugurate inauguration|construct construction|destroy destruction|marry marriage|choose choice
lose loss|sell sale|succeed success
weigh weight|free freedom|govern government governor|rule ruler|win winner victory|sculpt sculptor|describe description
produce production product|apply application
decide decision|divide division|invade invasion|permit permission|receive receipt|reduce reduction|renew renewal|refuse refusal
retire retirement
"""

FUNCTION: Final = """
a an the of in on at by to for from with and or as is are was were be been being has have had it its this that these those he she they
them him her his their which who whom
whose what when where how why do does did can could will would may might than then there so i you we us me my your our one into onto
upon also very just
such some any other s t ll ve re d m am if but while though although however still yet even only here out off up down about
"""
