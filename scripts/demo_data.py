"""Who is in the demo: the seller, his customers, and how each of them pays.

Days are counted from today: -40 is forty days ago. Addresses end with `.example`, a name that
nobody can own, so that no mail can ever arrive anywhere.
"""

from dataclasses import dataclass, field

COMPANY = {
    "name": "Noordster Coffee",
    "street": "Havenlaan 86",
    "zip": "1000",
    "city": "Brussels",
    "vat": "BE0999990024",
    "phone": "+32 2 555 01 40",
    "email": "accounts@noordster.example",
    "website": "https://www.noordster.example",
}
IBAN = "BE71 0961 2345 6769"
BANK = {"name": "Belfius", "bic": "GKCCBEBB"}

# login (also the password): name, e-mail address, language, phone, groups
USERS = {
    "collector": (
        "Luc Martin",
        "luc@noordster.example",
        "fr_FR",
        "+32 2 555 01 42",
        ("credit_collection.credit_collection_group_user",),
    ),
    "accountant": (
        "Sofie Claes",
        "sofie@noordster.example",
        "nl_NL",
        "+32 2 555 01 43",
        ("account.group_account_readonly", "account.group_account_basic"),
    ),
}
ADMIN = {"name": "Anna Peeters", "phone": "+32 2 555 01 41", "email": "anna@noordster.example"}

GOODS = {
    "fr_FR": ("Café en grains, torréfaction du mois", "Location de machine à café"),
    "nl_NL": ("Koffiebonen, branding van de maand", "Huur koffiemachine"),
    "de_DE": ("Kaffeebohnen, Röstung des Monats", "Miete Kaffeemaschine"),
    "en_US": ("Coffee beans, roast of the month", "Rent of a coffee machine"),
}

# USD for one euro, from the day given on
DOLLAR = {-160: 1.09, -120: 1.11, -80: 1.08, -40: 1.12, -10: 1.10}

REFUSED = "facturen@derdegolf.example"  # its mailbox is closed: the mail server answers 550


@dataclass
class Customer:
    """A customer and his habits.

    `pays` are days after the due date, one per invoice in turn; None is never. `unpaid` are
    invoices of a known age, the days since their due dates, that are not paid at all.
    """

    name: str
    lang: str
    country: str
    street: str
    zip: str
    city: str
    email: str = ""
    person: bool = False
    every: int = 34  # days between two invoices
    amount: int = 400
    term: str = "30"  # days, or "instalments"
    pays: tuple = (-2,)
    unpaid: tuple = ()
    currency: str = "EUR"
    tag: str = ""
    contact: dict = field(default_factory=dict)


# Where nobody answers: numbers that are kept free for stories, or that are not given out.
PHONES = {
    "BE": "+32 2 555 01 {:02}",
    "DE": "+49 30 23125 1{:02}",
    "FR": "+33 1 99 00 12 {:02}",
    "LU": "+352 55 50 {:02}",
    "NL": "+31 20 555 01 {:02}",
}

FR, NL, DE, EN = "fr_FR", "nl_NL", "de_DE", "en_US"

