# SPDX-License-Identifier: AGPL-3.0-only
"""What the people of :mod:`benchmarks.restated` talk about: things whose value is told twice, and
what is said around it. All of it is invented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Topic:
    """A thing with a value that changes. ``told`` are the statements in their order, each with the
    value it gives; ``asks`` are questions for the value of today and ``asked_once`` for the first
    one; ``asides`` are said of the thing without a value."""

    thing: str
    told: tuple[tuple[str, str], ...]
    asks: tuple[str, ...]
    asked_once: str
    asides: tuple[str, ...]


TOPICS: Final = (
    Topic(
        "the harvest festival",
        (
            ("We have set $1,800 aside for the harvest festival, stalls and all.", "$1,800"),
            ("The council raised our budget for the harvest festival to $2,300.", "$2,300"),
            ("For the harvest festival we can spend $2,750 now that the mill pays in.", "$2,750"),
        ),
        ("What is our budget for the harvest festival?", "How much can we spend on the festival?"),
        "What was the budget for the harvest festival at first?",
        (
            "Who could play at the harvest festival in the evening?",
            "The harvest festival needs more benches than last year.",
        ),
    ),
    Topic(
        "the grant report",
        (
            ("The deadline of the grant report is June 4, so I begin with the tables.", "June 4"),
            ("I heard that the grant report is due on June 18 after all.", "June 18"),
            ("They moved the deadline of the grant report again, to July 2.", "July 2"),
        ),
        ("What is the deadline of the grant report?", "When is the grant report due?"),
        "What was the deadline of the grant report originally?",
        (
            "How long should the summary of a grant report be?",
            "Marta reads the grant report before I hand it in.",
        ),
    ),
    Topic(
        "the climbing course",
        (
            ("My climbing course starts at 6 PM every Tuesday in the old brewery.", "6 PM"),
            ("Since the hall closes early my climbing course starts at 5:15 PM.", "5:15 PM"),
            ("The climbing course now starts at 7:30 PM, which suits me better.", "7:30 PM"),
        ),
        (
            "What time does my climbing course start?",
            "At what time should I be at the climbing course?",
        ),
        "What time did the climbing course start before?",
        (
            "Which shoes would you take to a climbing course?",
            "Two colleagues want to join the climbing course in autumn.",
        ),
    ),
    Topic(
        "the bee yard",
        (
            ("I keep 7 hives in the bee yard behind the barn.", "7 hives"),
            ("After the swarm in May I count 9 hives in the bee yard.", "9 hives"),
            ("With the two from my uncle the bee yard has 11 hives.", "11 hives"),
        ),
        ("How many hives are in my bee yard?", "How many hives do I have?"),
        "How many hives did I have at first?",
        (
            "What do you plant around a bee yard for early spring?",
            "The bee yard lies in the shade until ten in the morning.",
        ),
    ),
    Topic(
        "the checkout service",
        (
            ("The checkout service answers in 420 ms on average, says our dashboard.", "420 ms"),
            ("With the new index the checkout service is down to 260 ms on average.", "260 ms"),
            ("I measured the checkout service once more, on average it takes 190 ms.", "190 ms"),
        ),
        (
            "What is the average response time of the checkout service?",
            "How long does the checkout service take on average?",
        ),
        "What was the average response time of the checkout service before the index?",
        (
            "Should the checkout service retry when the bank does not answer?",
            "The checkout service writes too many lines into its log.",
        ),
    ),
    Topic(
        "the choir trip",
        (
            ("For the choir trip 24 singers have signed up so far.", "24 singers"),
            ("Three more came to me after rehearsal, the choir trip has 27 singers.", "27 singers"),
            ("The altos cancelled, so there are 22 singers on the choir trip.", "22 singers"),
        ),
        (
            "How many singers are coming on the choir trip?",
            "What is the number of singers on the choir trip?",
        ),
        "How many singers had signed up for the choir trip at first?",
        (
            "Can you suggest a church with good sound for the choir trip?",
            "The bus for the choir trip has a kitchen and a piano.",
        ),
    ),
    Topic(
        "the greenhouse",
        (
            ("I heat the greenhouse to 18 degrees and pay $95 a month for it.", "$95"),
            ("My heating bill for the greenhouse went up to $120 a month.", "$120"),
            ("With the heat pump the greenhouse costs me $70 a month.", "$70"),
        ),
        (
            "What does heating the greenhouse cost me a month?",
            "How much do I pay for the greenhouse a month?",
        ),
        "What did the greenhouse cost a month before?",
        (
            "Do lemons get through a winter in a greenhouse?",
            "One pane of the greenhouse has a crack since the storm.",
        ),
    ),
    Topic(
        "the survey of the clinic",
        (
            ("In the survey of the clinic 64% of the patients were content.", "64%"),
            ("I have newer numbers: 71% were content in the survey of the clinic.", "71%"),
            ("With the last ward counted, the survey of the clinic says 69% content.", "69%"),
        ),
        (
            "What share of patients is content in the survey of the clinic?",
            "What percentage of patients is content according to the survey?",
        ),
        "What share of the patients was content in the first survey of the clinic?",
        (
            "Which questions belong into a survey of a clinic?",
            "The survey of the clinic is to be printed in large letters.",
        ),
    ),
    Topic(
        "the ferry",
        (
            ("Our ferry to the island leaves on August 9, I have the tickets.", "August 9"),
            ("The line changed our ferry to the island, it leaves on August 12.", "August 12"),
            ("We got places on the ferry of August 14 instead, all five of us.", "August 14"),
        ),
        ("When does our ferry to the island leave?", "What is the date of our ferry?"),
        "When was our ferry to the island going to leave originally?",
        (
            "Is a dog allowed on the deck of a ferry?",
            "I get seasick on every ferry, even in calm water.",
        ),
    ),
    Topic(
        "the apprenticeship",
        (
            ("My apprenticeship as a joiner takes 36 months altogether.", "36 months"),
            ("Because of my degree they shortened the apprenticeship to 30 months.", "30 months"),
            ("The chamber told me that my apprenticeship lasts 28 months.", "28 months"),
        ),
        ("How long does my apprenticeship take?", "What is the duration of my apprenticeship?"),
        "How long was my apprenticeship going to take at first?",
        (
            "What tools does one bring along to an apprenticeship?",
            "In the apprenticeship we build a chest of drawers first.",
        ),
    ),
    Topic(
        "the parser",
        (
            ("We pinned the parser to version 2.4.1 in all our repositories.", "version 2.4.1"),
            ("I upgraded the parser to version 2.6.0, everything is green.", "version 2.6.0"),
            ("The build runs with version 3.0.2 of the parser.", "version 3.0.2"),
        ),
        ("Which version of the parser do we use?", "What is the current version of our parser?"),
        "Which version of the parser did we use originally?",
        (
            "How would you test a parser with random input?",
            "The parser chokes on comments at the end of a line.",
        ),
    ),
    Topic(
        "the reading club",
        (
            ("Our reading club meets on Wednesday in the library.", "Wednesday"),
            ("The reading club has been moved to Thursday because of the choir.", "Thursday"),
            ("From the spring on our reading club is on Monday.", "Monday"),
        ),
        ("When does our reading club meet?", "On what day is the reading club, and when?"),
        "On what day was the reading club before?",
        (
            "Can you name a short novel for a reading club?",
            "Half of the reading club does not like crime stories.",
        ),
    ),
    Topic(
        "the water tank",
        (
            ("The limit that I set for the water tank on the roof is 800 litres.", "800 litres"),
            ("I raised the limit of the water tank to 950 litres after the rain.", "950 litres"),
            ("The plumber wants no more than 700 litres as a limit for the tank.", "700 litres"),
        ),
        ("What is the limit of the water tank?", "How much water may be in the tank?"),
        "What was the limit of the water tank at first?",
        (
            "How do I keep algae out of a water tank?",
            "The water tank drips a little at the lower valve.",
        ),
    ),
    Topic(
        "the flat in Porto",
        (
            ("The rent of the flat in Porto is 780 euros, with water.", "780 euros"),
            ("My landlady increased the rent of the flat in Porto to 840 euros.", "840 euros"),
            ("We agreed on a rent of 810 euros for the flat in Porto.", "810 euros"),
        ),
        ("What is the rent of the flat in Porto?", "How much rent do I pay for my flat?"),
        "What was the rent of the flat in Porto before?",
        (
            "Are there good schools near the flat in Porto?",
            "From the flat in Porto I can see the river.",
        ),
    ),
    Topic(
        "the night train",
        (
            ("I booked the night train for 9:40 PM from the main station.", "9:40 PM"),
            ("They wrote to me that the night train leaves at 10:25 PM.", "10:25 PM"),
            ("New timetable: my night train goes at 8:55 PM.", "8:55 PM"),
        ),
        (
            "What time does my night train leave?",
            "At what time do I need to catch the night train?",
        ),
        "What time was the night train going to leave originally?",
        (
            "What should I pack for a night train?",
            "I slept badly in the last night train, the bunk was short.",
        ),
    ),
    Topic(
        "the thesis",
        (
            ("My thesis has 62 pages without the appendix.", "62 pages"),
            ("I finished the second chapter, my thesis has 78 pages.", "78 pages"),
            ("My supervisor made me cut, now there are 71 pages in the thesis.", "71 pages"),
        ),
        ("How many pages does my thesis have?", "How many pages are in my thesis now?"),
        "How many pages did my thesis have at first?",
        (
            "How do I write the acknowledgements of a thesis?",
            "I print the thesis on thick paper.",
        ),
    ),
    Topic(
        "the marathon",
        (
            ("My goal for the marathon is to finish in 255 minutes.", "255 minutes"),
            (
                "After the half distance I changed my goal for the marathon: 240 minutes.",
                "240 minutes",
            ),
            ("With the bad knee I aim for 270 minutes in the marathon.", "270 minutes"),
        ),
        ("What is my goal for the marathon?", "What time do I aim for in the marathon?"),
        "What was my goal for the marathon originally?",
        (
            "What do you eat on the morning of a marathon?",
            "The marathon goes over three bridges and through the zoo.",
        ),
    ),
    Topic(
        "the loan",
        (
            ("The bank offers the loan at a rate of 4.1% for ten years.", "4.1%"),
            ("They reduced the rate of the loan to 3.7% when I asked.", "3.7%"),
            ("I signed the loan, with a rate of 3.9% and no fee.", "3.9%"),
        ),
        ("What is the rate of the loan?", "What interest rate do I have on my loan?"),
        "What was the rate of the loan at first?",
        (
            "Can I pay a loan back earlier than agreed?",
            "For the loan they want to see three salary slips.",
        ),
    ),
    Topic(
        "the workshop on soldering",
        (
            ("We run the workshop on soldering on March 7 in the cellar.", "March 7"),
            ("The workshop on soldering is rescheduled to March 21.", "March 21"),
            ("Only March 28 was free, so that is when the soldering workshop is.", "March 28"),
        ),
        ("When is the workshop on soldering?", "What is the date of the soldering workshop?"),
        "When was the workshop on soldering originally?",
        (
            "How many irons does a workshop on soldering need?",
            "For the workshop on soldering I ordered tin without lead.",
        ),
    ),
    Topic(
        "the dog food",
        (
            ("Our dog eats 300 grams of the dog food a day, the total is 9 kilos.", "9 kilos"),
            ("The vet changed the total of dog food a month to 7 kilos.", "7 kilos"),
            ("Now that he runs along we need 10 kilos of dog food a month.", "10 kilos"),
        ),
        (
            "What is the total of dog food we need a month?",
            "How many kilos of dog food do we need a month?",
        ),
        "What was the total of dog food a month before?",
        (
            "Can dog food stand in the sun?",
            "The dog food with lamb smells of old socks.",
        ),
    ),
    Topic(
        "the cache",
        (
            ("I set the timeout of the cache to 30 seconds for a start.", "30 seconds"),
            (
                "Because of stale prices I lowered the timeout of the cache to 12 seconds.",
                "12 seconds",
            ),
            ("The timeout of our cache is 45 seconds in the new cluster.", "45 seconds"),
        ),
        ("What is the timeout of the cache?", "What timeout does our cache have?"),
        "What was the timeout of the cache originally?",
        (
            "Would you put a cache before or behind the gateway?",
            "The cache forgets everything when the host restarts.",
        ),
    ),
    Topic(
        "the string quartet",
        (
            ("Our string quartet takes a fee of $600 for a wedding.", "$600"),
            ("We raised the fee of the string quartet to $750 for weddings.", "$750"),
            ("The fee of the string quartet: we say $680 and travel on top.", "$680"),
        ),
        (
            "What is the fee of our string quartet?",
            "What does the string quartet cost at a wedding?",
        ),
        "What was the fee of the string quartet before?",
        (
            "Which piece suits a string quartet in a garden?",
            "The string quartet practises in my living room.",
        ),
    ),
    Topic(
        "the vaccination",
        (
            ("My vaccination is on October 3 at the surgery in Mill Lane.", "October 3"),
            ("The surgery postponed the vaccination to October 17.", "October 17"),
            ("I go to the vaccination on October 10, someone dropped out.", "October 10"),
        ),
        ("When is my vaccination?", "What is the date of my vaccination?"),
        "When was my vaccination going to be at first?",
        (
            "Can I swim on the day after a vaccination?",
            "My arm hurt for two nights after the last vaccination.",
        ),
    ),
    Topic(
        "the warehouse",
        (
            ("In the warehouse we have 140 pallets, counted by hand.", "140 pallets"),
            ("The scanner finds 152 pallets in the warehouse.", "152 pallets"),
            ("A truck came, that makes 176 pallets in the warehouse.", "176 pallets"),
        ),
        ("How many pallets are in the warehouse?", "How many pallets do we have in the warehouse?"),
        "How many pallets were in the warehouse at first?",
        (
            "What floor is best for a warehouse with forklifts?",
            "The gate of the warehouse jams when it is cold.",
        ),
    ),
)

REPLIES: Final[tuple[tuple[str, ...], ...]] = (
    (
        "Noted: {value} for {thing}. Would you like a list of what to do next?",
        "{value} sounds reasonable for {thing}. Let me know if that causes trouble.",
        "All right, I reckon with {value} from here on. What else about {thing} is open?",
    ),
    (
        "For {thing} it helps to write down who does what, and to ask two people for their view.",
        "A good plan for {thing} has three parts: what must be done, what may be done, and who "
        "looks after it. Begin with the first.",
        "Many people find {thing} easier with a calendar on the wall and a spare day at the end.",
    ),
    (
        "Understood, I have written that down.",
        "Thanks for telling me. Is there something that you worry about?",
        "Good to know. I can make a checklist of it if you want.",
    ),
)
"""What is said to a statement: with the value, with the thing only, with neither."""

THANKS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "Yes, {value} it is, and I'll put it on the first page.",
        "Right, with {value} in mind I'll write to the others.",
    ),
    (
        "Great, then I'll talk to {person} about {thing} tonight.",
        "Good, {person} will look after {thing} together with me.",
    ),
    (
        "Sounds good, thanks! Let's do it that way.",
        "Yeah, that plan makes sense. I'll begin tomorrow and come back if I get stuck.",
        "Perfect, I'll go through the list with {person} and report.",
    ),
)
"""What the user says then: with the value, with the thing only, with neither."""

SMALL_TALK: Final = (
    ("My neighbour plays the tuba at night, what can I do?", "Talk to him on a quiet morning."),
    ("How do I get wax out of a tablecloth?", "Cool it, scrape it off, then iron over paper."),
    ("I want to learn the names of the stars.", "Begin with Orion in winter, it is easy to find."),
    ("What rhymes with orange?", "Hardly anything in English; poets bend the word."),
    ("We painted the hall yellow last weekend.", "That must look warm in the morning light."),
    ("Can one freeze cooked rice?", "Yes, cool it quickly and eat it within a month."),
    ("My bicycle squeaks when I pedal hard.", "Oil the chain and check the bottom bracket."),
    ("I can't decide between tea and coffee.", "Have tea today and compare tomorrow."),
    ("Tell me something about owls.", "Their feathers are combed so that they fly silently."),
    ("The lift in our house is broken again.", "Ask the caretaker for the date of the repair."),
    ("Which tree grows fastest in sand?", "Birches and pines cope well with sandy ground."),
    ("I lost my umbrella in the tram.", "The lost property office keeps such things for weeks."),
    ("How do you fold a fitted sheet?", "Put the corners into one another and fold in thirds."),
    ("I dreamt of a talking fox.", "Foxes in dreams often stand for something you avoid."),
    ("What is a good name for a grey cat?", "Ash, Pebble or Mist would suit a grey cat."),
    ("My sister moved to Bergen for work.", "It rains a lot there, and the mountains are close."),
    ("Is a cracked mug still safe to use?", "Better not, hot water can split it."),
    ("I would like to write more letters.", "Keep paper on the table and write on Sundays."),
    ("How do I stop procrastinating?", "Do the first two minutes of it at once."),
    ("The bakery at the corner has closed.", "A pity. There may be another one by the market."),
    ("Do you know a card game for three?", "Skat is made for three players."),
    ("My glasses fog up all winter.", "A drop of soap, wiped off dry, keeps them clear."),
    ("Explain tides to a child.", "The moon pulls at the sea, and the sea bulges a little."),
    ("I burnt the lentils again.", "Turn the heat down and stir from the bottom."),
)
"""Exchanges about something else."""

PEOPLE: Final = ("Marta", "Yusuf", "Ingrid", "Tomas", "Leila", "Henk", "Chiara", "Bo")
