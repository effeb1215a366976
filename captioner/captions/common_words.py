"""Words that people say all the time, of six letters and more: never somebody's misheard term."""

from __future__ import annotations

from captioner.captions.sounds import letters

_ENGLISH = """
about above across action actually afternoon again against agency agreed almost already although
always amount another answer anyone anything around attention available average became because
become before began behind being believe better between beyond board bottom bringing brought
building business called cannot career caught center central certain certainly chance change
changed changes charge choice church cities citizen clear clearly college coming common community
company compare complete computer concern condition consider console continue control couple course
create created culture current customer damage daughter decide decided decision degree describe
design despite detail details develop development different difficult dinner direction doctor dollar
double during early easily economy education effect effort either element enough entire especially
evening event events every everybody everyone everything evidence exactly example except expect
experience explain family father feeling fellow figure finally financial finish follow following
foreign forget former forward friend friends further future garden general getting given giving
government great ground growth happen happened happens having health hearing heart herself higher
himself history hospital however hundred husband imagine impact important improve include including
increase indeed indicate individual industry information inside instead interest interesting
international interview itself kitchen knowledge language larger later leader learn learning least
leave letter letters level likely listen little living longer looking machine making manage
management manager market matter maybe measure media medical meeting member members memory mention
message method middle million minute minutes mister modern moment money month months morning mother
movement moving myself nation national natural nature nearly necessary network never nothing notice
number numbers object obvious obviously offer office officer official often oh okay order other
others outside owner parent partner party patient pattern people perfect perhaps period person
personal phone physical picture player please point police policy political position possible power
practice prepare present president pressure pretty prevent price private probably problem problems
process produce product production professional professor program project property protect prove
provide public purpose question questions quickly quite rather reach reader ready reality realize
really reason receive recent recently recognize record reduce region relate relationship remain
remember remove repeat report reported represent require research resource respond response
result results return reveal right running saying school science season second secret section
security seemed sense separate series serious service services session seven several should shoulder
similar simple simply since single sister situation slowly social society software someone
something sometimes somebody somewhere sorry source special specific speech spring stage standard
started state statement states station still story straight street strong student students study
subject success successful sudden suddenly suffer suggest summer support surface system systems
taking talking teacher terms thank thanks themselves theory therefore these thing things think
thinking third those though thought thousand through throughout throw today together tomorrow
tonight toward towards trade training transform travel treatment trouble trying twenty under
understand unless until usually value various version victim victor violence visit voice waiting
wanted watch water weather weight welcome western whatever whenever where whether which while white
whole whose window winter within without woman wonder word words worker working world would write
writer writing written wrong yellow yesterday younger yourself
"""
_OTHERS = """
además adónde ahora algunos alguien alguna antes aquella aquellos aunque ayuda buenas bueno cuando
cualquier cuánto debajo delante dentro después detrás donde durante ejemplo empresa encima entonces
entre estaba estado estamos estar gracias grande hablar hacia hacer hasta hombre igual importante
momento muchas mucho mujer mundo ninguno nosotros nuestra nuestro número nunca porque primero
problema proceso pueden puede quiere quién señor siempre sistema sobre tambien tenemos tiempo
tienen tiene todavía todos trabajo usted ustedes vamos verdad
alors après aucun aujourd'hui aussi autre autres avaient avait avant avoir beaucoup besoin bonjour
celle celui chacun chaque chose comme comment contre depuis dernier derrière devant donner encore
enfin ensemble ensuite entre étaient était exemple faire falloir femme fortement homme importante
jamais jusque longtemps madame maintenant moins monde monsieur mieux notre nouveau nouvelle nombre
parce parler pendant personne peut-être plupart plusieurs pourquoi pouvoir premier première presque
problème quand quelque quelques question rendre rester savoir seulement souvent système temps
toujours toute toutes travail trouver vouloir voyez
aber allein allem allerdings andere anderen ändern arbeit beide bereits beispiel bitte bleiben
bringen danach danke dann darauf darüber daten davon deshalb deutsch diese diesem diesen dieser
dieses dürfen eigentlich einfach einige einmal entwicklung etwas fragen früher ganze geben gegen
gehen gemacht genau gerade gesagt gestern gewesen glauben gleich großen haben halten hatte heißt
heute hinter ihnen immer jahre jemand jetzt keine kommen können könnte lange lassen leben leicht
letzte leute machen manchmal mehrere menschen möchte möglich morgen müssen nächste natürlich neben
nehmen nicht nichts niemand obwohl problem richtig sagen schnell schon sehen sehr seinem seiner
selbst sicher sollen sollte sondern später spielen sprechen stehen stellen suchen system tatsächlich
trotzdem überhaupt unsere unter verschiedene verstehen vielen vielleicht vorher warum weiter welche
wenig wenigstens werden wieder wirklich wissen wollen wurde würde während zeigen ziehen zurück
zusammen zwischen
abbiamo allora almeno altra altri altro ancora anche andare appena avere bisogno buona buongiorno
certo chiedere ciascuno comunque cosa così dentro dietro diverso domani domanda dopo dove dovere
durante eravamo esempio essere fanno fatto finché forse grande grazie infatti insieme insomma
invece lavoro lontano maggiore mattina meglio meno mentre mettere molto mondo nessuno niente nostra
nostro nuovo ogni oggi parlare parola parte perché perciò persona persone piccolo possono potere
prendere presto prima primo problema proprio quale qualche qualcosa qualcuno quando quanto quasi
quello questa queste questi questo quindi rimanere sapere secondo sempre senza sistema siamo sono
sopra sotto spesso stato subito tempo troppo trovare tutta tutti tutto ultimo uomo vedere venire
volere volta
agora ainda alguém algum alguma ambos amanhã antes apenas aquela aquele aquilo assim através
bastante bom cada coisa conta contra dentro depois desde desse deste devem diante durante empresa
então entanto entre estamos estava estes exemplo fazer ficar foram gente governo grande homem hoje
importante isso maior melhor menos mesmo minha momento muito mulher mundo nada nenhum nesse ninguém
nossa nosso nunca obrigado ontem outra outro palavra parte pessoa pessoas podem poder porque
portanto precisa primeira primeiro problema processo quais qualquer quando quanto quase quatro
sempre senhor sistema sobre também tanto tempo tenho tinha todas todos trabalho vamos vezes você
больше будет будут быстро важно вместе вообще вопрос время всегда говорить года даже делать деньги
дорога друга другие другой думать если есть ждать жизнь здесь знать иногда каждый кажется когда
конечно конец которая которого которое которой которые который кто-то лучше люди место много может
можно начать наконец например находится начало неделя некоторые несколько никогда никто ничего
новый нужно обычно однако опять очень первый перед помочь понимать после последний потом потому
почему почти правда просто работа работать раньше ребенок сегодня сейчас сказал сказать сколько
слово случай снова совсем спасибо сразу стать страна считать также такой теперь тогда только
хорошо хотеть человек через чтобы
"""

COMMON = frozenset(map(letters, (_ENGLISH + _OTHERS).split()))
"""As `letters` gives them, in several languages."""
