# SPDX-License-Identifier: AGPL-3.0-only
"""Portuguese, in brief."""

from __future__ import annotations

from typing import Final

from memoryoss_mcp.text.stopwords import word_set
from memoryoss_proxy.extraction.languages.language import Language, anywhere, raw

PORTUGUESE: Final = Language(
    name="pt",
    words=word_set(
        "o os as um uma de do da dos das e que nao em no na nos nas por para com eu nos meu "
        "minha meus "
        "nosso nossa sempre nunca mas como se sao foi tem temos usamos ao vez isso este esta "
        "mais ate"
    ),
    filler=raw(
        r"(?:(?:ok|bom|entao|e|mas|oi|ola|obrigad[oa]|perfeito|alias|sim|nota|lembre(?:-se)? que"
               r"|observacao|importante|a proposito)[\s,:;.!\u2013\u2014-]+)+"),
    asks=raw(
        r"(?:(?:e|entao|agora|por favor)[\s,]+)*(?:o que|que|como (?=\w+o\b)|por que|quem|onde"
        r"|por onde|quando"
        r"|qual|quanto|voce pode|pode|poderia|podemos|posso|devo|devemos|preciso de|procuro"
        r"|quero (?:um|uma)"
        r"|escreva|me de|mostre|faca|crie|gere|adicione|corrija|mude|apague|execute|explique|diga"
        r"|traduza"
        r"|resuma|reescreva|conte|substitua|prepare|sugira)\b"
    ),
    material=raw(
        r"(?:traduza|resuma|corrija|reescreva|escreva|melhore|conte|explique)\b[^\n:]{0,200}:"),
    unreal=anywhere(
        "talvez", "quem sabe", r"se \w+(?:ssemos|sse|ssem)", "poderia", "deveria", "imagine",
                    "suponha", "nao sei", "nao sabemos", "nao tenho certeza"),
    passing=anywhere(
        "agora mesmo", "neste momento", "por enquanto", "ainda", "hoje", "amanha", "ontem",
                     "mais tarde", "logo", r"estou \w+ndo", "esta semana"),
    general=anywhere(
        "em geral", "geralmente", "a maioria", "as pessoas", "todo mundo", "recomenda-se",
                     "dizem que", "segundo"),
    mocking=raw(r"(?:oh|ah|otimo|que bom|maravilha)\b[^.!?]{0,60}"),
    unresolved=raw(
        r"(?:ele|ela|eles|elas|isso|isto|este|esta)(?= (?:e|sao|tem|nao|se|esta|deve)\b)"),
    deictic=anywhere("este", "esta", "isso", "isto", "aqui", "agora", "acima", "abaixo"),
    own=anywhere(
        "eu", "nos", "meu", "minha", "meus", "minhas", r"noss[oa]s?", r"\w+(?:amos|emos|imos)",
        "sou",
                 "tenho", "uso", "prefiro", "trabalho", "moro", "a gente"),
    decided=anywhere(
        r"(?:decidimos|decidi|escolhemos|escolhi|optamos|combinamos|trocamos|migramos|mudamos)",
                     r"em vez de", r"no lugar de", r"ja nao \w+", r"ficou decidido"),
    ever=anywhere(
        "sempre", "nunca", "so", "somente", "apenas", "cada", r"tod[oa]s", r"nenhuma?", "ninguem"),
    every=raw(r"(?:tod[oa]s [oa]s|cada|nenhuma?) \w+"),
    together=raw(r"vamos\b"),
    standing=anywhere(
        "a partir de agora", "de agora em diante", "daqui para frente", "por convencao",
                      "convencao", "por padrao", "regra", "toda vez", "neste projeto"),
    ordered=raw(r"(?:por favor,? )?(?:sempre|nunca|a partir de agora|\w+ sempre|nao \w+ nunca)\b"),
    taste=anywhere(
        r"prefir[oe]", r"preferimos", r"(?:gosto|gostamos|nao gosto) de", r"odeio", r"detesto",
                   r"adoro", r"nao suporto", r"nao quero", r"favorit[oa]s?"),
    wish=raw(
        r"(?:por favor,? )?(?:evite|nao \w+|responda|use|escreva|fale)\b",
        r"\b(?:quero|gostaria)\b",
             r"\bsuas respostas\b"),
    manner=anywhere(
        r"respostas?", r"respond\w+", r"listas?", r"emojis?", r"breves?", r"concis\w+",
        r"curt[oa]s?",
                    r"em (?:portugues|ingles)", r"formal", r"exclamacao"),
    lasting=anywhere(
        "suas respostas", "quando (?:responder|escrever)", "me", "quero", "gostaria", "sempre",
                     "nunca"),
    trouble=anywhere(
        r"erros?", r"problemas?", r"falta\w*", r"falh\w+", r"quebrad[oa]", r"lent[oa]", r"bug"),
    cause=anywhere(r"era por causa", r"devido a", r"por causa d[eoa]", r"porque", r"a causa era",
                   r"o problema era", r"faltava"),
    found=anywhere(r"a causa era", r"o problema era", r"era por causa"),
    cure=anywhere(r"resolv\w+", r"funciona(?: de novo)?", r"funcionou", r"corrigi\w*", r"sumiu"),
    done=anywhere(r"(?:corrigi|mudei|adicionei|substitui|movi|removi)"),
    limit=anywhere(
        r"dev[eo]\w*", r"tem que", r"nao (?:pode|podem)", r"proibid[oa]", r"no maximo",
        r"pelo menos",
                   r"maximo", r"minimo", r"limite", r"prazo", r"orcamento", r"ultrapassar"),
    habit=anywhere(
        r"(?:usamos|trabalhamos|moramos|comemos|temos|somos|fazemos|escrevemos"
        r"|guardamos)(?! (?:um problema"
        r"|uma duvida)\b)",
        r"(?:uso|trabalho|moro|ensino|cozinho|viajo|tomo|tenho|sou|estudo)(?! (?:um problema"
        r"|uma duvida"
        r"|uma pergunta)\b)", r"nao como", r"me chamo",
        r"(?:meu|minha|meus|minhas|noss[oa]s?)(?: [\w'./&-]+){1,5}? (?:e|sao|tem|usa|custa|dura"
        r"|comeca|se)",
    ),
    role=anywhere(
        r"(?:dirige|lidera|aprova|gerencia|assina)", r"se chama", r"responsavel (?:por|pelo|pela)"),
    state=anywhere(
        r"fica(?:m)?", r"roda|escuta|custa|dura|comeca|termina", r"esta (?:em|no|na|hospedad[oa])"),
    body=anywhere(
        r"alergi\w+", r"alergic[oa]", r"intoleran\w+", r"vegan[oa]", r"vegetarian[oa]",
        r"celiac[oa]",
                  r"gluten", r"lactose", r"diabet\w+", r"gravida", r"\d+ ?mg"),
)  # fmt: skip
