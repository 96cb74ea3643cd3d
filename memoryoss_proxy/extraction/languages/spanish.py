# SPDX-License-Identifier: AGPL-3.0-only
"""Spanish. The subject mostly is in the ending of the verb."""

from __future__ import annotations

from typing import Final

from memoryoss_mcp.text.stopwords import word_set
from memoryoss_proxy.extraction.languages.language import Language, anywhere, raw

_TASKS: Final = (
    "escribe(?:me)?|dame|muestrame|haz(?:me)?|crea|genera|anade|agrega|corrige|cambia|renombra"
    "|borra"
    "|elimina|mueve|ejecuta|lanza|prueba|comprueba|revisa|explica(?:me)?|describe|dime|busca"
    "|ayudame"
    "|sugiere|propon|redacta|construye|calcula|compara|prepara|traduce|resume|reescribe|reformula"
    "|cuentame|reemplaza|sustituye|imagina|continua|recuerdame|planifica|ordena"
)

SPANISH: Final = Language(
    name="es",
    words=word_set(
        "el la los las un una de del y en que es son no se con para por mi mis nuestro nuestra "
        "nuestros siempre nunca pero como lo al su sus este esta hay o si muy ya usamos tengo "
        "tenemos "
        "soy porque me te les sin mas cuando"
    ),
    filler=raw(
        r"(?:(?:ok|vale|bueno|pues|y|pero|ah|hola|gracias|genial|perfecto|por cierto|si|no|claro"
        r"|nota"
        r"|para que sepas|ten en cuenta que|recuerda que|importante|ojo|contexto|a proposito"
        r"|de acuerdo)[\s,:;.!\u2013\u2014-]+(?!como\b|se\b|usamos\b|uso\b|puedo\b|podemos\b))+"
    ),
    asks=raw(
        r"(?:(?:y|entonces|ahora|pero|por favor)[\s,]+)*(?:\u00bf|que|como (?=\w+o\b|\w+amos\b"
        r"|se\b)"
        r"|por que|quien|donde|cuando (?=\w+)|cual(?:es)?|cuanto|alguna idea|puedes|podrias"
        r"|podemos|"
        r"puedo|debo|deberia|deberiamos|hay que|necesito|busco|quiero (?:un|una|que me (?:des"
        r"|hagas))"
        rf"|(?:{_TASKS})\b|vamos a (?:ver|empezar))"
    ),
    material=raw(
        r"(?:por favor )?(?:traduce|resume|corrige|reescribe|reformula|escribe|redacta|mejora"
        r"|cuentame"
        r"|explica|imagina|cambia|que significa)\b[^\n:]{0,200}:"
    ),
    unreal=anywhere(
        r"si \w+(?:aramos|ieramos|ara|iera|asemos)", "quizas?", "tal vez", "a lo mejor",
        "puede que",
        "podria", "podriamos", "deberia", "imagina", "supongamos", "no se", "no sabemos",
        "no estoy segur[oa]", "estoy pensando", "es broma",
    ),
    passing=anywhere(
        "ahora mismo", "en este momento", "de momento", "por ahora", "todavia", "aun no", "hoy",
        "manana (?!por la)", "ayer", "luego", "mas tarde", "pronto", "estoy \\w+ndo",
        "esta \\w+ndo",
        "esta caido", "otra vez", "esta semana", "esta vez",
    ),
    general=anywhere(
        "eres", "en general", "generalmente", "la mayoria", "la gente", "todo el mundo",
        "se recomienda",
        "se dice", "hay que", "buenas? practicas?", "segun", "uno debe",
    ),
    mocking=raw(r"(?:oh|ah|genial|que bien|fantastico|estupendo|bravo)\b[^.!?]{0,60}"),
    unresolved=raw(
        r"(?:el|ella|ellos|ellas|eso|esto|aquello|este|esta|estos|estas)(?= (?:es|son|esta|tiene"
        r"|no|se"
        r"|debe)\b)|lo (?:es|hace|tiene)"
    ),
    deictic=anywhere("este", "esta", "esto", "eso", "aqui", "ahora", "arriba", "abajo"),
    own=anywhere(
        "yo", "nosotros", "mi", "mis", r"nuestr[oa]s?", r"(?:\w+)(?:amos|emos|imos)", "me", "nos",
        r"(?:este|el) (?:proyecto|repo|equipo|juego|libro)", "soy", "tengo", "uso", "prefiero",
        "trabajo",
        "vivo", "como",
    ),
    decided=anywhere(
        r"(?:hemos|he|se ha|ha) (?:decidido|acordado|elegido|optado|cambiado|migrado|pasado"
        r"|descartado)",
        r"(?:decidimos|acordamos|elegimos|optamos|cambiamos|migramos|pasamos|descartamos|decidi"
        r"|elegi)",
        r"en (?:lugar|vez) de", r"nos quedamos con", r"vamos (?:a usar|con)",
        r"la decision (?:es|fue)",
        r"usemos", r"ya no \w+",
    ),
    ever=anywhere(
        "siempre", "nunca", "jamas", "solo", "unicamente", "cada", "tod[oa]s", "ningun[oa]?",
                  "nadie", "exclusivamente"),
    every=raw(r"(?:tod[oa]s l[oa]s|cada|ningun[oa]?) \w+"),
    together=raw(r"vamos a\b"),
    standing=anywhere(
        "a partir de ahora", "de ahora en adelante", "en adelante", "por convencion", "convencion",
        "por defecto", "regla", "norma", "cada vez", r"en este proyecto", "en tod[oa]s",
    ),
    ordered=raw(r"(?:por favor,? )?(?:siempre|nunca|jamas|a partir de ahora|de ahora en adelante"
                r"|\w+ siempre|cuando (?:escribas|respondas))\b"),
    taste=anywhere(
        r"prefier[oe]n?", r"preferimos", r"(?:me|nos|le) (?:gusta|gustan|encanta|encantan|molesta)",
        r"odi[oa]n?", r"odiamos", r"detest[oa]", r"no soporto", r"evito", r"me niego",
        r"(?:no )?(?:me interesa|me interesan|tengo miedo|soy sensible)", r"no quiero",
        r"favorit[oa]s?",
    ),
    wish=raw(
        r"(?:por favor,? )?(?:evita|no (?:me )?\w+|responde\w*|contesta\w*|usa|escribe\w*|habla\w*"
        r"|tutea\w*|se breve)\b", r"\b(?:quiero|quisiera|me gustaria|prefiero)\b",
        r"\btus respuestas\b",
    ),
    manner=anywhere(
        r"respuestas?", r"respond\w+", r"contest\w+", r"tute\w+", r"listas?", r"vinetas",
        r"emojis?",
        r"brev\w+", r"concis\w+", r"cort[oa]s?", r"en (?:espanol|ingles|frances|aleman)",
        r"formal\w*",
        r"espanol neutro", r"exclamacion", r"paso a paso", r"titulos",
    ),
    lasting=anywhere(
        "tus (?:respuestas|textos)", "cuando (?:respondas|escribas)", "me", r"\w+(?:eme|ame)",
        "quiero",
        "prefiero", "siempre", "nunca", "me gustaria", r"que me \w+",
    ),
    trouble=anywhere(r"error\w*", r"problemas?", r"fall\w+", r"falta\w*", r"caid[oa]", r"lent[oa]",
                     r"bug\w*", r"rot[oa]", r"mal", r"incorrect[oa]", r"bloque\w+"),
    cause=anywhere(
        r"se debia a", r"debido a", r"por culpa de", r"porque", r"venia de",
        r"la causa (?:era|fue|es)",
        r"el problema (?:era|fue|estaba)", r"faltaba", r"resulto (?:ser|que)",
    ),
    found=anywhere(r"se debia a", r"la causa (?:era|fue)", r"el problema (?:era|fue|estaba)",
                   r"el error (?:era|fue|venia)", r"resulto (?:ser|que)"),
    cure=anywhere(
        r"(?:se )?(?:arreglo|soluciono|resolvio|corrigio)", r"(?:ya |ahora )?funciona(?: bien)?",
        r"funciono", r"arranco", r"desaparecio", r"solucionado", r"arreglado", r"resuelto",
        r"volvio a \w+",
    ),
    done=anywhere(
        r"(?:he|hemos) (?:corregido|cambiado|anadido|reemplazado|movido|arreglado|eliminado)"),
    limit=anywhere(
        r"deben?", r"tienen? que", r"no (?:puede|pueden|se puede|se permite)", r"prohibid[oa]s?",
        r"permitid[oa]s?", r"como maximo", r"como minimo", r"al menos", r"maxim[oa]", r"minim[oa]",
        r"limite", r"plazo", r"fecha limite", r"presupuesto", r"superar", r"hasta el", r"antes del",
        r"obligatori[oa]", r"no mas de",
    ),
    habit=anywhere(
        r"(?:usamos|utilizamos|trabajamos|vivimos|comemos|cocinamos|guardamos|desplegamos"
        r"|escribimos"
        r"|tenemos|somos|hacemos|viajamos|vendemos|enseñamos|ensenamos|llamamos|probamos|medimos"
        r"|pagamos|compramos)(?! (?:un problema|una duda|un error|una pregunta)\b)",
        r"(?:uso|utilizo|trabajo|vivo|cocino|enseno|viajo|entreno|tomo|tengo|soy|estudio|conduzco"
        r"|escribo|mantengo|dirijo)(?! (?:un problema|una duda|una pregunta|un error|hambre"
        r"|que)\b)",
        r"no como", r"(?:mi|mis|nuestr[oa]s?)(?: [\w'./&-]+){1,5}? (?:es|son|tiene|tienen|usa|usan"
        r"|cuesta|dura|duran|empieza|termina|vive|trabaja|se|esta|come|debe|no)", r"me llamo",
    ),
    role=anywhere(
        r"(?:dirige|lidera|aprueba|mantiene|gestiona|firma|coordina|supervisa)", r"se llama\w*",
                  r"(?:es|son) (?:responsable|encargad[oa]|duen[oa])", r"lo aprueba"),
    state=anywhere(
        r"esta(?:n)? (?:en|alojad[oa]|guardad[oa]|escrit[oa])", r"se (?:encuentra|ejecuta|escriben"
        r"|guarda|hace|usa|despliega)\w*", r"corre|escucha|empieza|termina|cuesta|dura", r"es|son",
    ),
    body=anywhere(
        r"alergic[oa]s?", r"alergia", r"intoleran\w+", r"vegetarian[oa]s?", r"vegan[oa]s?",
        r"celiac[oa]s?",
        r"gluten", r"lactosa", r"diabet\w+", r"asma", r"embarazada", r"operaron", r"operacion",
        r"\d+ ?mg",
    ),
)  # fmt: skip
