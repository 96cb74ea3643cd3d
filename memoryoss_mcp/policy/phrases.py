# SPDX-License-Identifier: AGPL-3.0-only
"""What tells a request from a question, a statement and a refusal, in six languages. All words
folded (lower case, no accents)."""

from __future__ import annotations

import re
from typing import Final

from memoryoss_mcp.text.stopwords import word_set

FILLERS: Final = word_set(
    "please pls plz now just also first next finally ok okay hey hi so actually kindly simply "
    "only maybe perhaps again immediately quickly really still already better asap yes yeah "
    "no_problem afterwards once_more claude chatgpt copilot cursor gpt assistant anyway instead "
    "yep sure great lgtm yo cool nice thanks alright right there well quietly permanently "
    "completely fully safely all both carefully bitte jetzt mal noch einfach doch gleich sofort "
    "danach anschliessend zuerst erst nun kurz schnell eben auch endlich heute ruhig diesmal ja "
    "dann gerne schon bloss s'il te vous plait maintenant stp svp alors enfin d'abord aussi "
    "donc juste tout suite vite s il ahora por favor primero tambien simplemente solo ya porfa "
    "pues entonces inmediatamente adesso ora favore per subito anche prima semplicemente pure "
    "allora agora primeiro tambem apenas entao logo imediatamente"
)
"""Words that may stand before an imperative."""

CLITICS: Final = word_set(
    "me te se le la les lo los las nous vous lui leur en y mi ti ci vi li gli o os as lhe nos "
    "mir uns dir it them then also"
)
"""Pronouns that may stand between a request and its verb."""

_ADVERBS: Final = (
    r"(?:(?:please|pls|just|now|also|then|really|still|quickly|simply|maybe|go ahead and"
    r"|first|kindly"
    r"|actually|finally|immediately|definitely|probably|at least|still|all|both|me|us|por favor|ya"
    r"|ahora|me|te|se|le|la|les|lo|los|las|nous|vous|mi|ti|ci|li|gli|subito|adesso|agora|logo"
    r"|maintenant|vite|tout de suite|s il te plait|s il vous plait|aussi|anche|tambien|tambem) )*"
)

ASKS: Final = re.compile(
    r"(?:^|\s)(?:"
    # English
    r"(?:can|could|would|will|might) (?:you|u|we|ya|someone|somebody|one of you)"
    r"|(?:you|i|we) (?:can|could|may|should|must|shall|will|ought to|'d better)"
    r"|(?:i|we|you)'?(?:ll|d)?(?: (?:am|are|m|re))? (?:(?:really|urgently|still|now|just|do"
    r"|also|all|think we|just) )*"
    r"(?:need|have|want|would like|like|plan|intend|going|about|ready|wish|got|prefer|decided"
    r"|trying"
    r"|happy|need you|want you|would like you|like you|expect you|have you|ask you|need u|want u)"
    r" to"
    r"|(?:i|we|you)'(?:m|re) (?:now |just )?(?:going|about|ready|gonna)(?: to)?"
    r"|^(?:need|want|have|wants|remember|try|make sure|be sure|going|about|time|ready|proceed|got)"
    r" to|(?:it's|its|is) time to|gonna|wanna|gotta"
    r"|(?:i|we|you)'ll|let's|lets|let us|let me|feel free to|go ahead and|go ahead"
    r"|(?:make|be) sure(?: to| you| that you)|(?:remember|forget|hesitate|proceed|continue"
    r"|try|start)"
    r" to|go and|help me(?: to)?|help us(?: to)?|(?:need|want|like|would like) you to"
    r"|(?:you|i|we) (?:need|have|want|are) to|you'd better|i'd like you to|i'd like to|we'd like to"
    # French
    r"|(?:peux|peut|pourrais|pouvez|pourriez|pourrait) (?:tu|vous|on)"
    r"|(?:tu|vous|on|je|nous) (?:peux|peut|pouvez|pourrais|pourriez|dois|doit|devez|devons|devrais"
    r"|vas|va|vais|allez|allons|veux|voudrais|veut|voulons|souhaite|aimerais|compte)"
    r"|il faut(?: absolument| vite)?|faut|il faudrait|merci de|veuillez|pense a|pensez a"
    r"|n oublie pas"
    r" d?e?|n oubliez pas de|n hesite pas a|besoin (?:que (?:tu|vous)|de)"
    r"|(?:veux|voudrais|faut|souhaite|aimerais) qu?e? ?(?:tu|vous|on|l on)|que tu|que vous"
    # Spanish
    r"|(?:puedes|puede|podrias|podria|podemos|podeis|quieres|podriamos)(?: usted)?"
    r"|(?:quiero|necesito|necesitamos|queremos|debemos|debes|debe|vamos a|voy a|quisiera"
    r"|quisieramos"
    r"|me gustaria|deberias|deberiamos|procede a|procedamos a|favor de|toca|conviene)"
    r"|(?:tienes|tenemos|tengo|hay) que|(?:quiero|necesito|queremos|pido) que"
    # Italian
    r"|(?:puoi|puo|potresti|potete|possiamo|potremmo|potrebbe|vuoi)"
    r"|(?:voglio|vogliamo|devi|dobbiamo|devo|vorrei|vorremmo|bisogna|occorre|dovresti|dovremmo)"
    r"|(?:andiamo|vai|procedi|provvedi|procediamo) a|(?:voglio|vorrei|bisogna) che(?: tu| lei)?"
    r"|che tu|sto per|ho intenzione di|ricordati di"
    # Portuguese
    r"|(?:voce |vc |a gente )?(?:pode|podes|podem|podemos|poderia|consegue)"
    r"|(?:voce )?(?:quero|queremos|preciso|precisamos|precisa|deve|devemos|devo|vamos|vou"
    r"|gostaria de"
    r"|convem|favor)|(?:temos|tenho|tem) (?:que|de)|(?:quero|preciso|queremos) que(?: voce"
    r"| vc| tu)?"
    r"|que voce|ha que|lembre se de|pretendo"
    rf") {_ADVERBS}$"
)
"""What a clause says before the verb of a request (the words before it, each with a space behind
it)."""

