"""Made-up datasets in every form that `prepare` reads: the same world, told in five ways."""

from __future__ import annotations

import csv
from pathlib import Path

# user -> items, oldest first; the 2-core loses user 4 and item 13, the 3-core loses all.
WORLD = {"1": ["10", "11", "12"], "2": ["11", "10", "9"], "3": ["12", "9", "13"], "4": ["13"]}
TITLES = {"9": "", "10": 'Rain, "at last"', "11": "Ramen # food", "12": "two\nlines\rthree", "13": "Sea"}
UNQUOTED = {**TITLES, "12": "one line, three, commas"}


def microlens_50k(folder: Path) -> Path:
    """Pairs as .tsv with Windows's line ends, quoted titles under a header."""
    pairs = "".join(f"{user}\t{' '.join(items)}\r\n" for user, items in WORLD.items())
    write(folder / "MicroLens-50k_pairs.tsv", pairs)
    with (folder / "MicroLens-50k_titles.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("item", "title"), *TITLES.items()])
    return folder


def microlens_100k(folder: Path) -> Path:
    """Pairs as .csv, newest first; titles without header or quotes."""
    rows = [f"{user},{item},{1_600_000_000_000 + place}" for user in WORLD for place, item in enumerate(WORLD[user])]
    write(folder / "MicroLens-100k_pairs.csv", "\n".join(["user,item,timestamp", *rows[::-1]]) + "\n")
    titles = "".join(f"{item},{title}\n" for item, title in UNQUOTED.items())
    write(folder / "MicroLens-100k_title_en.csv", titles)
    return folder


SHORTVIDEO = ("user_id", "pid", "exposed_time", "watch_time", "cvm_like", "effective_view", "hate", "duration", "title")


def shortvideo(folder: Path, name: str = "interaciton.csv", columns: tuple[str, ...] = SHORTVIDEO) -> Path:
    """Wanted rows, a hated one and one that was hardly watched; the table has titles of its own."""
    rows = [
        (user, item, 1663471335 + place, 46, item == "10", True, False, 90, f"table {item}")
        for user in WORLD
        for place, item in enumerate(WORLD[user])
    ]
    rows += [("4", "10", 1663471399, 5, False, True, True, 90, "x"), ("4", "11", 1, 1, True, False, False, 90, "x")]
    chosen = [SHORTVIDEO.index(column) for column in columns]
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *([row[place] for place in chosen] for row in rows)])
    return folder


def recbole(folder: Path) -> Path:
    """Rows with a rating and a timestamp, columns in another order, titles in the .item file."""
    rows = [f"{place}.5\t{user}\t1\t{item}" for user in WORLD for place, item in enumerate(WORLD[user])]
    header = "timestamp:float\tuser_id:token\trating:float\titem_id:token"
    write(folder / "world.inter", "\n".join([header, *rows[::-1]]) + "\n")
    titles = "".join(f"{item}\t{title}\n" for item, title in UNQUOTED.items())
    write(folder / "world.item", "item_id:token\ttitle:token_seq\n" + titles)
    return folder


def write(path: Path, text: str) -> None:
    """Write text with the line ends that it has."""
    path.write_bytes(text.encode())
