"""Invented people, all at example.com, some with names that break careless pages."""

from random import Random
from typing import Any

FIRST = (
    "Ada", "Amal", "Anouk", "Aroha", "Bao", "Beatriz", "Bogdan", "Chidi", "Dalia", "Diego", "Eero", "Elif",
    "Fatima", "Farid", "Gwen", "Hana", "Henrik", "Ines", "Imani", "Jakub", "Jonas", "Kaia", "Kofi",
    "Leila", "Lev", "Lucía", "Maeve", "Malik", "Mateo", "Mei", "Nadia", "Nils", "Noor", "Olga", "Omar",
    "Paolo", "Priya", "Quinn", "Ravi", "Rosa", "Sana", "Sigrid", "Søren", "Tariq", "Tomas", "Uma",
    "Viktor", "Wanjiru", "Xavier", "Yara", "Yusuf", "Zoë", "Zlatan",
)  # fmt: skip
LAST = (
    "Abreu", "Adeyemi", "Almeida", "Andersson", "Bakker", "Banerjee", "Castillo", "Chaudhry", "Dimitrova",
    "Duarte", "Eriksen", "Farouk", "Ferrari", "Fofanah", "Gallagher", "Grabowski", "Haddad", "Hernández",
    "Ivanova", "Jansen", "Kamau", "Kaya", "Kovács", "Laine", "Lindqvist", "Mbeki", "Medina", "Moreau",
    "Müller", "Nakamura", "Novak", "Okafor", "O'Brien", "Papadakis", "Pereira", "Quispe", "Rahman",
    "Ribeiro", "Rossi", "Sato", "Schneider", "Silva", "Tanaka", "Toure", "Ueda", "Vasquez", "Virtanen",
    "Wolff", "Xu", "Yamamoto", "Zielinski", "Żak",
)  # fmt: skip
HEADLINES = (
    "Account manager", "Backend developer", "Data analyst", "Finance lead", "Field engineer",
    "Graphic designer", "Logistics planner", "Nurse", "Office coordinator", "Product owner", "Recruiter",
    "Sales representative", "Support specialist", "Teacher", "Warehouse operator", None,
)  # fmt: skip
TOWNS = (
    "Lisbon, PT",
    "Porto, PT",
    "Utrecht, NL",
    "Gdansk, PL",
    "Turku, FI",
    "Galway, IE",
    "Graz, AT",
    "Lyon, FR",
)
AWKWARD = (
    ("<script>alert(1)</script>", "Tag"),
    ('=HYPERLINK("http://example.com";"x")', "Formula"),
    ("Robert'); DROP TABLE candidates;--", "Quote"),
    ("李", "小龙"),
    ("Ĳsbrand\u200b", "Zero Width"),
    ("Maximiliana " * 12, "Long"),
    ("\u202eevers", "Backwards"),
)
TITLES = (
    "Account Executive", "Backend Engineer", "Customer Success Manager", "Data Analyst",
    "Director of Finance", "Field Technician", "Growth Marketer", "HR Generalist", "Interaction Designer",
    "Junior Accountant", "Key Account Manager", "Logistics Coordinator",
)  # fmt: skip


def invent_person(random: Random, number: int) -> dict[str, Any]:
    """A `candidate` object as a create call takes it; `number` makes the address unique."""
    first, last = random.choice(FIRST), random.choice(LAST)
    return {
        "firstname": first,
        "lastname": last,
        "email": address(first, last, number),
        "phone": phone(random),
        "headline": random.choice(HEADLINES),
        "address": random.choice(TOWNS),
    }


def address(first: str, last: str, number: int) -> str:
    plain = "".join(letter for letter in f"{first}.{last}".lower() if letter.isascii() and letter != "'")
    return f"{plain}.{number:x}@example.com"


def phone(random: Random) -> str:
    return f"+3515550{random.randrange(100000):05d}"