GERMAN_ASKS: Final = word_set(
    "kannst konnt konnen konntest konntet konnten wurdest wurdet wollen mochte mochten musst "
    "mussen sollst sollt sollen bitte lass lasst lassen willst gilt darfst durfen sollten "
    "solltest mochtest vergiss"
)
"""German words that make an infinitive further behind a request."""
GERMAN_ASKS_OF: Final = word_set("soll muss kann will werde sollte konnte darf wird")
"""Those that need somebody who is asked."""
GERMAN_PERSONS: Final = word_set("ich du wir man ihr sie jemand")
GERMAN_FINITE: Final = word_set(
    "ist sind war waren hat haben hatte habe wird wurde wurden kann konnte soll sollte muss "
    "musste will wollte darf um zum beim zur vom ohne statt anstatt dass das_heisst"
)
"""German words with which an infinitive at the end is none of a request."""

QUESTIONS: Final = word_set(
    "how why whether what which who whom whose where when wie warum wieso weshalb wozu was "
    "welche welcher welches wer wo wann ob inwiefern comment pourquoi quoi quel quelle quels "
    "quelles combien ou_est quand como que_pasa cual cuales quien cuando donde porque por_que "
    "come perche cosa quale quali chi quando dove qual quais quem onde"
)
EXPLAINS: Final = word_set(
    "how why whether warum wieso weshalb ob comment pourquoi perche porque inwiefern"
)
"""Those that make everything behind them in a clause a topic, whether the sentence asks or not."""

ASKS_LEAVE: Final = re.compile(
    r"^(?:should (?:i|we)|shall i|do|does|did|is|are|was|were|has|have|had|may i|can i|could i|am i"
    r"|must i|would it|will it|isn't|aren't|can (?:it|this|that|anyone|users?)|what|who|which"
    r"|soll(?:te)? (?:ich|man)|sollen wir|darf|muss ich|kann (?:ich|man|es)|ist|sind|war|hat|haben"
    r"|hast|habt|wurde|wurden|dois je|devrais je|puis je|est ce|faut il|peut on|as tu|a t|avez vous"
    r"|debo|deberia|puedo|se puede|es|esta|son|fue|ha|has|devo|dovrei|posso|si puo|bisogna|e"
    r"|sono|hai"
    r"|avete|deveria|e possivel|foi|eu posso)\b"
)
"""How a question begins that asks for leave or for a fact."""

