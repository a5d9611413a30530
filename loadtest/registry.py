"""Naming and numbering of all who take part in a stream, in ordinary life and in incidents alike."""

from __future__ import annotations

from random import Random

from loadtest.places import CITIES
from loadtest.wire import Tables

# fmt: off
_GIVEN = (
    "Ada", "Bo", "Celia", "Dario", "Edda", "Faro", "Gwen", "Hiro", "Iria", "Jonas", "Kaya", "Lior",
    "Mirel", "Nadia", "Orin", "Petra", "Quill", "Rosa", "Søren", "Tamsin", "Ulla", "Vito", "Wanda",
    "Xenia", "Yusra", "Zoë",
)
_FAMILY = (
    "Abeln", "Brandvik", "Castrell", "Dunmoor", "Eskola", "Farrow", "Grünth", "Halvard", "Ibarrez",
    "Jorvik", "Kestrel", "Lindqvast", "Morrowin", "Nakadori", "Oshima", "Pellier", "Quarrie",
    "Rosenholt", "Sandoval-Ek", "Tarrow", "Umberley", "Vantori", "Wexcomb", "Ylmer", "Zandt",
)
# fmt: on
_IPV4_BLOCKS = ("192.0.2", "198.51.100", "203.0.113")


class Registry:
    """Adds entities to the tables, each under the next number of its sort."""

    def __init__(self, rng: Random) -> None:
        self.tables = Tables()
        self._rng = rng

    def add_person(self, country: str) -> int:
        """Add a person with an id and an account, under an invented name."""
        return self._add_party(f"{self._rng.choice(_GIVEN)} {self._rng.choice(_FAMILY)}", country, "person")

    def add_firm(self, suffix: str, country: str) -> int:
        """Add a business with an id and an account."""
        return self._add_party(f"{self._rng.choice(_FAMILY)} {suffix}", country, "business")

    def add_merchant(self, mcc: str, country: str) -> int:
        """Add a merchant with its category code (ISO 18245)."""
        number = 1_000 + len(self.tables.merchant)
        return self.tables.merchant.add({"id": f"m{number}", "mcc": mcc, "country": country})

    def add_employee(self) -> int:
        """Add somebody who works with customer data."""
        return self.tables.employee.add({"id": f"emp{100 + len(self.tables.employee)}"})

    def add_card(self) -> int:
        """Add a card."""
        return self.tables.card.add({"id": f"k{10_000 + len(self.tables.card)}"})

    def add_platform(self) -> int:
        """Add an investment or lending platform."""
        return self.tables.platform.add({"id": f"p{100 + len(self.tables.platform)}"})

    def add_device(self, city: int, device_id: str | None = None, ip: str | None = None) -> int:
        """Add a device somewhere near a city; without an id or address it gets fresh ones."""
        name = device_id or f"d{10_000 + len(self.tables.device)}"
        return self.tables.device.add({"id": name, "ip": ip or self.ip(), **self._near(city)})

    def add_place(self, city: int) -> int:
        """Add a till, a counter or a cash machine: a device known by its place alone."""
        return self.tables.device.add(self._near(city))

    def ip(self) -> str:
        """Draw an address from the ranges for documentation (RFC 5737, RFC 3849)."""
        if self._rng.random() < 0.7:
            return f"2001:db8:{self._rng.getrandbits(16):x}:{self._rng.getrandbits(16):x}::1"
        return f"{self._rng.choice(_IPV4_BLOCKS)}.{self._rng.randint(1, 254)}"

    def _near(self, city: int) -> dict[str, object]:
        home = CITIES[city]
        lat, lon = (round(degrees + self._rng.uniform(-0.08, 0.08), 4) for degrees in (home.lat, home.lon))
        return {"country": home.country, "lat": lat, "lon": lon}

    def _add_party(self, name: str, country: str, sort: str) -> int:
        number = 10_000 + len(self.tables.party)
        identity = {"id": f"c{number}", "account": f"a{number}"}
        return self.tables.party.add({**identity, "name": name, "country": country, "type": sort})