# A table, one customer after the other: the days say how he pays.
# fmt: off
CUSTOMERS = [
    # They pay when the invoice is due, or nearly so.
    Customer("Hôtel du Parc Royal", FR, "BE", "Rue Royale 112", "1000", "Bruxelles",
             "comptabilite@parcroyal.example", amount=1450, pays=(-5, -1, 0, 3)),
    Customer("Grand Café Central NV", NL, "BE", "Grote Markt 9", "2800", "Mechelen",
             "boekhouding@gccentral.example", amount=980, pays=(0, 2, -3)),
    Customer("Tilburgse Koffiebar BV", NL, "NL", "Heuvelring 31", "5038 CL", "Tilburg",
             "administratie@koffiebar.example", amount=520, pays=(-1, 4)),
    Customer("Cantine des Étudiants ASBL", FR, "BE", "Avenue de l'Université 50", "1050",
             "Ixelles", "tresorier@cantine.example", every=21, amount=260, pays=(1, -2)),
    # They need the friendly reminder.
    Customer("Brasserie Lambert SRL", FR, "BE", "Place Saint-Lambert 14", "4000", "Liège",
             "factures@lambert.example", amount=610, pays=(9, 2, 12, 10)),
    Customer("De Gouden Kop BV", NL, "BE", "Korenmarkt 22", "9000", "Gent",
             "facturen@goudenkop.example", amount=730, pays=(11, 8, 14)),
    Customer("Café Rheinblick GmbH", DE, "DE", "Rheinuferstraße 7", "50667", "Köln",
             "buchhaltung@rheinblick.example", amount=890, pays=(10, 3, 13)),
    Customer("Les Terrasses du Lac SAS", FR, "FR", "12 quai du Semnoz", "74000", "Annecy",
             "compta@terrasses.example", amount=1120, pays=(12, 9)),
    Customer("The Reading Room Ltd", EN, "BE", "Rue du Bailli 45", "1050", "Ixelles",
             "office@readingroom.example", every=24, amount=340, pays=(8, 13, 1)),
    Customer("Kantoor & Co BV", NL, "NL", "Herengracht 401", "1017 BP", "Amsterdam",
             "crediteuren@kantoor.example", amount=1340, pays=(9, 12, 5),
             contact={"name": "Crediteurenadministratie", "email": "inkoop@kantoor.example",
                      "street": "Postbus 1180", "zip": "1000 BD", "city": "Amsterdam"}),
    Customer("Bistro Am Markt", DE, "BE", "Klosterstraße 3", "4700", "Eupen",
             "info@bistroammarkt.example", amount=450, pays=(15, 6)),
    # They need two.
    Customer("Le Petit Torréfacteur SPRL", FR, "BE", "Rue des Carmes 18", "5000", "Namur",
             "direction@petittorrefacteur.example", amount=560, pays=(25, 9, 28)),
    Customer("Strandpaviljoen Zeezicht VOF", NL, "NL", "Boulevard Barnaart 5", "2041 JA",
             "Zandvoort", "zeezicht@strand.example", amount=810, pays=(24, 30)),
    Customer("Konditorei Altstadt KG", DE, "DE", "Hauptstraße 88", "69117", "Heidelberg",
             "rechnung@altstadt.example", amount=690, pays=(27, 12)),
    Customer("Coworking Kirchberg S.à r.l.", FR, "LU", "Avenue John F. Kennedy 31", "L-1855",
             "Luxembourg", "finance@kirchberg.example", every=28, amount=1250, pays=(26, 23, 11),
             contact={"name": "Service fournisseurs", "email": "fournisseurs@kirchberg.example",
                      "street": "Boîte postale 402", "zip": "L-2014", "city": "Luxembourg"}),
    # They come as far as the formal notice, and some do not move even then.
    Customer("Snack-bar L'Étoile", FR, "BE", "Chaussée de Charleroi 210", "6000", "Charleroi",
             "etoile@snack.example", amount=380, pays=(None, 45, None)),
    Customer("Eetcafé 't Hoekje", NL, "BE", "Bruul 61", "2800", "Mechelen",
             "hoekje@eetcafe.example", amount=420, pays=(None,)),
    Customer("Gasthaus zum Löwen", DE, "DE", "Dorfstraße 2", "52152", "Simmerath",
             "loewen@gasthaus.example", amount=540, pays=(44, None)),
    Customer("Corner Deli SRL", EN, "BE", "Chaussée d'Alsemberg 77", "1060", "Saint-Gilles",
             "hello@cornerdeli.example", amount=640, pays=(None, 40)),
    Customer("Relais de la Semois SA", FR, "BE", "Rue du Pont 4", "6830", "Bouillon",
             "relais@semois.example", amount=2150, pays=(None, None, 26), unpaid=(36,)),
    # No e-mail address: everything goes by letter; the second one gets its first today.
    Customer("Boulangerie Lefèvre", FR, "BE", "Rue Haute 33", "1400", "Nivelles", amount=290,
             pays=(14, -1, 29)),
    Customer("Bäckerei Schmitz", DE, "BE", "Neustraße 41", "4700", "Eupen", amount=310,
             unpaid=(7,)),
    # The first has no real e-mail address, the second asked not to be written to.
    Customer("Garage Lambrecht BV", NL, "BE", "Brusselsesteenweg 340", "9090", "Melle",
             "garage@@lambrecht", amount=240, pays=(20, 27)),
    Customer("Imprimerie Delcourt SA", FR, "FR", "8 rue de Solférino", "59000", "Lille",
             "compta@delcourt.example", amount=470, pays=(16, 24)),
    # Is reminded by e-mail only, and its mailbox is closed.
    Customer("Derde Golf BV", NL, "NL", "Nieuwe Binnenweg 150", "3015 BH", "Rotterdam", REFUSED,
             amount=660, unpaid=(9,)),
    # Reaches the last level today.
    Customer("Studio Nova GmbH", DE, "DE", "Torstraße 140", "10119", "Berlin",
             "office@studionova.example", amount=930, pays=(-1,), unpaid=(36,)),
    # One pays in installments, one in dollars.
    Customer("Campus Leuven VZW", NL, "BE", "Naamsestraat 22", "3000", "Leuven",
             "facturatie@campusleuven.example", every=45, amount=4300, term="instalments",
             pays=(10, 4)),
    Customer("Atlantic Traders S.A.", EN, "LU", "Rue de Hollerich 60", "L-1740", "Luxembourg",
             "payables@atlantic.example", amount=2600, pays=(18, None, 2), currency="USD"),
    # Disputes an invoice; is on hold; is never reminded; closed its doors and is archived.
    Customer("Maison de Repos Les Tilleuls", FR, "BE", "Avenue des Tilleuls 5", "1300", "Wavre",
             "economat@tilleuls.example", amount=860, pays=(None, -1)),
    Customer("Rederij Zilvermeer BV", NL, "NL", "Havenkade 18", "1398 PX", "Muiden",
             "post@zilvermeer.example", amount=720, pays=(None,)),
    Customer("Ville de Tournai", FR, "BE", "Rue Saint-Martin 52", "7500", "Tournai",
             "finances@tournai.example", amount=1980, pays=(55,)),
    Customer("Traiteur Vanille SRL", FR, "BE", "Rue de la Station 90", "1300", "Wavre",
             "vanille@traiteur.example", amount=350, pays=(None, -1, None, -1)),
    # Key accounts: they are called before the formal notice.
    Customer("Hotel Belfort NV", NL, "BE", "Hoogpoort 63", "9000", "Gent", "ap@belfort.example",
             every=20, amount=3900, pays=(18, 4, None, 7), tag="Key account"),
    Customer("Messe Bonn Catering AG", DE, "DE", "Friedensplatz 1", "53111", "Bonn",
             "kreditoren@messebonn.example", amount=11900, pays=(9, 22), unpaid=(4,),
             tag="Key account"),  # the unpaid one is large
    # Persons; the last two have no e-mail address.
    Customer("Claire Dubois", FR, "BE", "Rue du Moulin 8", "1330", "Rixensart",
             "claire.dubois@post.example", person=True, term="15", amount=48, pays=(-2, 16)),
    Customer("Jan Willems", NL, "BE", "Kerkstraat 17", "2018", "Antwerpen",
             "jan.willems@post.example", person=True, term="15", amount=62, pays=(20, -1),
             unpaid=(10,)),
    Customer("Petra Hoffmann", DE, "DE", "Lindenweg 23", "52066", "Aachen",
             "p.hoffmann@post.example", person=True, term="15", amount=55, pays=(None,)),
    Customer("Julien Moreau", FR, "FR", "27 rue de Metz", "54000", "Nancy",
             "julien.moreau@post.example", person=True, term="15", amount=71, pays=(47, 15),
             unpaid=(10,)),
    Customer("Sarah Collins", EN, "LU", "Rue de Strasbourg 12", "L-2560", "Luxembourg",
             "sarah.collins@post.example", person=True, term="15", amount=84, pays=(None, 21),
             unpaid=(10,)),
    Customer("Henk de Vries", NL, "NL", "Dorpsstraat 4", "6211 AA", "Maastricht", person=True,
             term="15", amount=39, pays=(None, -1)),
    Customer("Marie-Louise Servais", FR, "BE", "Rue des Fontaines 11", "4900", "Spa",
             person=True, term="15", amount=44, pays=(75, 30), unpaid=(11,)),
]