SUBORDINATES: Final = word_set(
    "if unless before while because since although though until after when once whenever that "
    "which who wenn falls bevor nachdem wahrend weil obwohl damit solange sobald als si "
    "avant apres quand lorsque parce tandis pour antes cuando porque aunque mientras para "
    "despues se prima quando perche mentre per dopo affinche enquanto depois"
)
"""Words that put what follows in a clause under another."""

REPORTS: Final = word_set(
    "said says say told tells asked asks claims claimed suggested suggests recommends "
    "recommended wrote writes mentioned reported wants wanted sagt sagte meint meinte fragte "
    "schreibt schrieb behauptet empfiehlt mochte_gern disait demande demandait ecrit conseille "
    "dice dijo pregunto dicen escribio recomienda disse diceva chiede ha_detto detto chiesto "
    "scrive consiglia perguntou pediu escreveu recomenda"
)
"""Verbs of what somebody else said."""
SPEAKERS: Final = word_set("i ich je yo io eu we wir nous nosotros noi nos")

NEGATIONS: Final = word_set(
    "not never cannot don't dont doesn't won't wouldn't shouldn't can't mustn't mustnt didn't "
    "isn't wasn't haven't neither nor avoid stop refrain instead rather without nobody needn't "
    "couldn't cant no nie niemals nimmer kein keine keinen keinem keiner statt anstatt ohne "
    "weder ne n pas jamais sans rien aucun aucune evite evitez surtout_pas nunca jamas sin "
    "tampoco evita non mai senza nao nem sem"
)
"""Words before a verb with which nobody asks for it. German *nicht* has rules of its own."""

NOTHING: Final = word_set(
    "nothing none nichts rien nada niente nulla nenhum nenhuma kein keine keinen no nobody pas "
    "jamais aucun aucune nessun nessuna ningun ninguna point"
)
"""Words right behind a verb with which nothing is asked for."""

FORGIVEN: Final = re.compile(
    r"\b(?:(?:don't|do not|never|dont) (?:forget|hesitate|be afraid|mind)|no problem|not only"
    r"|nicht mehr|noch nicht mehr|vergiss nicht|nicht vergessen|n oublie pas|n oubliez pas"
    r"|n hesite pas|no olvides|no te olvides|no dudes|no se te olvide|non dimenticare|non esitare"
    r"|nao esqueca|nao se esqueca|nao hesite|no longer|no need for|not needed|why not|why don't you"
    r"|why don't we|ya no|non piu|nao mais)\b"
)
"""Negations that deny nothing of what is asked for."""

NEVER_AT_ALL: Final = re.compile(
    r"\b(?:auf keinen fall|keinesfalls|unter keinen umstanden|en ningun caso|in nessun caso"
    r"|em nenhum"
    r" caso|de ningun modo|en aucun cas|de jeito nenhum|keineswegs)\b"
)

RUNS: Final = word_set(
    "run execute use call invoke try launch start type enter do apply connect ssh fuhre fuhr "
    "starte nutze nimm ausfuhren nutzen executez lance lancez utilise tape ejecuta ejecute "
    "corre lanza usa esegui lancia avvia utilizza rode roda rodar"
)
"""Verbs that ask for code to be run."""

_FINITE: Final = word_set(
    "is are was were has had took takes broke breaks works worked doesn't didn't isn't went "
    "failed fails fail failing"
)
NOMINAL: Final = word_set(
    "note notes checklist checklists policy policies rule rules guide guideline guidelines "
    "runbook status summary plan plans process processes script scripts pipeline pipelines "
    "procedure command commands button buttons handler handlers function functions method "
    "endpoint endpoints day days date dates party job jobs log logs log_file history strategy "
    "window key keys test tests error errors bug bugs failed fails fail failing step steps "
    "documentation docs manager management schedule cycle calendar candidate_list permission "
    "permissions option options flag flags request requests is are was were has had took takes "
    "broke breaks works worked doesn't didn't isn't went needs_a should_be query statement "
    "statements operation operations event events hook hooks workflow workflows target "
    "environment_variable config settings notes_for branch_name train frequency tooling "
    "confirmation dialog modal icon link links page"
)
"""Words behind a verb that make it the first part of a name ("the deploy script")."""
NAMED: Final = NOMINAL - _FINITE
"""Those that are nouns."""
