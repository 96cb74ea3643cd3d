# SPDX-License-Identifier: AGPL-3.0-only
"""English."""

from __future__ import annotations

from typing import Final

from memoryoss_mcp.text.stopwords import word_set
from memoryoss_proxy.extraction.languages.language import Language, anywhere, raw

_TASKS: Final = (
    "write|give|show|make|create|generate|add|fix|update|change|rename|remove|delete|move|run"
    "|rerun|restart|check|test|explain|describe|tell|list|find|look|help|suggest|recommend|draft"
    "|sketch|build|implement|refactor|convert|compute|calculate|evaluate|compare|plan|design"
    "|propose|prepare|plot|redo|review|continue|cut|fill|split|sort|quiz|imagine|pretend|act|let me"
    "|compose|outline|optimi[sz]e|debug|set up|install|open|close|start|stop|try|send|push|pull"
    "|merge|revert|deploy|print|read|search|replace|apply|extend|finish|wrap|remind|complete"
    "|expand|analy[sz]e|summari[sz]e|translate|rewrite|rephrase|reword|shorten|proofread"
    "|paraphrase|correct|edit|format|polish|improve|ask"
)
_SUBJECT: Final = r"(?:i|we|you|they|he|she|it|there|this|that|these|those|the|a|an|my|our|your)"
_NOUN: Final = (
    # "Push notifications go through ..." begins with a noun.
    r" (?:(?!(?:if|whether|that|what|how|why|the|this|it|me|an?|my|our|all|only|for"
    r"|us)\b)[\w-]+ ){0,2}"
    r"(?:is|are|was|were|has|have|must|should|can|may|go|goes|runs?|comes?|takes?|needs?|uses?"
    r"|lives?"
    r"|follows?|sits?|belongs?|contains?|returns?|gets?|stays?)\b"
)
_HABITS: Final = (
    "use|keep|store|run|live|work|teach|train|eat|drink|cook|sleep|own|maintain|lead|manage|deploy"
    "|host|ship|test|release|support|target|sell|collect|rent|drive|travel|study|speak|code|commit"
    "|name|call|follow|treat|pay|bill|invest|take|wear|play|raise|book|publish|log|cache|sign"
    "|review|require|expect|accept|allow|avoid|serve|track|version|pin|tag|squash|write|script"
    "|develop|build|bake|buy|fly|commute|share|read|develop|document|return|throw|validate|encrypt"
    "|back up|rely|depend|skip|measure|report|meet|order|plan for|stick|adhere|save|handle|tolerate"
)
_OFTEN: Final = (
    r"(?:(?:always|never|only|also|both|all|usually|mostly|generally|normally|typically|mainly"
    r"|exclusively|don't|do not|can't|cannot|won't ever|\w+ly)\s+){0,3}"
)

ENGLISH: Final = Language(
    name="en",
    words=word_set(
        "the a an is are was were i we you my our your and or but of to in on with for it this "
        "that "
        "not don't do does did be been have has can should would what how why please from at by as "
        "if when they them there no any all must never always use i'm it's we're"
    ),
    filler=raw(
        r"(?:(?:ok(?:ay)?|so|well|also|and|but|oh|ah|hey|hi|hello|thanks|thank you|great|nice"
        r"|perfect|fyi|btw|by the way|note|nb|reminder|heads[- ]up|quick heads[- ]up[^:,]{0,40}"
        r"|one more thing|just so you know|for (?:your )?(?:info(?:rmation)?|context|reference|the"
        r" record)|context|background|please note(?: that)?|note that|keep in mind(?: that)?"
        r"|remember(?: that)?|be aware(?: that)?|you should know(?: that)?|yes|yeah|yep|no|sure"
        r"|right|correct|actually|anyway|hmm+|you asked[^:]{0,40}|important(?:ly)?|ps|p\.s)"
        r"[\s,:;.!\u2013\u2014-]+)+"
    ),
    asks=raw(
        r"(?:(?:now|then|so|and|also|but|ok(?:ay)?|just|please|kindly|could|maybe|first"
        r"|next)[\s,]+)*"
        rf"(?:(?:can|could|would|will|should|shall|do|does|did|is|are|was|were|has|have|had|am|may"
        rf"|might|must)(?:n't)?\s+{_SUBJECT}\b"
        r"|(?:do|does|did|can|could|should|would|is|are) [\w-]+(?: [\w-]+){0,4} "
        r"(?:always|never|have|need|use|decide|prefer|restart|land)\b"
        r"|what|what's|how|why|who|whom|whose|which|any (?:idea|tip|suggestion|advice|thought)"
        r"|(?:where|when) (?:do|does|did|can|could|should|is|are|was|were|will|would)\b"
        rf"|(?:{_TASKS})\b(?!{_NOUN})"
        r"|i (?:need|want|would like|'d like) (?:you )?(?:to|an?|some|help|the)\b"
        r"|i'd like (?:you )?(?:to|an?|some|help)\b|i(?:'m| am) (?:looking for|wondering|asking)"
        r"|let(?:'s| us) (?:see|take|start|try|go(?! (?:with|for))|look|begin|continue|talk"
        r"|do (?:it|this|that)|test"
        r"|check|think|discuss|plot|write|add|make|get|have|run|wait)\b)"
    ),
    material=raw(
        r"(?:please |can you |could you |now )*(?:translate|rewrite|rephrase|reword|summari[sz]e"
        r"|shorten|proofread|paraphrase|correct|edit|format|polish|improve|convert|simplify|change"
        r"|fix (?:the )?(?:grammar|spelling|typos|wording)|make (?:this|it|the)|turn (?:this|it)"
        r"|write|draft|compose|reply to|respond to|answer this|analy[sz]e|review|explain|imagine"
        r"|pretend|act as|continue|tell me|give me|create|what does)\b[^\n:]{0,200}:"
    ),
    unreal=anywhere(
        r"if (?:we|i|our|my|you|they|it|the \w+) (?:were|was|had|did|decided|moved|used|switched"
        r"|chose|went|could|preferred|wanted)",
        r"(?:would|could|might)(?! (?:rather|prefer|like)\b)(?:n't| not)?",
        "maybe", "perhaps", "possibly", "probably not", "suppose", "supposing", "imagine",
        "pretend", "hypothetically", "in theory", "what if", "let's say", "assume", "assuming",
        "not sure", "no idea", "don't know", "do not know", "can't decide", "undecided",
        "haven't decided", "thinking (?:about|of)", "considering", "wondering", "i guess",
        "just kidding", "joking", "lol", "haha", "in (?:my|the|this|our) (?:story|scene|dream)",
        "tempted", "toying with",
    ),
    passing=anywhere(
        "right now", "at the moment", "for now", "at present", "just now", "in a (?:minute|moment)",
        "give me a (?:minute|moment|second)", "still", "not (?:done |ready |finished )?yet",
        "today", "tonight", "tomorrow", "yesterday", "this (?:morning|afternoon|evening|week)",
        "later", "soon", "about to", r"(?:minutes?|hours?|seconds?) ago", "again", "in progress",
        r"(?:is|are|i'm|we're) (?:trying|waiting|getting|stuck)",
        r"(?:i'm|i am|we're|we are|it's|it is) (?:going to|"
        r"working on (?:it|this|that)|testing|debugging|restarting|running late|tired|done|ready"
        r"|back|lost|confused|happy|sorry|glad|late|here|at the (?:\w+ )?(?:store|shop|airport"
        r"|station|office))",
        "(?:is|are|looks|seems) (?:broken|down|red|green|failing|stuck|late|empty|wrong|weird|odd"
        "|slow|ok|okay|fine|good)",
        "hurts?", "let you know", "report back", "so far", "(?:i|we)'ll", "for a (?:while|bit)",
        "temporarily", "this time", "just this once",
    ),
    general=anywhere(
        "in general", "generally (?:speaking|recommended|considered)", "it is (?:generally|usually"
        "|commonly|often|widely)", "most (?:people|companies|teams|users|developers|researchers"
        "|experts|languages|of the time)", "(?:many|some) (?:people|companies|researchers|experts)",
        "(?:people|everyone|everybody) (?:say|says|think|knows?|should|must|usually|always|never)",
        "they say", "one (?:should|must|can)", "you (?:should"
        "|must|can|have(?: to)?|need to|are|were|will|started|said|use)", "you're",
        "best practi[cs]es?", "rule of thumb", "according to",
        "it is (?:known|recommended|said)", "experts", "as a rule of thumb", "nowadays",
    ),
    mocking=raw(
        r"(?:oh|wow|ah|yeah|yay|great|fantastic|wonderful|brilliant|lovely|sure|of course)\b"
        r"[^.!?]{0,60}|i (?:just|really|absolutely) love (?:it when|how|waiting|when)"
    ),
    unresolved=raw(
        r"(?:it|its|that|this|these|those|they|them|their|he|she|his|her|the (?:former|latter|same"
        r"|other))(?:'s|'re|'ll|'d)?\b(?! (?:service|repo|repository|project|app|application|team"
        r"|codebase|company|module|package|component|game|book|paper|report|year|quarter|month)\b)"
        r"(?!(?:'s| is| was) (?:an? |my |our |the )?[\w.' -]{0,40}\b(?:project|app|game|repo"
        r"|service|website|library|company|book|novel|paper|proxy|name)\b)"
    ),
    deictic=anywhere(
        "this", "that", "it", "here", "these", "those", "above", "below", "following", "now",
        "again", "the second", "the first", "the other", "the loop", "until i",
    ),
    own=anywhere(
        "i", "i'm", "i've", "i'd", "we", "we're", "we've", "we'd", "my", "our", "ours", "us", "me",
        r"(?:this|the) (?:repo|repository|project|codebase|app|application|team|company|monorepo"
        r"|game|novel|book|thesis|manuscript|report|paper|site|website|shop|product)",
    ),
    decided=anywhere(
        r"(?:decided|agreed|settled|opted|committed|chose|chosen|picked|elected)"
        r"(?= (?:on|to|that|for|against|in|the|not)|\s+\w)",
        r"(?:we|i|the team|they|everyone|management|design|legal) (?:have |'ve )?(?:went|gone|"
        r"changed (?:our|my|their) minds?)(?: with| for)?",
        r"going (?:with|for)", r"(?:we|i)(?:'re| are|'m| am) (?:dropping"
        r"|switching|moving|migrating|replacing|sticking|retiring|abandoning|standardi[sz]ing)",
        r"(?:we|i) (?:have |'ve )?(?:switched|moved|migrated|standardi[sz]ed|replaced|dropped"
        r"|adopted|retired|moved away|upgraded|downgraded|introduced|ported|converted"
        r"|consolidated) ?(?:to|on|from|over|off|the|our|with)?",
        r"let(?:'s| us) (?:use|go with|stick (?:to|with)|keep|switch to|call|adopt|drop|stay with)"
        r"(?! (?:the (?:first|second|third|other|last)|this|that|it)\b)",
        r"(?:we|i) (?:won't|will not|aren't going to|are not going to|shall not) \w+",
        r"\w+ it is(?=[.!,;]|$)",
        r"(?:will|shall) (?:live|be (?:built|written|hosted|stored|based|replaced|removed|called))"
        r"(?! (?:done|ready|back))", r"(?:i'd|we'd|would) rather (?:have|use|go|stay|keep|take)",
        r"the (?:decision|plan|choice) (?:is|was)", r"instead of (?=\d|[a-z])",
    ),
    ever=anywhere(
        "always", "never", "only", "whenever", "every", "each", "all", "no one", "nobody",
        "without exception", "exclusively", "don't ever", "usually", "none of",
    ),
    every=raw(r"(?:all|every|each|no) [\w-]+"),
    together=raw(r"let(?:'s| us)\b"),
    standing=anywhere(
        "from now on", "going forward", "in (?:the )?future", "by convention", "convention",
        "house style", "house rule", "as a rule", "our (?:rule|policy|standard|style)",
        "(?:naming|coding) (?:convention|standard|style)", "every time", "each time", "whenever",
        "(?:in|for) (?:all|every|each|any|new) \\w+", "everywhere", "in everything", "by default",
        "permanently", "at all times", "under no circumstances", "the rule (?:is|here)",
    ),
    ordered=raw(
        r"(?:please |kindly |so |and )*(?:always|never|don't ever|do not ever|from now on|whenever"
        r"|every time|going forward|in (?:the )?future|when you (?:write|edit|answer|reply|explain"
        r"|code|review|translate|summari[sz]e|format|refactor|change|work))\b"
    ),
    taste=anywhere(
        r"(?:i|we|he|she|husband|wife|partner|son|daughter|team|boss|client|customer"
        r"|\w+) (?:really "
        r"|absolutely |strongly |much |usually |always |generally )?(?:prefers?|hates?|dislikes?"
        r"|detests?|favou?rs?|despises?|loathes?|refuses?|abhors?|priorit[iy][sz]es?|avoids?"
        r"|can't stand|cannot stand|can't bear)",
        r"(?:i|we) (?:really |absolutely |much )?(?:like|love|enjoy)(?! (?:it|this|that|the idea|to"
        r" (?:see|know|have|get)|waiting)\b)",
        r"(?:i|we) (?:really )?(?:don't|do not) (?:really )?(?:like|enjoy|want)",
        r"(?:i'd|i would|we'd|we would) (?:much |really )?(?:prefer|rather)",
        r"(?:my|our) (?:favou?rite|preferred|preference)", r"not a fan of", r"big fan of",
        r"(?:i'm|i am|we're|we are) (?:(?:not|very|really|quite|only|extremely|also|so|always) )*"
        r"(?:fond|into|interested|comfortable|uncomfortable|sensitive|afraid|scared|terrified"
        r"|passionate|keen|opposed|drawn|particular|picky|averse|partial|against)",
        r"(?:i|we) find (?:it )?(?:\w+ ){0,8}?\w+(?:ing|ous|ful|able|ive|less|ish|al)",
        r"(?:i|we) (?:learn|work|sleep|concentrate|focus) best", r"(?:phobia|fear) of",
        r"my (?:number one|top|main|first|highest) (?:priority|concern|goal|criterion)",
    ),
    wish=raw(
        r"(?:please |kindly |and |also |just )*(?:keep|skip|avoid|use|stay|don't|do not|no|stop"
        r"|answer|reply|respond|speak|talk|write|call me|address me|leave out|omit|stick to|be"
        r"|format|limit|give)\b",
        r"\bi(?:'d| would)? (?:want|like|need|prefer)\b",
        r"\byour (?:answers?|repl(?:y|ies)|responses?|explanations?)\b",
    ),
    manner=anywhere(
        "your (?:answers?|repl(?:y|ies)|responses?|explanations?|output|texts?|code)",
        "answer(?:s|ing)?(?: me)?", "repl(?:y|ies)", "responses?", "explanations?",
        "bullet points?",
        "bullets", "bulleted", "emojis?", "headings?", "jargon", "small talk", "disclaimers?",
        "apologi[sz](?:e|ing)", "exclamation marks?", "(?:american|british|us|uk) (?:spelling"
        "|english)", "spelling", "in (?:english|german|french|spanish|italian|portuguese|dutch)",
        "concise(?:ly)?", "brief(?:ly)?", "short (?:answers?|sentences)", "formal(?:ly)?",
        "informal(?:ly)?", "step by step", "passive voice", "metric", "type hints", "docstrings?",
        "when (?:you|answering|replying|writing)", "raw (?:entries|output|data)",
    ),
    lasting=anywhere(
        "your (?:answers|replies|responses|explanations|texts|code)",
        "when(?:ever)? (?:you|answering"
        "|replying|writing)", "me", "i", "i'd", "always", "never",
        "in (?:all|every|each|any|general)",
        "everywhere", "from now on",
    ),
    trouble=anywhere(
        r"fail(?:s|ed|ing|ures?)?", r"errors?", r"crash(?:es|ed|ing)?", r"bugs?", r"problems?",
        r"issues?", r"broken?", r"broke", r"slow(?:ness)?", r"time(?:d|s)? ?outs?", r"timing out",
        r"dropp(?:ed|ing)", r"killed", r"leak(?:s|ed|ing)?", r"hang(?:s|ing)?", r"hung", r"flaky",
        r"\d{3}s", r"blow-?up", r"nans?", r"missing", r"wrong", r"corrupt(?:ed)?", r"stuck",
        r"outage", r"red", r"mismatch", r"deadlocks?", r"loops?", r"lost", r"rejected", r"denied",
        r"glitch(?:es)?", r"noise", r"damp", r"refused", r"conflicts?",
    ),
    cause=anywhere(
        "because", "due to", "caused by", "came from", "comes from", "thanks to", "was missing",
        "were missing", "did not \\w+", "didn't \\w+", "had (?:an?|no|the) [\\w ]+", "since",
        "the (?:culprit|cause|reason|problem|issue|bug|error) was", "it was (?:the|an?|because)",
        "turned out", "was (?:full|wrong|set|too)", "were (?:full|wrong|too)", "on account of",
        "so (?:we|i) (?:moved|added|changed|set|raised|removed)",
    ),
    found=anywhere(
        "root cause", "culprit", "turned out", "the (?:cause|reason) (?:was|is|for)",
        "found out why", "(?:was|were) (?:caused by|due to)", "came from", "the (?:problem|issue"
        "|bug|error) was", "it was (?:the|an?) [\\w ]+:",
    ),
    cure=anywhere(
        r"fixed(?: it| that| the| by)?", r"solved", r"resolved",
        r"(?:work|pass|load|build|run|match"
        r"|start)(?:s|es|ed)?(?: again| now| fine)?(?=[.,!;]|$)",
        r"now (?:it )?(?:works|passes|runs)",
        r"(?:is|are|they're|it's) gone", r"gone now", r"no longer \w+", r"disappeared",
        r"did the trick", r"brought (?:us|it|that) (?:down )?(?:from|to)", r"cured", r"went away",
        r"stopped (?:the )?\w+ing", r"helped", r"works (?:again|now)", r"all tests pass",
    ),
    done=anywhere(
        r"(?:i|we)(?:'ve| have)? (?:\w+ and )?(?:fixed|changed|added|moved|replaced|renamed|set"
        r"|switched|removed|patched|pinned|upgraded|downgraded|raised|lowered|configured|rewrote"
        r"|corrected|disabled|enabled|found and fixed)", r"^fixed", r"is (?:now )?fixed",
    ),
    limit=anywhere(
        "must", "must not", "mustn't", "may not", "(?:has|have|had) to", "(?:can't|cannot|can not)"
        " (?:be|exceed|use|have|go|run|take|be more)", "(?:should|can|may) only",
        "only (?:be|allowed"
        "|accessible|reachable|permitted|on|from|between)", "(?:isn't|aren't|is not|are not|not)"
        " (?:allowed|permitted|supported)", "allowed", "forbidden", "prohibited",
        "no (?:more|less|later|fewer) than", "not (?:exceed|more|be|use)", "at (?:most|least)",
        "exceed", "max(?:imum)?", "min(?:imum)?", "limit(?:ed)? (?:to|of|is|for)",
        "(?:rate|size|time|upper|lower|hard|soft|page|word) limit", "deadlines?",
        "due (?:on|by|date)", "budget", "cap(?:ped)?", "up to", "restricted", "blocked",
        "require[sd]?",
        "needs? (?:two|a|an|the|approval|dr|to be|\\d)", "insists?", "mandatory", "wants",
        "covers only",
        "needs?", "(?:don't|do not) support", "below", "above",
    ),
    habit=anywhere(
        rf"(?:i|we) {_OFTEN}(?:{_HABITS})",
        r"(?:i|we) (?:only |also |both )?have(?! (?:to\b|an? (?:question|problem|error|issue|idea"
        r"|meeting"
        r"|bug|look|doubt|function|file|list|string|headache|feeling|minute|call)\b|this\b|no idea"
        r"|the following|been\b|\w+ed\b))",
        r"(?:i|we)(?:'m|'re| am| are) (?:an? |the |all |both )(?!bit\b|little\b|same\b|few\b"
        r"|while\b"
        r"|loss\b|one\b)\w+",
        r"(?:i'm|i am|we're|we are) (?:writing|building|developing|learning|studying|training for"
        r"|working (?:at|for|as|on an?|in)|making an?|running an?|based|from|using|on (?:node"
        r"|python"
        r"|java|version|windows|mac|linux|ubuntu)|responsible|allergic|vegan|vegetarian|lactose"
        r"|diabetic|left-handed|colou?r-?blind|pregnant|married|retired)",
        r"(?:my|our)(?: [\w'./&-]+){1,6}? (?:is|are|isn't|aren't|has|have|runs?|uses?|starts?|ends?"
        r"|lives?|costs?|takes?|insists?|only|can't|cannot|doesn't|don't|works?|sits?|listens?"
        r"|comes?|go(?:es)?|allows?|requires?|must|may|covers?|contains?|expects?|belongs?|lasts?"
        r"|owns?|serves?|stores?|ships?|supports?|consists?|sells?|speaks?|likes?|needs?|reads?)",
        r"(?:my|our) name(?:'s| is)", r"i'm [a-z]+, an? ",
    ),
    role=anywhere(
        r"(?:owns|leads|maintains|manages|approves|signs|heads|supervises|coordinates)",
        r"(?:is|are|was) (?:responsible for|in charge of|(?:the |our |my )?(?:pi|owner|lead"
        r"|maintainer"
        r"|manager|boss|supervisor|contact|head|cto|ceo|client|author|reviewer|admin|editor)"
        r"|on call)",
        r"(?:is|are) (?:called|named)", r"goes by", r"on-call for", r"approv(?:al|ed) (?:from|by)",
        r"has to (?:sign|approve|review)",
    ),
    state=anywhere(
        r"(?:is|are|was|were) (?:called|named|stored|kept|located|hosted|built|written|based"
        r"|deployed"
        r"|served|defined|reachable|available|managed|configured|derived|saved|mounted|behind|under"
        r"|next to|above|below|in|at|on|with|from|collected|taken|trained|used|injected|set"
        r"|pinned)",
        r"(?:lives?|runs?|listens?|resides?|points?|goes|go|comes?|belongs?|starts?|ends?|happens?"
        r"|sits?|costs?|takes?|lasts?|uses?|contains?|expects?|returns?"
        r"|covers?|closes?|opens?|writes?|reads?|sends?|receives?|authenticates?|flows?|connects?"
        r"|publish(?:es)?|consumes?|stores?|serves?|handles?|calls?|exposes?|supports?|requires?"
        r"|depends?"
        r"|relies|rely|follows?|process(?:es)?|generates?|deploys?|triggers?|validates?|extends?"
        r"|implements?|ships?|stays?|gets?|talks?|handled)(?: (?:in|at|on|from|through|under|via"
        r"|over|to|by|with|every))?",
        r"(?:is|are)(?! (?:it|there|this|that|broken|down|wrong)\b)",
        r"stays? (?:for|on|in|at|with)",
    ),
    body=anywhere(
        r"allerg(?:y|ic|ies)", "intoleran(?:t|ce)", "vegan", "vegetarian", "coeliac", "celiac",
        "diabet(?:es|ic)", "asthma", "gluten", "surgery", "operation", "injur(?:y|ed)", "pregnant",
        "disabilit(?:y|ies)", "disabled", "sensitive to", "chronic", "arthritis",
        "medication", "blood pressure", "dyslexi[ac]", r"\d+ ?(?:mg|micrograms)", "halal", "kosher",
        "toddler", "migraines?",
    ),
)  # fmt: skip
